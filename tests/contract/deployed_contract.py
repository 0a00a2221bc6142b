"""Schemathesis against the API as the stack deploys it: real packages behind API Gateway's HTTP API, on the emulator of tests/deployed. See run."""

import hashlib
import secrets
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/deployed"))

from api import Api
from judging import BASE, PERSON, judge
from processes import Processes, say
from seeding import seed, write_workflows
from stage import PREFIX, Stage
from world import World, shop

# Fewer than of `serve`, since each request is an invocation.
EXAMPLES = 10


def trusted(stage):
    """A token that the stage takes for the installation's own, as `serve` has one. Sessions and machine tokens would end when Schemathesis
    signs their owners out or revokes them."""
    token = secrets.token_hex(32)
    item = {"pk": "TOKEN#INSTALLATION", "sk": "TOKEN", "sha256": hashlib.sha256(token.encode()).hexdigest()}
    item = {name: {"S": text} for name, text in item.items()}
    stage.client("dynamodb").put_item(TableName=PREFIX, Item=item)
    return token


def proof(folder, processes):
    world = World(processes, "world", folder / "world", shop())
    stage = Stage(folder, processes, world, workflows=write_workflows)
    stage.bootstrap()
    stage.deploy("records=destroy")
    say("deployed")
    stage.configure()
    assert stage.sign_in(PERSON).call("/me")["name"] == PERSON
    say("somebody has signed in")
    url, token = stage.api + BASE, trusted(stage)
    api = Api(url, {"authorization": f"Bearer {token}", "ticketsmith-as": PERSON})
    seeded = seed(api)
    say("seeded")
    kept = judge(url, token, seeded, folder, EXAMPLES)
    say("judged")
    api.call("/executions?limit=1")
    if not kept:
        sys.exit("tests/contract/run: the deployed API does not keep to its contract")


with tempfile.TemporaryDirectory(prefix="ticketsmith-contract-") as name:
    processes = Processes(Path(name))
    try:
        proof(Path(name), processes)
    except BaseException:
        processes.show(sys.stderr)
        raise
    finally:
        processes.stop()
