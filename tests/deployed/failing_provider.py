"""Services that fail: once, which is waited out, and for good, which is told and taken back."""

from world import labelled

ONCE, REFUSED = "SHOP-13", "SHOP-14"
FAULTS = [
    {"service": "jira", "method": "GET", "path": f"/rest/api/3/issue/{ONCE}$", "status": 500},
    {
        "service": "github",
        "method": "POST",
        "path": "/graphql$",
        "contains": f"refs/heads/feature/{REFUSED}",
        "status": 200,
        "body": {"errors": [{"type": "UNPROCESSABLE", "message": "Update is not a fast forward"}]},
    },
]


def start(stage):
    stage.world.add_faults(*FAULTS)
    return {ticket: stage.start(labelled(ticket)) for ticket in (ONCE, REFUSED)}


def judge(stage, started):
    execution = stage.ended(started[ONCE])
    assert execution["outcome"] == "succeeded", execution
    asked = [
        entry["status"]
        for entry in stage.world.log()
        if entry["service"] == "jira" and entry["method"] == "GET" and entry["path"] == f"/rest/api/3/issue/{ONCE}"
    ]
    assert asked[:2] == [500, 200], asked

    execution = stage.ended(started[REFUSED])
    assert execution["outcome"] == "rolled_back", execution
    told = stage.told(started[REFUSED])
    assert "❌" in told and f"feature/{REFUSED}" in told and "has moved" in told and "Taken back" in told, told
    repository = stage.world.repository()
    assert f"feature/{REFUSED}" not in repository["branches"], repository["branches"]
    assert stage.world.pull_requests(f"feature/{REFUSED}") == []
    assert stage.world.ticket(REFUSED)["status"] == "To Do"
    met = {fault["path"] for fault in stage.world.waiting_faults()}
    assert FAULTS[0]["path"] not in met, met
