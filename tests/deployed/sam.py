"""The AWS SAM command line on the same synthesized template and the same stack, by samconfig.toml."""

import json

from processes import ROOT
from stage import PREFIX, STAGE

TOOLS = ROOT / ".tools/sam/bin"
TEMPLATE = ROOT / f"infra/cdk/cdk.out/{PREFIX}.template.json"
# The CDK writes DependsOn even where a reference says the same.
IGNORED = "W3005"


class Sam:
    def __init__(self, stage):
        self.stage = stage
        # samconfig.toml names the stages of people; this one has a configuration like theirs.
        text = (ROOT / "samconfig.toml").read_text()
        self.settings = stage.folder / "samconfig.toml"
        self.settings.write_text(text.replace("dev", STAGE).replace('"infra/', f'"{ROOT}/infra/'))
        stage.environment["SAM_CLI_TELEMETRY"] = "0"
        resources = stage.client("cloudformation").get_paginator("list_stack_resources")
        listed = [one for page in resources.paginate(StackName=PREFIX) for one in page["StackResourceSummaries"]]
        self.logical_ids = {one["PhysicalResourceId"]: one["LogicalResourceId"] for one in listed}

    def run(self, *arguments):
        settings = ("--config-file", self.settings, "--config-env", STAGE)
        return self.stage.run(TOOLS / "sam", *arguments, *settings, cwd=self.stage.folder)

    def logical_id(self, function):
        return self.logical_ids[f"{PREFIX}-{function}"]


def judge(stage):
    sam = Sam(stage)
    stage.run(TOOLS / "cfn-lint", "--ignore-checks", IGNORED, "--", TEMPLATE)
    assert "is a valid SAM Template" in sam.run("validate")
    bucket = f"{PREFIX}-sam"
    stage.client("s3").create_bucket(Bucket=bucket)
    code = stage.client("lambda").get_function(FunctionName=f"{PREFIX}-events")["Configuration"]["CodeSha256"]
    sam.run("deploy", "--s3-bucket", bucket, "--no-confirm-changeset", "--no-fail-on-empty-changeset")
    after = stage.client("lambda").get_function(FunctionName=f"{PREFIX}-events")["Configuration"]["CodeSha256"]
    assert after == code, "sam deploys another package"
    assert stage.client("s3").list_objects_v2(Bucket=bucket).get("KeyCount", 0) > 0

    project, arn = "SHOP", f"arn:aws:states:us-east-1:000000000000:execution:{PREFIX}-undo:by-sam"
    payload = {"v": 1, "run": arn, "key": f"{arn}/TakeBack", "project": project, "actor": {"source": "jira", "id": "ada"}, "input": {}}
    answer = sam.run("remote", "invoke", sam.logical_id("list_effects"), "--event", json.dumps(payload))
    assert json.loads(answer[answer.rindex("{") :]) == {"effects": []}, answer
    logged = sam.run("logs", "--name", sam.logical_id("list_effects"))
    assert "REPORT RequestId" in logged, logged
