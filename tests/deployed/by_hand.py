"""What a person asks of a stage by hand: one execution's logs across all functions, one action alone, and what is wrong."""

import json
import shutil


def judge(stage, name):
    lines = [json.loads(line) for line in stage.ticketsmith("logs", name, "--json").splitlines()]
    assert {line["execution"] for line in lines} == {name}, lines
    assert [line["timestamp"] for line in lines] == sorted(line["timestamp"] for line in lines), lines
    task = stage.execution(name)["task"]
    of_ticket = [json.loads(line) for line in stage.ticketsmith("logs", task, "--json").splitlines()]
    assert name in {line["execution"] for line in of_ticket}, of_ticket
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


def ask_the_doctor(stage):
    """With the stage's own secrets; gives how many things were looked at. It also looks whether a service's bare address answers, which
    the simulators hold against it."""
    config = stage.project / "ticketsmith.yaml"
    shutil.copy(stage.folder / "ticketsmith.yaml", config)
    printed = stage.ticketsmith("doctor", "--config", config, "--json")
    findings = json.loads(printed)["findings"]
    assert {finding["verdict"] for finding in findings} == {"ok"}, findings
    subjects = " ".join(finding["subject"] for finding in findings)
    for subject in (
        "in force in the stage test",
        "functions of the stage test",
        "secret ticketsmith-test/work#jira",
        "GitHub, repository acme/shop",
        "Claude, model",
    ):
        assert subject in subjects, subjects
    return len(findings)
