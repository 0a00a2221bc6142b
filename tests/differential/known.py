"""Where moto and ministack are known to part from AWS. README.md gives the reasons."""

import json

# A part of what moto says when it trips over itself.
MOTO_DEFECTS = {
    "Custom Error Names MUST NOT begin": "cannot hand on an error of States. from within a Map or Parallel",
    "('UNKNOWN', ": "gives what an expression throws as its own States.Runtime in some places",
    "Expected Condition to produce a boolean": "gives a Condition that is no boolean as its own States.Runtime",
    "list index out of range": "loses count of the items in a Map within a Map",
    "no viable alternative at input": "does not parse every JSON value in Arguments",
}


def explanation(server, definition, ours, theirs):
    """Why the difference between two outcomes of a definition (as text) is theirs, if it is a known one."""
    return (moto if server == "moto" else ministack)(definition, ours, theirs)


def moto(definition, ours, theirs):
    # A catcher may have kept the words.
    words = json.dumps(theirs)
    for part, reason in MOTO_DEFECTS.items():
        if part in words:
            return reason
    if theirs.get("error") == "States.QueryEvaluationError" and '"Catch"' in definition:
        return "does not catch a failed evaluation"
    output, other = (json.dumps(outcome.get("output", "absent")) for outcome in (ours, theirs))
    if "States.QueryEvaluationError" in json.dumps(ours) and "States.Runtime" in other:
        return "cannot hand on an error of States. from within a Map or Parallel"
    if two_branches_may_fail(json.loads(definition)) and named_error(ours) and named_error(theirs) and named_error(ours) != named_error(theirs):
        return "has another one of several failing branches fail first, which is a matter of moments"
    if "output" in ours and (ours["output"] is None or isinstance(ours["output"], str)):
        return "writes an output that is null or a string as bare text"
    if "output" in ours and output.replace("null", "{}") == other.replace("null", "{}"):
        return "evaluates a null that is written down to {}"
    return None


def parallels(part):
    """Every Parallel in a definition, at any depth."""
    if isinstance(part, dict):
        if part.get("Type") == "Parallel":
            yield part
        part = list(part.values())
    for inner in part if isinstance(part, list) else []:
        yield from parallels(inner)


def may_fail(part):
    """Whether anything in a definition can end with an error: it calls a function, fails on purpose, or evaluates something."""
    if isinstance(part, dict):
        return part.get("Type") in ("Task", "Fail") or any(may_fail(inner) for inner in part.values())
    if isinstance(part, list):
        return any(may_fail(inner) for inner in part)
    return isinstance(part, str) and part.startswith("{%")


def two_branches_may_fail(definition):
    """Whether a Parallel in a definition has two branches that may fail."""
    return any(sum(may_fail(branch) for branch in state["Branches"]) > 1 for state in parallels(definition))


def named_error(result):
    """The error that an execution ended with, or that a catcher kept."""
    output = result.get("output")
    kept = output if isinstance(output, dict) else {}
    return result.get("error") or kept.get("error") or kept.get("Error")


def ministack(definition, ours, theirs):
    if ":function:throttled" in definition or ":function:rejected" in definition:
        return "drops the errors of functions that it calls over HTTP"
    if any(field in state for state in parallels(json.loads(definition)) for field in ("Arguments", "Output", "Assign")):
        return "ignores the Arguments, Output and Assign of a Parallel"
    # A catcher may have kept the error alone.
    without_items = '"Map", "MaxConcurrency"' in definition or '"Map", "ItemSelector"' in definition
    caught = without_items and "States.QueryEvaluationError" in json.dumps(ours)
    if caught or "Map state input must be an array" in json.dumps(ours):
        return "takes the input of a Map for its only item when it is no array"
    failed = "States.QueryEvaluationError" in json.dumps(ours) and "States." not in json.dumps(theirs)
    not_boolean = failed and '"Condition"' in definition
    if not_boolean or "Expected 'boolean'" in json.dumps(ours):
        return "takes a Condition of any type"
    if theirs.get("error") == "States.QueryEvaluationError" and '"Catch"' in definition:
        return "does not catch a failed evaluation everywhere"
    return None
