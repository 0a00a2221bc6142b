"""Runs random state machines on our engine, on moto and on ministack, and reports where they part.

    python3 tests/differential/run.py [--count 200] [--seed 1]

Needs a built engine: `cargo build -p engine --example serve`. moto and ministack are installed, pinned, into environments
of their own under `.tools/`. Every machine on which the engine parts from another must be one that README.md explains;
otherwise the run fails and prints it, with the seed and the number that make it again.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / ".tools"
ROLE = "arn:aws:iam::000000000000:role/any"


def environment(name):
    """The Python of a virtual environment with what requirements-NAME.txt pins."""
    requirements = HERE / f"requirements-{name}.txt"
    folder = TOOLS / f"differential-{name}"
    wanted = sha256(requirements.read_bytes()).hexdigest()
    stamp = folder / "installed"
    python = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(requirements)], check=True)
        stamp.write_text(wanted)
    return python


def in_environment():
    """This program needs boto3, so it goes on in moto's environment."""
    python = environment("moto")
    if Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A Step Functions endpoint in a process of its own."""

    def __init__(self, name, endpoint, process):
        import boto3
        from botocore.config import Config

        self.name, self.process = name, process
        settings = Config(inject_host_prefix=False, retries={"max_attempts": 2}, max_pool_connections=8)
        self.client = boto3.client("stepfunctions", endpoint_url=endpoint, region_name="us-east-1", config=settings)
        self.await_ready()

    def await_ready(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client.list_state_machines()
                return
            except Exception:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit(f"{self.name} does not start")
                time.sleep(0.2)

    def run(self, name, definition, value):
        """The outcome of one execution: status with output or error."""
        from botocore.exceptions import ClientError

        try:
            machine = self.client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        except ClientError as error:
            return {"status": "REFUSED", "message": str(error)[:300]}
        started = self.client.start_execution(
            stateMachineArn=machine["stateMachineArn"], name=name, input=json.dumps(value)
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            execution = self.client.describe_execution(executionArn=started["executionArn"])
            if execution["status"] != "RUNNING":
                outcome = {"status": execution["status"]}
                if outcome["status"] == "SUCCEEDED":
                    outcome["output"] = read(execution.get("output", ""))
                outcome |= {field: execution[field] for field in ("error", "cause") if field in execution}
                return outcome
            time.sleep(0.02)
        return {"status": "RUNNING"}

    def create_functions(self, endpoint, functions):
        """Functions that pass every invocation on to the endpoint `functions`."""
        import io
        import zipfile

        import boto3

        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as contents:
            contents.writestr("index.py", "def handler(event, context):\n    return event\n")
        client = boto3.client("lambda", endpoint_url=endpoint, region_name="us-east-1")
        for name in ("echo", "double", "throttled", "rejected"):
            url = f"{functions}/2015-03-31/functions/{name}/invocations"
            client.create_function(
                FunctionName=name,
                Runtime="python3.12",
                Handler="index.handler",
                Role=ROLE,
                Code={"ZipFile": archive.getvalue()},
                Environment={"Variables": {"MINISTACK_LAMBDA_PROXY_URL": url}},
            )

    def stop(self):
        if self.process.stdin:
            self.process.stdin.close()
        self.process.terminate()
        self.process.wait(10)


def start_engine(functions):
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    serve = folder / "debug" / "examples" / "serve"
    if not serve.exists():
        raise SystemExit("build the engine first: cargo build -p engine --example serve")
    process = subprocess.Popen([serve, functions], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return Server("engine", json.loads(process.stdout.readline())["endpoint"], process)


def start_moto(functions):
    port = free_port()
    command = [environment("moto"), HERE / "moto_server.py", str(port)]
    settings = {**os.environ, "LAMBDA_ENDPOINT": functions}
    process = subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Server("moto", f"http://127.0.0.1:{port}", process)


def start_ministack(functions):
    port = free_port()
    settings = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_LAMBDA_PROXY_URL": functions,
    }
    command = [environment("ministack").parent / "ministack"]
    process = subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server("ministack", f"http://127.0.0.1:{port}", process)
    server.create_functions(f"http://127.0.0.1:{port}", functions)
    return server


def read(text):
    """The JSON of an output, or what else stands in its place."""
    try:
        return json.loads(text)
    except ValueError:
        return f"no JSON: {text}"


def comparable(outcome):
    """An outcome without the causes, which each engine words for itself."""
    def without_causes(value):
        if isinstance(value, dict):
            return {key: without_causes(item) for key, item in value.items() if key.lower() != "cause"}
        return [without_causes(item) for item in value] if isinstance(value, list) else value

    return without_causes(outcome)


def main():
    sys.path.insert(0, str(HERE))
    import lambda_endpoint
    from generator import Generator
    from known import explanation

    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--all", action="store_true", help="print the explained differences too")
    options = arguments.parse_args()
    os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")

    functions = lambda_endpoint.serve()
    servers = [start_engine(functions), start_moto(functions), start_ministack(functions)]
    generator = Generator(options.seed)
    machines = [("case", *case) for case in cases()]
    machines += [(str(number), *generator.machine(), None) for number in range(options.count)]
    unexplained, explained = 0, {}
    try:
        def outcomes(numbered):
            index, (_, definition, value, _) = numbered
            return [server.run(f"m{options.seed}-{index}", definition, value) for server in servers]

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(outcomes, enumerate(machines)))
    finally:
        for server in servers:
            server.stop()
    for (number, definition, value, expected), (ours, *others) in zip(machines, results):
        if expected is not None and {field: ours.get(field) for field in expected} != expected:
            unexplained += 1
            print(f"a case is not as recorded: {json.dumps(definition)}\n  expected {expected}\n  engine {ours}")
        for server, theirs in zip(servers[1:], others):
            if comparable(ours) == comparable(theirs):
                continue
            reason = explanation(server.name, json.dumps(definition), ours, theirs)
            if reason:
                explained[(server.name, reason)] = explained.get((server.name, reason), 0) + 1
            elif expected is None:
                unexplained += 1
            if (not reason and expected is None) or options.all:
                print(f"seed {options.seed}, machine {number}, {server.name}: {reason or 'unexplained'}")
                print(f"  definition {json.dumps(definition)}\n  input      {json.dumps(value)}")
                print(f"  engine     {json.dumps(ours)}\n  {server.name:<10} {json.dumps(theirs)}")
    print(f"seed {options.seed}: {len(machines)} machines, {unexplained} differences without an explanation")
    for (server, reason), count in sorted(explained.items()):
        print(f"  {count:4} {server}: {reason}")
    return 1 if unexplained else 0


def cases():
    for file in sorted((HERE / "cases").glob("*.json")):
        case = json.loads(file.read_text())
        yield case["definition"], case["input"], case["expected"]


if __name__ == "__main__":
    in_environment()
    sys.exit(main())
