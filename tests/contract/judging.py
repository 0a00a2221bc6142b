"""Schemathesis asks every operation of the committed contract, at a seeded API."""

import os
import subprocess
import sys
from pathlib import Path

from processes import ROOT

CONTRACT = ROOT / "functions/api/openapi.json"
HERE = Path(__file__).parent
SETTINGS = HERE / "schemathesis.toml"
# The person for whom it asks.
PERSON = "ada"
BASE = "/api/v1"


def judge(url, token, seeded, folder, examples):
    """Whether every answer is one that the contract documents: at an API's address, with the installation's own token, what was seeded, and
    so many random test cases for each operation at most."""
    examples = os.environ.get("TICKETSMITH_CONTRACT_EXAMPLES", str(examples))
    # Beside the Python that `./check` installs what it needs into.
    schemathesis = Path(os.environ.get("TICKETSMITH_PYTHON", sys.executable)).with_name("schemathesis")
    command = [schemathesis, "--config-file", SETTINGS, "run", CONTRACT]
    options = ["--url", url.removesuffix(BASE), "--checks", "all", "--max-examples", examples]
    headers = [f"--header=ticketsmith-as:{PERSON}"]
    # One phase after another over all operations, each with the same cases every time.
    quiet = ["--generation-deterministic", "--workers", "1", "--no-color"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "TICKETSMITH_TOKEN": token, **seeded}
    return subprocess.run([*command, *options, *headers, *quiet], cwd=folder, env=environment).returncode == 0
