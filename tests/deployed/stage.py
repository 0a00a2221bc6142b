"""One stage of Ticketsmith in the emulator: bootstrapped, deployed, configured, asked and destroyed by its own commands."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import yaml

from api import Api
from processes import BUILT, ROOT, TICKETSMITH, answers, eventually, free_port, only, request_json

STAGE = "test"
PREFIX = f"ticketsmith-{STAGE}"
REGION = "us-east-1"
ACCOUNT = "000000000000"
BUNDLES = {"jira": "work", "slack": "work", "confluence": "work", "github": "repository", "claude": "models"}
HERE = Path(__file__).resolve().parent


def write_workflows(folder):
    """The workflows that ship and those of this test."""
    shutil.copytree(ROOT / "workflows", folder)
    for workflow in (HERE / "workflows").glob("*.yaml"):
        shutil.copy(workflow, folder)


class Stage:
    """In a folder, for a world. `workflows` writes those of the project into a folder."""

    def __init__(self, folder, processes, world, workflows=write_workflows):
        self.folder, self.world = folder, world
        port = free_port()
        self.aws = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ENDPOINT_URL_S3": self.aws,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        # The emulator evaluates the roles' policies, except leading-key conditions, which it does not know.
        emulator = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AUTH": "true", "HOME": str(folder)}
        emulator = {**self.environment, **emulator}
        processes.start("emulator", [sys.executable, HERE / "emulator.py"], env=emulator, cwd=folder)
        eventually("the emulator answers", 60, lambda: answers(f"{self.aws}/_localstack/health"))
        # A checkout of its own.
        self.project = self.folder / "project"
        workflows(self.project / "workflows")
        (self.project / "infra").symlink_to(ROOT / "infra")

    def client(self, service):
        names = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.aws, **names)

    def run(self, *command, stdin=None, cwd=ROOT):
        """Runs a command to its end, and gives what it printed."""
        done = subprocess.run(
            command, env=self.environment, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def ticketsmith(self, *arguments, stdin=None):
        return self.run(TICKETSMITH, *arguments, "--stage", STAGE, stdin=stdin)

    def bootstrap(self):
        # In a folder without an app, of which this needs none.
        cdk = ROOT / "infra/cdk/node_modules/.bin/cdk"
        self.run(cdk, "bootstrap", f"aws://{ACCOUNT}/{REGION}", cwd=self.folder)
        # The CDK's bucket refuses requests without TLS, which the emulator on loopback does not speak.
        buckets = self.client("s3")
        for bucket in buckets.list_buckets()["Buckets"]:
            buckets.delete_bucket_policy(Bucket=bucket["Name"])

    def deploy(self, *context):
        """Compiles the project's workflows and deploys them."""
        compiled = self.project / "statemachines"
        self.run(TICKETSMITH, "workflow", "compile", "--folder", self.project, "--out", compiled)
        context = (f"stateMachines={compiled}", f"packages={BUILT / 'packages'}", *context)
        settings = [word for setting in context for word in ("--context", setting)]
        place = ("--folder", self.project, "--architecture", "x86_64", "--packaged", "--yes")
        self.ticketsmith("deploy", *place, *settings)
        self.api = self.aws + self.path_of_gateway(PREFIX, "$default")

    def path_of_gateway(self, name, stage):
        """The emulator's other form of https://<id>.execute-api.<region>.amazonaws.com, which needs no name resolution."""
        apis = self.client("apigatewayv2").get_apis()["Items"]
        api = only(api for api in apis if api["Name"] == name)
        return f"/_aws/execute-api/{api['ApiId']}/{stage}"

    def destroy(self):
        self.ticketsmith("destroy", "--folder", self.project, "--context", f"stateMachines={self.project / 'statemachines'}", "--yes")

    def configure(self):
        secrets = self.world.secrets()
        for provider, bundle in BUNDLES.items():
            value = json.dumps(secrets[f"ticketsmith/{provider}"])
            self.ticketsmith("secrets", "set", f"{PREFIX}/{bundle}#{provider}", stdin=value)
        self.ticketsmith("secrets", "set", f"{PREFIX}/signing", stdin=json.dumps(secrets["ticketsmith/signing"]))
        configuration = self.world.configuration()
        configuration.setdefault("webhooks", {})["secret"] = f"{PREFIX}/signing"
        for provider, bundle in BUNDLES.items():
            configuration["plugins"][provider]["secret"] = f"{PREFIX}/{bundle}#{provider}"
        path = self.folder / "ticketsmith.yaml"
        path.write_text(yaml.safe_dump(configuration))
        changed = self.ticketsmith("config", "apply", str(path), "--yes")
        assert "version 1" in changed, changed
        again = self.ticketsmith("config", "apply", str(path))
        assert "already in force" in again, again
        # The first key: from then on, people can sign in.
        self.ticketsmith("auth", "rotate-key")

    def sign_in(self, person):
        """The API, as somebody of the configuration asks it, who signs in with a link."""
        url = f"{self.api}/api/v1"
        link = self.ticketsmith("auth", "link", "--person", person, "--url", url)
        [address, ticket] = link.strip().split("#ticket=")
        assert address == f"{url}/sign-in", link
        session = request_json(f"{url}/auth/ticket", {"ticket": ticket, "carrier": "bearer"})
        return Api(url, {"authorization": f"Bearer {session['token']}"})

    def executions(self):
        return json.loads(self.ticketsmith("status", "--json"))["executions"]

    def execution(self, name):
        return json.loads(self.ticketsmith("status", name, "--json"))

    def ended(self, name):
        """What `status` says of an execution, once it has ended."""

        def look():
            execution = self.execution(name)
            return execution if execution["ended_at"] else None

        return eventually(f"the end of {name}", 240, look)

    def told(self, name):
        """What people are told of an execution's end."""
        return eventually(f"the last word on {name}", 120, lambda: self.world.told(name))

    def start(self, deed):
        """Has somebody do something that starts one execution, and gives its name."""
        before = {execution["execution"] for execution in self.executions()}
        status, body = self.world.deliver(deed, self.api)
        assert status == 200, (deed, status, body)
        started = [one["execution"] for one in self.executions() if one["execution"] not in before]
        assert len(started) == 1, (deed, body, started)
        return started[0]
