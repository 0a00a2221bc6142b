"""A workflow of the project's own with branches side by side and a loop over a list: workflows/survey.yaml."""

from world import slack

TICKET = "SHOP-15"


def start(stage):
    return stage.start(slack(f"survey {TICKET}"))


def judge(stage, name):
    execution = stage.ended(name)
    assert execution["outcome"] == "succeeded", execution
    steps = sorted((step["name"], step["status"]) for step in execution["steps"])
    names = ["Describe", "FetchTask", "MakeBranch", "Tell.0", "Tell.1"]
    assert steps == [(step, "succeeded") for step in names], steps
    assert f"survey/{TICKET}" in stage.world.repository()["branches"]
    title = stage.world.ticket(TICKET)["summary"]
    texts = sorted(message["text"] for message in stage.world.messages() if f": {TICKET}, " in message["text"])
    assert texts == [f"{word}: {TICKET}, {title}, from main" for word in ("first", "second")], texts
