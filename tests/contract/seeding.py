"""What there is before Schemathesis asks: a world with workflows, executions, questions, costs, projects, people and plugins, the same for
`serve` and for a stage."""

import base64
import shutil

from processes import ROOT, eventually

ASK = """\
name: Ask
inputs:
  task_id: { type: string }
steps:
  - name: ask
    type: approval
    question: "Ship ${task_id}?"
    timeout: 1h
"""
SHIPPED = ("change_ticket", "create_ticket", "development")


def write_workflows(folder):
    """A folder of workflows takes the place of the shipped ones, so it gets those of them that are needed, too."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ask.yaml").write_text(ASK)
    for workflow in SHIPPED:
        shutil.copy(ROOT / f"workflows/{workflow}.yaml", folder)


def encoded(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def seed(api):
    """A ticket that became a pull request, two that wait for an answer, and what the API manages: of each kind one to change and one to delete.
    Gives what schemathesis.toml calls them."""
    names = []
    for ticket, workflow, outcome in [
        ("SHOP-1", "development", "succeeded"),
        ("SHOP-11", "ask", "waiting"),
        ("SHOP-12", "ask", "waiting"),
    ]:
        accepted = api.call(f"/tasks/{encoded(ticket)}/assign-to-agent", {"workflow": workflow})
        eventually(f"{ticket} is {outcome}", 240, api.has(accepted["execution"], outcome))
        names.append(accepted["execution"])
    [agent] = api.call(f"/agents?execution={names[0]}")["items"]
    pull_request = encoded("acme/shop@feature/SHOP-1")
    eventually("the evidence is signed", 120, api.answers(f"/pull-requests/{pull_request}/evidence"))
    providers = {"version_control": "github", "task_management": "jira"}
    projects = [
        api.call("/projects", {"key": key, "repository": f"acme/{key.lower()}", "providers": providers})["id"]
        for key in ("GIFT", "TOYS")
    ]
    people = [
        api.call("/people", {"name": name, "roles": ["viewer"], "accounts": {"github": f"{name}-l"}})["id"]
        for name in ("hedy", "lise")
    ]
    for name in ("lounge", "lobby"):
        api.call("/plugins", {"name": name, "provider": "slack"})
    return {
        "TICKETSMITH_AGENT": agent["id"],
        "TICKETSMITH_PULL_REQUEST": pull_request,
        "TICKETSMITH_PROJECT": projects[0],
        "TICKETSMITH_DELETED_PROJECT": projects[1],
        "TICKETSMITH_PERSON": people[0],
        "TICKETSMITH_DELETED_PERSON": people[1],
    }
