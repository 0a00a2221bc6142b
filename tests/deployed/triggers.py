"""Deliveries become executions: strangers' do not, each of the four kinds does, and one sent twice does not twice."""

from processes import only, request
from world import labelled, slack

WAYS = {
    "SHOP-11": {"kind": "jira-transition", "ticket": "SHOP-11", "to": "Ready for Agent", "by": "ada"},
    "acme/shop#1": {"kind": "github-label", "repository": "acme/shop", "issue": 1, "label": "agent", "by": "ada"},
    "SHOP-12": slack("run SHOP-12"),
}


def send(stage, delivery):
    status, body = request(stage.api + delivery["path"], delivery["body"], delivery["headers"])
    return status, body.decode()


def strangers_are_refused(stage):
    before = stage.executions()
    status, body = request(stage.api + "/webhooks/jira", b"{}", {"content-type": "application/json"})
    assert status == 401, (status, body)
    delivery = stage.world.capture({**labelled("SHOP-2"), "label": "cart"})
    tampered = {**delivery, "body": delivery["body"] + b" "}
    assert send(stage, tampered)[0] == 401
    assert stage.executions() == before


def label_a_ticket(stage):
    """The first execution: its name, and the delivery that started it."""
    delivery = stage.world.capture(labelled("SHOP-1"))
    status, body = send(stage, delivery)
    assert status == 200 and "started" in body, (status, body)
    return only(stage.executions())["execution"], delivery


def judge(stage, name, task, branch):
    execution = stage.ended(name)
    assert execution["outcome"] == "succeeded", execution
    assert execution["cost_usd"] > 0, execution
    left = [step for step in execution["steps"] if step["status"] not in ("succeeded", "skipped")]
    assert left == [], left
    pull_request = only(stage.world.pull_requests(branch))
    assert pull_request["state"] == "open" and pull_request["title"].startswith(f"{task}: "), pull_request
    assert pull_request["head"]["sha"] == stage.world.repository()["branches"][branch]
    told = stage.told(name)
    assert "✅" in told and "❌" not in told, told


def a_second_delivery_starts_nothing(stage, delivery):
    before = len(stage.executions())
    status, body = send(stage, delivery)
    assert status == 200 and "duplicate" in body, (status, body)
    assert len(stage.executions()) == before
    assert len(stage.world.pull_requests("feature/SHOP-1")) == 1


def start_the_others(stage):
    return {task: stage.start(deed) for task, deed in WAYS.items()}


def judge_the_others(stage, started):
    for task, name in started.items():
        branch = "feature/" + task.replace("/", "-").replace("#", "-")
        judge(stage, name, task, branch)
    assert stage.world.ticket("SHOP-11")["status"] == "Code Review"
    assert stage.world.ticket("SHOP-12")["status"] == "Code Review"
    issue = only(stage.world.repository()["issues"])
    assert issue["reactions"]["eyes"] == 1, issue
