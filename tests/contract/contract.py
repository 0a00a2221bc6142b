"""Schemathesis against `ticketsmith serve`: see run."""

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/deployed"))

from api import Api
from judging import PERSON, judge
from processes import TICKETSMITH, Processes, eventually, say
from seeding import seed, write_workflows
from world import World, shop

EXAMPLES = 40


def start(folder, processes):
    """`serve` in a folder, as its process, its address and its token."""
    data = folder / ".ticketsmith"
    place = ["--config", folder / "ticketsmith.yaml", "--data", data, "--listen", "127.0.0.1:0"]
    process = processes.start("serve", [TICKETSMITH, "serve", *place], cwd=folder)
    announced = data / "running.json"
    eventually("serve announces itself", 60, announced.exists)
    running = json.loads(announced.read_text())
    return process, running["api_url"], running["token"]


def proof(folder, processes):
    configured = folder / "world"
    World(processes, "simulate", configured, shop())
    write_workflows(configured / "workflows")
    process, url, token = start(configured, processes)
    api = Api(url, {"authorization": f"Bearer {token}", "ticketsmith-as": PERSON})
    seeded = seed(api)
    say("seeded")
    kept = judge(url, token, seeded, folder, EXAMPLES)
    assert process.poll() is None, f"serve ended with {process.returncode}"
    api.call("/executions?limit=1")
    if not kept:
        sys.exit("tests/contract/run: the API does not keep to its contract")


with tempfile.TemporaryDirectory(prefix="ticketsmith-contract-") as name:
    processes = Processes(Path(name))
    try:
        proof(Path(name), processes)
    except BaseException:
        processes.show(sys.stderr)
        raise
    finally:
        processes.stop()
