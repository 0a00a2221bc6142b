"""The deployed state machines on a second interpreter that is not ours: moto, with its Lambda endpoint at the emulator. For a while
the functions are led to moto's Step Functions; webhooks start executions there, and task tokens are answered there."""

import json
import sys
from contextlib import contextmanager

import boto3

import parked
from processes import ROOT, eventually, free_port
from stage import ACCOUNT, PREFIX, REGION
from world import button, labelled, slack

DIFFERENTIAL = ROOT / "tests/differential"
LABELLED, SURVEYED, ASKED = "SHOP-19", "SHOP-20", "SHOP-21"
VARIABLE = "AWS_ENDPOINT_URL_SFN"


class Moto:
    def __init__(self, stage, processes):
        sys.path.append(str(DIFFERENTIAL))
        from run import environment

        port = free_port()
        address = f"http://127.0.0.1:{port}"
        settings = {**stage.environment, "LAMBDA_ENDPOINT": stage.aws, "MOTO_ACCOUNT_ID": ACCOUNT}
        for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            del settings[variable]
        processes.start("moto", [environment("moto"), DIFFERENTIAL / "moto_server.py", str(port)], env=settings)
        names = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.stage, self.address = stage, address
        self.step_functions = boto3.client("stepfunctions", endpoint_url=address, **names)
        eventually("moto answers", 60, self.answers)

    def answers(self):
        try:
            return self.step_functions.list_state_machines()["stateMachines"] == []
        except Exception:
            return False

    def take_state_machines(self):
        """Makes the stage's state machines here too, with the same ARNs."""
        deployed = self.stage.client("stepfunctions")
        for listed in deployed.list_state_machines()["stateMachines"]:
            machine = deployed.describe_state_machine(stateMachineArn=listed["stateMachineArn"])
            fields = {name: machine[name] for name in ("name", "definition", "roleArn")}
            made = self.step_functions.create_state_machine(**fields)
            assert made["stateMachineArn"] == listed["stateMachineArn"], made

    @contextmanager
    def in_place_of_the_emulators(self):
        """Leads the functions that speak to Step Functions to moto."""
        functions = self.stage.client("lambda")
        names = [f"{PREFIX}-webhooks", f"{PREFIX}-events"]
        before = {}
        for name in names:
            before[name] = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            variables = {**before[name], VARIABLE: self.address}
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        try:
            yield
        finally:
            for name in names:
                functions.update_function_configuration(FunctionName=name, Environment={"Variables": before[name]})

    def ended(self, name, workflow):
        """How an execution ended; the events function is told as EventBridge would tell it, since moto tells nobody."""
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{PREFIX}-{workflow}:{name}"

        def look():
            execution = self.step_functions.describe_execution(executionArn=arn)
            return execution if execution["status"] != "RUNNING" else None

        execution = eventually(f"the end of {name} on moto", 240, look)
        detail = {field: execution.get(field) for field in ("executionArn", "name", "status", "output", "error", "cause")}
        detail["stopDate"] = int(execution["stopDate"].timestamp() * 1000)
        change = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}
        events = self.stage.client("lambda")
        told = events.invoke(FunctionName=f"{PREFIX}-events", Payload=json.dumps(change).encode())
        assert "FunctionError" not in told, told["Payload"].read()
        return execution


def judge(stage, processes):
    moto = Moto(stage, processes)
    moto.take_state_machines()
    with moto.in_place_of_the_emulators():
        started = {
            "development": stage.start(labelled(LABELLED)),
            "survey": stage.start(slack(f"survey {SURVEYED}")),
            "ship": stage.start(slack(f"ship {ASKED}")),
        }
        message = parked.question(stage, ASKED)
        stage.world.deliver(button(message, "approve"), stage.api)
        for workflow, name in started.items():
            execution = moto.ended(name, workflow)
            assert execution["status"] == "SUCCEEDED", execution
            assert stage.ended(name)["outcome"] == "succeeded"
    assert len(stage.world.pull_requests(f"feature/{LABELLED}")) == 1
    assert f"survey/{SURVEYED}" in stage.world.repository()["branches"]
    assert parked.said(stage, ASKED) == [f"{ASKED} {parked.BEFORE} ada"]
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{PREFIX}-development"
    listed = stage.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert started["development"] not in [one["name"] for one in listed], "the emulator's own interpreter ran it"
