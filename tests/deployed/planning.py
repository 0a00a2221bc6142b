"""Requirements become a plan, and a yes to it makes them tickets: in the order of their dependencies, linked with each other. An undo takes
all of them back."""

from processes import eventually, only
from world import as_text, button, confirmed, slack

WANTED = "Customers want to give a cart to somebody else: with a message for the card, gift wrap for 3.50, and a receipt without prices."
QUESTION = "May this plan become tickets in SHOP: 1 epic and 3 tasks"
EPIC, FIRST = "Gift orders", "Let a cart be a gift with a message"
LATER = ["Print a gift receipt without prices", "Offer gift wrap for 3.50"]
PAGE = f"Plan: {EPIC}"


def start(stage):
    return stage.start(slack(f"plan {WANTED}"))


def planned(stage):
    """The tickets of the plan by their titles, in the order in which they were created."""
    titles = [EPIC, FIRST, *LATER]
    return {ticket["summary"]: ticket for ticket in stage.world.state()["jira"] if ticket["summary"] in titles}


def page(stage):
    return only(page for page in stage.world.state()["confluence"] if page["title"] == PAGE)


def approve(stage, name):
    def look():
        asked = (message for message in stage.world.messages() if QUESTION in as_text(message))
        return next((message for message in asked if '"approve"' in as_text(message)), None)

    message = eventually("the question about the plan", 240, look)
    eventually(f"{name} waits", 60, lambda: stage.execution(name)["outcome"] == "waiting")
    assert "Estimate for all tasks: about $" in as_text(message), message
    assert planned(stage) == {}, "nothing before the approval"
    status, body = stage.world.deliver(button(message, "approve"), stage.api)
    assert status == 200 and "recorded" in as_text(body), (status, body)


def judge(stage, name):
    """Approves the plan, and looks at what it becomes."""
    approve(stage, name)
    execution = stage.ended(name)
    assert (execution["outcome"], execution["workflow"]) == ("succeeded", "planning"), execution
    tickets = planned(stage)
    assert list(tickets) == [EPIC, FIRST, *LATER], list(tickets)
    first = tickets[FIRST]["key"]
    waits = {title: [link["blocked_by"] for link in ticket["links"]] for title, ticket in tickets.items()}
    assert waits == {EPIC: [], FIRST: [], **{title: [first] for title in LATER}}, waits
    assert all(first in tickets[title]["description"] for title in LATER), tickets
    assert page(stage)["status"] == "current", page(stage)


def undo(stage, name):
    """Takes the tickets and the page back, and gives the name of the undo."""
    status, body = stage.world.deliver(slack(f"undo {name}"), stage.api)
    assert status == 200 and "create planned task" in as_text(body), (status, body)
    assert len(planned(stage)) == 4, "it was only shown"
    status, body = stage.world.deliver(confirmed(body), stage.api)
    assert status == 200 and "recorded" in as_text(body), (status, body)
    undone = eventually("the undo is recorded", 120, lambda: stage.execution(name)["undone_by"])
    execution = stage.ended(undone)
    assert (execution["outcome"], execution["workflow"]) == ("succeeded", "undo"), execution
    assert planned(stage) == {}, planned(stage)
    assert page(stage)["status"] == "trashed", page(stage)
    return undone
