"""What people may: a stranger's label starts nothing and is answered once, and what an execution did is taken back for who asks."""

from processes import eventually
from triggers import send
from world import as_text, confirmed, slack

STRANGE, UNDONE = "SHOP-2", "SHOP-12"
REFUSAL = "may not start work on SHOP"


def a_stranger_is_refused(stage):
    before = {execution["execution"] for execution in stage.executions()}
    delivery = stage.world.capture({"kind": "jira-label", "ticket": STRANGE, "label": "agent", "by": "grace"})

    def refusals():
        texts = (comment["text"] for comment in stage.world.ticket(STRANGE)["comments"])
        return [text for text in texts if REFUSAL in text]

    status, body = send(stage, delivery)
    assert status == 200 and "refused" in body and REFUSAL in body, (status, body)
    eventually("the answer to the stranger", 120, refusals)
    status, body = send(stage, delivery)
    assert status == 200 and "refused" in body, (status, body)
    # Others may have begun meanwhile, but nothing on this ticket.
    begun = [one for one in stage.executions() if one["execution"] not in before and one["task"] == STRANGE]
    assert begun == [], begun
    assert f"feature/{STRANGE}" not in stage.world.repository()["branches"]
    return lambda: len(refusals())


def an_undo(stage, name):
    """Takes back what an execution did, and gives the name of the undo."""
    branch = f"feature/{UNDONE}"
    assert branch in stage.world.repository()["branches"]
    status, body = stage.world.deliver(slack(f"undo {UNDONE}"), stage.api)
    assert status == 200 and "create pull request" in as_text(body), (status, body)
    assert branch in stage.world.repository()["branches"], "it was only shown"
    status, body = stage.world.deliver(confirmed(body), stage.api)
    assert status == 200 and "recorded" in as_text(body), (status, body)
    undo = eventually("the undo is recorded", 120, lambda: stage.execution(name)["undone_by"])
    execution = stage.ended(undo)
    assert execution["outcome"] == "succeeded" and execution["workflow"] == "undo", execution
    assert branch not in stage.world.repository()["branches"]
    assert [pull["state"] for pull in stage.world.pull_requests(branch)] == ["closed"]
    said = eventually("the first comment says so", 120, lambda: [text for text in stage.world.comments() if "were undone by" in text])
    assert len(said) == 1 and name in said[0] and undo in said[0], said
    # What is undone is not undone again.
    status, body = stage.world.deliver(slack(f"undo {UNDONE}"), stage.api)
    assert status == 200 and "nothing that can be taken back" in as_text(body), (status, body)
    return undo
