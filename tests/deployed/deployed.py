"""The deployed run: bootstrap, deploy, configure, trigger, the same delivery again, redeploy, destroy.

The emulator evaluates the roles' policies (AUTH=true), except leading-key conditions, which it does not know.
"""

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
TICKETSMITH = BUILT / "debug" / "ticketsmith"
STAGE = "test"
TABLE = "ticketsmith-test"
BUNDLES = {"jira": "work", "slack": "work", "confluence": "work", "github": "repository", "claude": "models"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(text):
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)


def request(url, data=None, headers=None):
    """The status and body of an answer, whatever the status."""
    asked = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def eventually(what, seconds, look):
    """Looks again until there is something, or fails."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds} s")


class Processes:
    """What was started here, stopped in reverse order."""

    def __init__(self, folder):
        self.folder, self.started = folder, []

    def start(self, name, command, **options):
        log = open(self.folder / f"{name}.log", "w")
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, **options)
        self.started.append(process)
        return process

    def stop(self):
        for process in reversed(self.started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)


class Deployed:
    def __init__(self, folder, processes):
        self.folder = folder
        port = free_port()
        self.aws = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ENDPOINT_URL_S3": self.aws,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        emulator = {**self.environment, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AUTH": "true", "HOME": str(folder)}
        processes.start("emulator", [Path(sys.executable).parent / "ministack"], env=emulator, cwd=folder)
        world = free_port()
        self.world = f"http://127.0.0.1:{world}"
        processes.start("world", [TICKETSMITH, "simulate", "--port", str(world)])
        eventually("the emulator answers", 60, lambda: self.answers(f"{self.aws}/_localstack/health"))
        eventually("the world answers", 60, lambda: self.answers(f"{self.world}/_world/state"))

    def answers(self, url):
        try:
            return request(url)[0] == 200
        except OSError:
            return False

    def client(self, service):
        names = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.aws, **names)

    def run(self, *command, stdin=None, cwd=ROOT):
        """Runs a command to its end, and gives what it printed."""
        done = subprocess.run(
            command, env=self.environment, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def ticketsmith(self, *arguments, stdin=None):
        return self.run(TICKETSMITH, *arguments, "--stage", STAGE, stdin=stdin)

    def state(self):
        return json.loads(request(f"{self.world}/_world/state")[1])

    def bootstrap(self):
        context = ["--context", f"stage={STAGE}", "--context", f"packages={BUILT / 'packages'}"]
        self.run("npx", "cdk", "bootstrap", "aws://000000000000/us-east-1", *context, cwd=ROOT / "infra/cdk")
        # The CDK's bucket refuses requests without TLS, which the emulator on loopback does not speak.
        buckets = self.client("s3")
        for bucket in buckets.list_buckets()["Buckets"]:
            buckets.delete_bucket_policy(Bucket=bucket["Name"])

    def deploy(self, *context):
        settings = [word for setting in ("records=destroy", *context) for word in ("--context", setting)]
        self.ticketsmith("deploy", "--architecture", "x86_64", "--packaged", "--yes", *settings)
        apis = self.client("apigatewayv2").get_apis()["Items"]
        [api] = [api for api in apis if api["Name"] == TABLE]
        # The emulator's other form of https://<id>.execute-api.<region>.amazonaws.com, which needs no name resolution.
        self.api = f"{self.aws}/_aws/execute-api/{api['ApiId']}/$default"

    def configure(self):
        secrets = json.loads(request(f"{self.world}/_world/secrets")[1])
        for provider, bundle in BUNDLES.items():
            value = json.dumps(secrets[f"ticketsmith/{provider}"])
            self.ticketsmith("secrets", "set", f"{TABLE}/{bundle}#{provider}", stdin=value)
        self.ticketsmith("secrets", "set", f"{TABLE}/signing", stdin=json.dumps(secrets["ticketsmith/signing"]))
        configuration = yaml.safe_load(request(f"{self.world}/_world/configuration")[1])
        configuration.setdefault("webhooks", {})["secret"] = f"{TABLE}/signing"
        for provider, bundle in BUNDLES.items():
            configuration["plugins"][provider]["secret"] = f"{TABLE}/{bundle}#{provider}"
        path = self.folder / "ticketsmith.yaml"
        path.write_text(yaml.safe_dump(configuration))
        changed = self.ticketsmith("config", "apply", str(path), "--yes")
        assert "version 1" in changed, changed
        again = self.ticketsmith("config", "apply", str(path))
        assert "in force already" in again, again

    def capture(self, trigger):
        """A delivery of the world with its signature, not yet sent to anybody."""
        caught = {}

        class Catcher(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                caught.update(path=self.path, headers=dict(self.headers), body=body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Catcher) as server:
            threading.Thread(target=server.handle_request, daemon=True).start()
            order = json.dumps({"trigger": trigger, "to": f"http://127.0.0.1:{server.server_port}"}).encode()
            request(f"{self.world}/_world/deliver", order, {"content-type": "application/json"})
        for hop in ("Host", "host", "Content-Length", "content-length"):
            caught["headers"].pop(hop, None)
        return caught

    def send(self, delivery):
        status, body = request(self.api + delivery["path"], delivery["body"], delivery["headers"])
        return status, body.decode()

    def told(self, execution):
        """Whether one comment, and only one, tells of the execution and its end."""
        comments = [comment for issue in self.state()["jira"] for comment in issue["comments"]]
        about = [json.dumps(comment) for comment in comments if execution in json.dumps(comment)]
        return len(about) == 1 and "is done" in about[0]

    def executions(self):
        return json.loads(self.ticketsmith("status", "--json"))["executions"]

    def ended(self, name):
        def look():
            execution = json.loads(self.ticketsmith("status", name, "--json"))
            return execution if execution["ended_at"] else None

        return eventually(f"the end of {name}", 240, look)


def only(items):
    [item] = items
    return item


def proof(deployed):
    deployed.bootstrap()
    say("bootstrapped")
    deployed.deploy()
    say("deployed")
    deployed.configure()
    say("configured")

    status, body = request(deployed.api + "/webhooks/jira", b"{}", {"content-type": "application/json"})
    assert status == 401, (status, body)
    delivery = deployed.capture("jira-label")
    tampered = {**delivery, "body": delivery["body"] + b" "}
    assert deployed.send(tampered)[0] == 401
    assert deployed.executions() == []
    say("unsigned and tampered deliveries are refused")

    status, body = deployed.send(delivery)
    assert status == 200 and "started" in body, (status, body)
    first = only(deployed.executions())["execution"]
    say(f"started {first}")
    again, body = deployed.send(delivery)
    assert again == 200 and "duplicate" in body, (again, body)

    execution = deployed.ended(first)
    assert execution["outcome"] == "succeeded", json.dumps(execution, indent=1)
    assert execution["cost_usd"] > 0, execution
    steps = [step for step in execution["steps"] if step["status"] not in ("succeeded", "skipped")]
    assert steps == [], steps
    say(f"{first} succeeded")
    state = deployed.state()
    repository = only(state["github"]["repositories"])
    pull_request = only(repository["pull_requests"])
    assert pull_request["head"]["ref"] == "feature/SHOP-1" in repository["branches"], repository
    assert only(issue for issue in state["jira"] if issue["key"] == "SHOP-1")["status"] == "Code Review"
    eventually("the progress comment tells the end", 60, lambda: deployed.told(first))
    assert deployed.send(delivery)[0] == 200
    assert len(deployed.executions()) == 1
    say("one pull request, one execution, one progress comment")

    deployed.deploy("logDays=60")
    retention = deployed.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{TABLE}-webhooks")
    assert only(retention["logGroups"])["retentionInDays"] == 60, retention
    status, body = deployed.send(deployed.capture("slack-command"))
    assert status == 200, (status, body)
    say("deployed anew; records, secrets and configuration stayed")

    deployed.ticketsmith("destroy", "--yes")
    assert TABLE not in deployed.client("dynamodb").list_tables()["TableNames"]
    say("destroyed")


if __name__ == "__main__":
    STARTED = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        processes = Processes(Path(name))
        try:
            proof(Deployed(Path(name), processes))
        except BaseException:
            for log in sorted(Path(name).glob("*.log")):
                print(f"-- the end of {log.name}", log.read_text()[-6000:], sep="\n", file=sys.stderr)
            raise
        finally:
            processes.stop()
