"""What a person asks of a stage by hand: one execution's logs across all functions, and one action alone."""

import json


def judge(stage, name):
    lines = [json.loads(line) for line in stage.ticketsmith("logs", name, "--json").splitlines()]
    assert {line["execution"] for line in lines} == {name}, lines
    assert [line["timestamp"] for line in lines] == sorted(line["timestamp"] for line in lines), lines
    spoke = {line["target"].split("::")[0] for line in lines}
    assert {"webhooks", "actions", "events"} <= spoke, spoke
    succeeded = {step["name"] for step in stage.execution(name)["steps"] if step["status"] == "succeeded"}
    ended = {line["state"] for line in lines if line["message"] == "the action ended"}
    assert ended == succeeded, (ended, succeeded)

    given = stage.folder / "input.json"
    given.write_text(json.dumps({"task_id": "SHOP-1"}))
    answer = json.loads(stage.ticketsmith("invoke", "get_task", "--input", given))
    assert answer["task"]["task_id"] == "SHOP-1", answer
    return len(lines)
