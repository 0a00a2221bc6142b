"""Executions that wait for people, by workflows/ship.yaml: the answer goes from a webhook through the table's stream to the task
token. One stays parked while the workflow is changed and deployed anew."""

from processes import eventually
from world import as_text, button, slack

APPROVED, DECLINED, OVERTAKEN = "SHOP-16", "SHOP-17", "SHOP-18"
BEFORE, AFTER = "is shipped by", "has been shipped by"


def start(stage):
    return {ticket: stage.start(slack(f"ship {ticket}")) for ticket in (APPROVED, DECLINED, OVERTAKEN)}


def question(stage, ticket):
    """The message with the buttons, once the execution waits."""

    def look():
        asked = (message for message in stage.world.messages() if f"Ship {ticket}?" in as_text(message))
        return next((message for message in asked if '"approve"' in as_text(message)), None)

    return eventually(f"the question about {ticket}", 120, look)


def press(stage, name, ticket, action_id):
    message = question(stage, ticket)
    eventually(f"{name} waits", 60, lambda: stage.execution(name)["outcome"] == "waiting")
    return stage.world.deliver(button(message, action_id), stage.api)


def said(stage, ticket):
    return [message["text"] for message in stage.world.messages() if "shipped by" in message["text"] and ticket in message["text"]]


def judge(stage, started):
    """Ends all but the one that is to be overtaken."""
    status, body = press(stage, started[APPROVED], APPROVED, "approve")
    assert status == 200 and "recorded" in as_text(body), (status, body)
    execution = stage.ended(started[APPROVED])
    assert execution["outcome"] == "succeeded", execution
    assert said(stage, APPROVED) == [f"{APPROVED} {BEFORE} ada"]

    assert f"ship/{DECLINED}" in stage.world.repository()["branches"]
    press(stage, started[DECLINED], DECLINED, "deny")
    execution = stage.ended(started[DECLINED])
    assert execution["outcome"] == "rolled_back", execution
    assert f"ship/{DECLINED}" not in stage.world.repository()["branches"]
    assert "ada declined" in stage.told(started[DECLINED])
    question(stage, OVERTAKEN)


def change(stage):
    workflow = stage.project / "workflows" / "ship.yaml"
    text = workflow.read_text()
    assert text.count(BEFORE) == 1
    workflow.write_text(text.replace(BEFORE, AFTER))


def judge_overtaken(stage, started):
    """What was parked goes on as it began; what starts now is as changed."""
    assert stage.execution(started[OVERTAKEN])["outcome"] == "waiting"
    press(stage, started[OVERTAKEN], OVERTAKEN, "approve")
    later = stage.start(slack(f"ship {APPROVED}"))
    execution = stage.ended(started[OVERTAKEN])
    assert execution["outcome"] == "succeeded", execution
    assert said(stage, OVERTAKEN) == [f"{OVERTAKEN} {BEFORE} ada"]
    press(stage, later, APPROVED, "approve")
    assert stage.ended(later)["outcome"] == "succeeded"
    assert said(stage, APPROVED) == [f"{APPROVED} {BEFORE} ada", f"{APPROVED} {AFTER} ada"]
