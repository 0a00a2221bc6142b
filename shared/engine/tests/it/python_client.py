"""Speaks to an engine at the address in sys.argv[1] as any Python program would, with boto3 unchanged."""

import json
import sys
import time

import boto3
from botocore.config import Config

client = boto3.client(
    "stepfunctions",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="any",
    aws_secret_access_key="any",
    # TestState goes to a host with "sync-" in front of the endpoint's name, which no local address has.
    config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=30, inject_host_prefix=False),
)
ROLE = "arn:aws:iam::000000000000:role/any"


def machine(**states):
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states})


def end(execution):
    for _ in range(600):
        described = client.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.05)
    raise AssertionError(f"{execution} does not end")


def refused(error, call, **arguments):
    try:
        call(**arguments)
    except error as caught:
        return caught.response["Error"]
    raise AssertionError(f"{call} was not refused")


greet = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "greet", "Payload": "{% $states.input %}"},
    "Output": "{% $states.result.Payload %}",
    "End": True,
}
arn = client.create_state_machine(
    name="greet", definition=machine(Greet=greet), roleArn=ROLE, tags=[{"key": "team", "value": "shop"}], publish=True
)["stateMachineArn"]
assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "shop"}]
started = client.start_execution(stateMachineArn=arn, name="one", input='{"name": "Ada"}')
described = end(started["executionArn"])
assert described["status"] == "SUCCEEDED", described
assert json.loads(described["output"]) == {"hello": {"name": "Ada"}}
assert described["startDate"] == started["startDate"]
error = refused(client.exceptions.ExecutionAlreadyExists, client.start_execution, stateMachineArn=arn, name="one")
assert error["Code"] == "ExecutionAlreadyExists"

pages = client.get_paginator("get_execution_history").paginate(
    executionArn=started["executionArn"], PaginationConfig={"PageSize": 2}
)
events = [event for page in pages for event in page["events"]]
assert [event["type"] for event in events] == [
    "ExecutionStarted",
    "TaskStateEntered",
    "TaskScheduled",
    "TaskStarted",
    "TaskSucceeded",
    "TaskStateExited",
    "ExecutionSucceeded",
]
assert events[-1]["executionSucceededEventDetails"]["output"] == described["output"]

# A token that is answered, after a redrive.
ask = dict(greet, Resource="arn:aws:states:::lambda:invoke.waitForTaskToken")
ask["Arguments"] = {"FunctionName": "ask", "Payload": {"token": "{% $states.context.Task.Token %}"}}
ask["Output"] = "{% $states.result %}"
asked = client.create_state_machine(name="ask", definition=machine(Ask=ask), roleArn=ROLE)["stateMachineArn"]
execution = client.start_execution(stateMachineArn=asked)["executionArn"]
client.stop_execution(executionArn=execution, error="Stopped", cause="to see")
described = end(execution)
assert (described["status"], described["error"], described["redriveStatus"]) == ("ABORTED", "Stopped", "REDRIVABLE")
client.redrive_execution(executionArn=execution)
token = None
while token is None:
    history = client.get_execution_history(executionArn=execution, reverseOrder=True)["events"]
    if history[0]["type"] == "TaskSubmitted":
        scheduled = next(event for event in history if event["type"] == "TaskScheduled")
        parameters = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])
        token = parameters["Payload"]["token"]
client.send_task_heartbeat(taskToken=token)
client.send_task_success(taskToken=token, output='{"by": "ada"}')
described = end(execution)
assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1), described
refused(client.exceptions.TaskTimedOut, client.send_task_success, taskToken=token, output="1")
refused(client.exceptions.InvalidToken, client.send_task_success, taskToken="x", output="1")

# Versions, an alias, and a state tried out.
version = client.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"][0]["stateMachineVersionArn"]
alias = client.create_state_machine_alias(
    name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
)["stateMachineAliasArn"]
execution = client.start_execution(stateMachineArn=alias, input="1")["executionArn"]
assert end(execution)["stateMachineVersionArn"] == version
tested = client.test_state(
    definition=json.dumps(dict(greet, QueryLanguage="JSONata")),
    inspectionLevel="DEBUG",
    mock={"result": '{"Payload": 7}'},
)
assert (tested["status"], tested["output"]) == ("SUCCEEDED", "7"), tested
assert json.loads(tested["inspectionData"]["afterArguments"])["Payload"] == {}

wrong = machine(Greet=dict(greet, Next="Nowhere"))
found = client.validate_state_machine_definition(definition=wrong)
assert found["result"] == "FAIL" and found["diagnostics"][0]["severity"] == "ERROR", found
refused(client.exceptions.InvalidDefinition, client.update_state_machine, stateMachineArn=arn, definition=wrong)
refused(
    client.exceptions.StateMachineTypeNotSupported,
    client.create_state_machine,
    name="quick",
    definition=machine(Greet=greet),
    roleArn=ROLE,
    type="EXPRESS",
)
client.delete_state_machine(stateMachineArn=arn)
refused(client.exceptions.StateMachineDoesNotExist, client.describe_state_machine, stateMachineArn=arn)
print("ok")
