"""Schemathesis against `ticketsmith serve`: see run."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/deployed"))

from processes import TICKETSMITH, Processes, eventually, request, say
from world import World, shop

CONTRACT = ROOT / "functions/api/openapi.json"
SETTINGS = Path(__file__).with_name("schemathesis.toml")
# Test cases for each operation.
EXAMPLES = os.environ.get("TICKETSMITH_CONTRACT_EXAMPLES", "40")
PERSON = "ada"
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


class Api:
    def __init__(self, folder, processes):
        data = folder / ".ticketsmith"
        place = ["--config", folder / "ticketsmith.yaml", "--data", data, "--listen", "127.0.0.1:0"]
        self.process = processes.start("serve", [TICKETSMITH, "serve", *place], cwd=folder)
        announced = data / "running.json"
        eventually("serve announces itself", 60, announced.exists)
        running = json.loads(announced.read_text())
        self.url = running["api_url"]
        self.token = running["token"]
        self.headers = {"authorization": f"Bearer {self.token}", "ticketsmith-as": PERSON}

    def call(self, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        status, body = request(self.url + path, data, {**self.headers, "content-type": "application/json"})
        assert 200 <= status < 300, (path, status, body)
        return json.loads(body)

    def has(self, name, outcome):
        return lambda: self.call(f"/executions/{name}")["outcome"] == outcome

    def answers(self, path):
        return lambda: request(self.url + path, None, self.headers)[0] == 200

    def seed(self):
        """A ticket that became a pull request, and two that wait for an answer."""
        names = []
        for ticket, workflow, outcome in [
            ("SHOP-1", "development", "succeeded"),
            ("SHOP-11", "ask", "waiting"),
            ("SHOP-12", "ask", "waiting"),
        ]:
            id = base64.urlsafe_b64encode(ticket.encode()).decode().rstrip("=")
            accepted = self.call(f"/tasks/{id}/assign-to-agent", {"workflow": workflow})
            eventually(f"{ticket} is {outcome}", 120, self.has(accepted["execution"], outcome))
            names.append(accepted["execution"])
        [agent] = self.call(f"/agents?execution={names[0]}")["items"]
        pull_request = base64.urlsafe_b64encode(b"acme/shop@feature/SHOP-1").decode().rstrip("=")
        eventually("the evidence is signed", 60, self.answers(f"/pull-requests/{pull_request}/evidence"))
        # The API manages them: one is changed, the other is deleted.
        providers = {"version_control": "github", "task_management": "jira"}
        projects = [
            self.call("/projects", {"key": key, "repository": f"acme/{key.lower()}", "providers": providers})["id"]
            for key in ("GIFT", "TOYS")
        ]
        people = [
            self.call("/people", {"name": name, "roles": ["viewer"], "accounts": {"github": f"{name}-l"}})["id"]
            for name in ("hedy", "lise")
        ]
        for name in ("lounge", "lobby"):
            self.call("/plugins", {"name": name, "provider": "slack"})
        return names, agent["id"], pull_request, projects, people


def judge(api, agent, pull_request, projects, people, folder):
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", SETTINGS, "run", CONTRACT]
    options = ["--url", api.url.removesuffix("/api/v1"), "--checks", "all", "--max-examples", EXAMPLES]
    headers = [f"--header=ticketsmith-as:{PERSON}"]
    # One phase after another over all operations, each with the same cases every time.
    quiet = ["--generation-deterministic", "--workers", "1", "--no-color"]
    return subprocess.run([*command, *options, *headers, *quiet], cwd=folder, env={**os.environ, "TICKETSMITH_TOKEN": api.token, "TICKETSMITH_AGENT": agent, "TICKETSMITH_PULL_REQUEST": pull_request, "TICKETSMITH_PROJECT": projects[0], "TICKETSMITH_DELETED_PROJECT": projects[1], "TICKETSMITH_PERSON": people[0], "TICKETSMITH_DELETED_PERSON": people[1]}).returncode


def main():
    with tempfile.TemporaryDirectory(prefix="ticketsmith-contract-") as folder:
        folder = Path(folder)
        processes = Processes(folder)
        try:
            configured = folder / "world"
            World(processes, "simulate", configured, shop())
            (configured / "workflows").mkdir(exist_ok=True)
            (configured / "workflows/ask.yaml").write_text(ASK)
            # A folder of workflows takes the place of the shipped ones.
            for workflow in ("change_ticket", "create_ticket", "development"):
                shutil.copy(ROOT / f"workflows/{workflow}.yaml", configured / "workflows")
            api = Api(configured, processes)
            names, agent, pull_request, projects, people = api.seed()
            say(f"seeded {len(names)} executions")
            failed = judge(api, agent, pull_request, projects, people, folder)
            assert api.process.poll() is None, f"serve ended with {api.process.returncode}"
            api.call("/executions?limit=1")
            if failed:
                sys.exit("tests/contract/run: the API does not keep to its contract")
        except BaseException:
            processes.show(sys.stderr)
            raise
        finally:
            processes.stop()


main()
