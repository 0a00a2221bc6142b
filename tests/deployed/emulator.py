"""ministack, repaired where it lacks something. Its settings are environment variables, as its own are.

As released, its Step Functions share one set of variables and one `State` among the branches of a Parallel, ignore a Parallel's
`Arguments`, `Output` and `Assign`, ignore the `Output` of a Succeed, and let one variable of an `Assign` see what another has just been given. Its IAM does not know which partitions a request to
DynamoDB names (`dynamodb:LeadingKeys`) nor which state machine a task token is of, and its policy simulator takes no context.
"""

import contextvars
import copy
import json
from concurrent.futures import ThreadPoolExecutor

import leading_keys
from ministack.app import main
from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam
from ministack.services import stepfunctions as emulated

released_branches = emulated._run_parallel_branches
released_output_path = emulated._apply_output_path


def run_branches(state, given, execution, context):
    if emulated._state_query_language(state, context) != "JSONata":
        return released_branches(state, given, execution, context)
    arguments = given
    if "Arguments" in state:
        arguments = emulated._apply_jsonata_template(state["Arguments"], given, context)

    def run(branch):
        own = copy.deepcopy(context)
        return emulated._run_sub_machine(branch["States"], branch["StartAt"], arguments, execution, own)

    branches = state["Branches"]
    with ThreadPoolExecutor(len(branches)) as pool:
        # The emulator keeps the account in context variables, which threads do not inherit.
        running = [pool.submit(contextvars.copy_context().run, run, branch) for branch in branches]
        results = [one.result() for one in running]
    output = emulated._apply_jsonata_output(state, given, context, result=results, default=results)
    emulated._apply_state_assign(state, given, context, result=results)
    return output, emulated._next_or_end(state)


def output_path(state, value, context=None):
    if state.get("Type") == "Succeed" and "Output" in state:
        return emulated._apply_jsonata_output(state, value, context)
    return released_output_path(state, value, context)


def state_assign(state, given, context, result=None, error_output=None):
    """All values are those of before: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html"""
    if context is None or emulated._state_query_language(state, context) != "JSONata":
        return
    assigned = state.get("Assign")
    if isinstance(assigned, dict):
        evaluated = emulated._apply_jsonata_template(assigned, given, context, result=result, error_output=error_output)
        context.setdefault("variables", {}).update(evaluated)


released_task = emulated._execute_task
released_callback = emulated._invoke_with_callback
released_resource = iam_actions.extract_resource_arn
current_machine = contextvars.ContextVar("current_machine")
# State machines of task tokens.
machines = {}


def execute_task(state, given, execution, context):
    current_machine.set(execution["stateMachineArn"])
    return released_task(state, given, execution, context)


def invoke_with_callback(resource, given, token, state):
    machines[token] = current_machine.get()
    return released_callback(resource, given, token, state)


def resource_arn(service, method, path, headers, body, *more):
    if service == "states" and b'"taskToken"' in body:
        return machines.get(json.loads(body)["taskToken"], "*")
    return released_resource(service, method, path, headers, body, *more)


class TransactedTable(str):
    """The ARN of a table that one item of a transaction is in, with that item's partitions."""

    partitions = ()


released_context = iam_actions.dynamodb_service_context
released_checks = iam_actions.dynamodb_transaction_checks
released_enforce = iam_evaluator.enforce
released_evaluate = iam_evaluator.evaluate
asked_context = contextvars.ContextVar("asked_context", default={})


def dynamodb_context(body):
    found = leading_keys.of_request(body)
    return {**released_context(body), **({"dynamodb:LeadingKeys": found} if found else {})}


def transaction_checks(action, body, region, account):
    checks = []
    partitions = leading_keys.of_transaction(body)
    for (item_action, table), found in zip(released_checks(action, body, region, account), partitions, strict=False):
        table = TransactedTable(table)
        table.partitions = found
        checks.append((item_action, table))
    return checks


def enforce(access_key, action, service, region, resource_arn="*", service_context=None):
    if isinstance(resource_arn, TransactedTable):
        service_context = {**(service_context or {}), "dynamodb:LeadingKeys": resource_arn.partitions}
    return released_enforce(access_key, action, service, region, resource_arn, service_context)


def evaluate(context, policies, *limits):
    context.service_context.update(asked_context.get())
    return released_evaluate(context, policies, *limits)


def simulate(released):
    def answer(parameters):
        entries, number = {}, 1
        while name := iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyName"):
            value = iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyValues.member.1")
            entries[name.lower()] = [value]
            number += 1
        token = asked_context.set(entries)
        try:
            return released(parameters)
        finally:
            asked_context.reset(token)

    return answer


emulated._run_parallel_branches = run_branches
emulated._apply_output_path = output_path
emulated._apply_state_assign = state_assign
emulated._execute_task = execute_task
emulated._invoke_with_callback = invoke_with_callback
iam_actions.extract_resource_arn = resource_arn
iam_actions.dynamodb_service_context = dynamodb_context
iam_actions.dynamodb_transaction_checks = transaction_checks
iam_evaluator.enforce = enforce
iam_evaluator.evaluate = evaluate
for operation in ("SimulatePrincipalPolicy", "SimulateCustomPolicy"):
    iam._IAM_HANDLERS[operation] = simulate(iam._IAM_HANDLERS[operation])

if __name__ == "__main__":
    main()
