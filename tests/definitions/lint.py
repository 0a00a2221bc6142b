"""Holds every generated definition against three validators that know nothing of the compiler: asl-validator, statelint and
cfn-lint. The definitions are those that ship and those of `workflows/` beside this file, in which every type of step stands.

usage: lint.py TICKETSMITH ASL_VALIDATOR
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:ticketsmith"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith"


def compiled(ticketsmith, folder):
    """The definitions of this folder's workflows, with ARNs in place of what a deployment fills in."""
    for project in (ROOT, Path(__file__).parent):
        out = folder / project.name
        subprocess.run([ticketsmith, "workflow", "compile", "--folder", project, "--out", out], check=True)
    for path in sorted(folder.glob("*/*.asl.json")):
        text = re.sub(r"\$\{(\w+)StateMachineArn\}", rf"{MACHINE}-\1", path.read_text())
        text = re.sub(r"\$\{(\w+)FunctionArn\}", rf"{FUNCTION}-\1", text)
        assert "${" not in text.replace("$${", ""), f"{path.name}: something is left to fill in"
        path.write_text(text)
        yield path


def with_fixed_seconds(value):
    """The definition with a number wherever it computes one. AWS evaluates JSONata in `TimeoutSeconds`
    (https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html) and `Seconds`
    (https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html); statelint and cfn-lint do not know that."""
    if isinstance(value, list):
        return [with_fixed_seconds(item) for item in value]
    if not isinstance(value, dict):
        return value
    computed = lambda field, item: field in ("TimeoutSeconds", "Seconds") and isinstance(item, str)
    return {field: 1 if computed(field, item) else with_fixed_seconds(item) for field, item in value.items()}


def main(ticketsmith, asl_validator):
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        definitions = list(compiled(ticketsmith, folder))
        resources = {}
        for number, path in enumerate(definitions):
            plain = path.with_suffix(".plain")
            plain.write_text(json.dumps(with_fixed_seconds(json.loads(path.read_text()))))
            properties = {"RoleArn": "arn:aws:iam::000000000000:role/any", "DefinitionString": plain.read_text()}
            resources[f"Machine{number}"] = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
            for command in ([asl_validator, "--json-path", path], [TOOLS / "statelint", plain]):
                checked = subprocess.run(command, capture_output=True, text=True)
                if checked.returncode:
                    failed.append(f"{Path(command[0]).name} of {path.name}:\n{checked.stdout}{checked.stderr}")
        template = folder / "template.json"
        template.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}))
        checked = subprocess.run([TOOLS / "cfn-lint", template], capture_output=True, text=True)
        if checked.returncode:
            failed.append(f"cfn-lint:\n{checked.stdout}{checked.stderr}")
        print(f"{len(definitions)} definitions, {len(failed)} findings")
    if failed:
        sys.exit("\n".join(failed))


main(*sys.argv[1:])
