"""A workflow that a schedule starts: workflows/nightly.yaml. The emulator keeps schedules and fires none, so the test hands `events` what the
deployed schedule says, as EventBridge Scheduler would at its time, twice."""

from processes import only

GREETING = "Good night, shop"
TIME = "2026-11-23T02:30:00Z"


def start(stage):
    schedules = stage.client("scheduler")
    found = [schedules.get_schedule(Name=one["Name"]) for one in schedules.list_schedules()["Schedules"]]
    nightly = only(one for one in found if one["ScheduleExpression"] == "cron(30 2 ? * MON-FRI *)")
    assert nightly["FlexibleTimeWindow"]["Mode"] == "OFF" and nightly.get("ScheduleExpressionTimezone", "Etc/UTC") in ("UTC", "Etc/UTC"), nightly
    target = nightly["Target"]
    event = target["Input"].replace("<aws.scheduler.scheduled-time>", TIME)
    before = {execution["execution"] for execution in stage.executions()}
    for _ in range(2):
        answer = stage.client("lambda").invoke(FunctionName=target["Arn"], Payload=event)
        assert "FunctionError" not in answer, answer["Payload"].read()
    return only(one["execution"] for one in stage.executions() if one["execution"] not in before)


def judge(stage, name):
    execution = stage.ended(name)
    assert execution["outcome"] == "succeeded", execution
    assert name.startswith("schedule-"), name
    assert [message["text"] for message in stage.world.messages() if GREETING in message["text"]] == [GREETING]
