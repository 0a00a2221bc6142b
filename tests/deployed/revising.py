"""An agent's work goes on after its first push: a check that fails is fixed by the same session, and so is what somebody asks for on the
pull request. Each is another commit on the same branch."""

from processes import eventually, only
from world import FAILING_CHECK

REVISED, BRANCH = "SHOP-11", "feature/SHOP-11"
WORDS = "@ticketsmith Please say in the README that the case of a code does not matter."


def judge_the_fix(stage, name):
    """The first commit of the execution failed a check, and the second one, of its agent, passed."""
    pull_request = only(stage.world.pull_requests(BRANCH))
    assert (pull_request["draft"], pull_request["commits"]) == (False, 2), pull_request
    steps = [step["name"] for step in stage.execution(name)["steps"]]
    assert sum(step.startswith("Checks/CommitFix") for step in steps) == 1, steps
    told = [text for text in stage.world.comments() if f"`{FAILING_CHECK}` fails. Fixed in " in text]
    assert told, stage.world.comments()


def ask(stage):
    """Has somebody ask for a change on the pull request, and gives the name of the revision."""
    number = only(stage.world.pull_requests(BRANCH))["number"]
    return stage.start({"kind": "github-comment", "repository": "acme/shop", "issue": number, "text": WORDS, "by": "ada"})


def judge(stage, name):
    execution = stage.ended(name)
    assert (execution["outcome"], execution["workflow"]) == ("succeeded", "revision"), execution
    pull_request = only(stage.world.pull_requests(BRANCH))
    assert (pull_request["state"], pull_request["commits"]) == ("open", 3), pull_request
    assert pull_request["head"]["sha"] == stage.world.repository()["branches"][BRANCH]
    eventually("the comment is answered", 120, lambda: [text for text in stage.world.comments() if name in text and "took " in text])
