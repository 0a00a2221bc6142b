"""Runs one state machine of three tasks, again and again, on our engine, on moto and on ministack, and tells how long each takes.

    python3 tests/differential/speed.py TICKETSMITH [--count 100]

TICKETSMITH is the built command; its build decides what is measured, so give a release build for figures to publish. All three
call the same functions at the same loopback endpoint, one execution after the other, in turns: what else the machine does at
the time slows all of them alike. The time of an execution is from the call that starts it to the first description that tells its
end, which is asked for every millisecond.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from run import HERE, ROLE, Server, free_port, in_environment, start_ministack, start_moto


def task(following):
    """A Lambda function, the result of which the next one is given."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "double", "Payload": {"n": "{% $states.input.n %}"}},
        "Output": "{% $states.result.Payload %}",
        **following,
    }


DEFINITION = {
    "QueryLanguage": "JSONata",
    "StartAt": "First",
    "States": {"First": task({"Next": "Second"}), "Second": task({"Next": "Third"}), "Third": task({"End": True})},
}


def start_engine(ticketsmith, functions):
    command = [ticketsmith, "engine", "--port", str(free_port()), "--lambda-endpoint", functions, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return Server("engine", json.loads(process.stdout.readline())["endpoint"], process)


def create(server):
    machine = server.client.create_state_machine(name="speed", definition=json.dumps(DEFINITION), roleArn=ROLE)
    return machine["stateMachineArn"]


def measure(server, machine, number):
    """The seconds from the call that starts an execution to its end."""
    before = time.monotonic()
    started = server.client.start_execution(stateMachineArn=machine, name=f"speed-{number}", input='{"n": 1}')
    while True:
        execution = server.client.describe_execution(executionArn=started["executionArn"])
        if execution["status"] != "RUNNING":
            break
        time.sleep(0.001)
    elapsed = time.monotonic() - before
    if json.loads(execution.get("output", "null")) != {"n": 8}:
        raise SystemExit(f"{server.name} ended as {execution['status']}: {execution.get('output')}")
    return elapsed


def main():
    sys.path.insert(0, str(HERE))
    import lambda_endpoint

    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("ticketsmith")
    arguments.add_argument("--count", type=int, default=100)
    options = arguments.parse_args()
    os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")

    functions = lambda_endpoint.serve()
    servers = [start_engine(options.ticketsmith, functions), start_moto(functions), start_ministack(functions)]
    try:
        machines = [create(server) for server in servers]
        seconds = {server.name: [] for server in servers}
        for number in range(options.count + 1):
            for server, machine in zip(servers, machines):
                elapsed = measure(server, machine, number)
                # The first one pays for connections and caches.
                if number:
                    seconds[server.name].append(elapsed)
    finally:
        for server in servers:
            server.stop()
    ours = statistics.median(seconds["engine"])
    for name, measured in seconds.items():
        median, best = statistics.median(measured), min(measured)
        print(f"{name:<10} median {1000 * median:7.1f} ms   fastest {1000 * best:7.1f} ms   {median / ours:6.1f} times")


if __name__ == "__main__":
    in_environment()
    main()
