"""What the deployed roles may do, asked of IAM's policy simulator, as the emulator answers it. Each rule is also asked of a copy
of the roles' policies in which a mistake was made, and must then fail."""

import json
import re
from dataclasses import dataclass
from typing import Callable

import boto3
from botocore.exceptions import ClientError

from stage import ACCOUNT, PREFIX, REGION

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{PREFIX}"
MODEL_CALLERS = {
    "analyze_codebase",
    "generate_code_implementation",
    "generate_documentation",
    "generate_implementation_plan",
    "generate_text",
    "think",
}
# Besides these, what opens an agent's session or estimates a plan finds out which model will work, and at what price.
MODEL_READERS = MODEL_CALLERS | {"open_session", "review_plan"}
SECRETLESS = {"answer_session", "await_budget", "await_event", "await_provider", "list_effects", "run_tools", "sockets"}
# Partitions with what tasks, people, projects and workflows may still spend, and have spent.
MONEY = ("TASK", "PERSON", "PROJECT", "SPEND")


@dataclass(frozen=True)
class Request:
    role: str
    action: str
    resource: str
    partition: str | None = None


@dataclass(frozen=True)
class Rule:
    says: str
    # Requests, and whether each must be allowed.
    expected: dict[Request, bool]
    # A mistake in one role's policies that must break the rule.
    mistaken_role: str
    mistake: Callable[[dict], dict]


class Simulator:
    """The roles of the stage, by what they are for: a function's name, or `workflow <name>`."""

    def __init__(self, stage):
        self.iam = stage.client("iam")
        roles = self.iam.list_roles(MaxItems=1000)["Roles"]
        self.roles = {}
        for role in roles:
            words = role.get("Description", "")
            if words.startswith(f"What {PREFIX}-"):
                self.roles[words.removeprefix(f"What {PREFIX}-").removesuffix(" may do")] = role
            elif words.startswith("What the workflow "):
                self.roles["workflow " + words.removeprefix("What the workflow ").removesuffix(" may call")] = role
        secrets = stage.client("secretsmanager").list_secrets(MaxResults=100)["SecretList"]
        self.secrets = {one["Name"].removeprefix(f"{PREFIX}/"): one["ARN"] for one in secrets if one["Name"].startswith(PREFIX)}
        machines = stage.client("stepfunctions").list_state_machines()["stateMachines"]
        self.machines = {one["name"].removeprefix(f"{PREFIX}-"): one["stateMachineArn"] for one in machines}
        self.functions = [name for name in self.roles if not name.startswith("workflow ")]

    def allowed(self, requests):
        """Whether each request is allowed to its role."""
        return self.ask(requests, lambda role: {"PolicySourceArn": self.roles[role]["Arn"]}, self.iam.simulate_principal_policy)

    def allowed_mistaken(self, requests, mistake):
        """The same, where every statement of the roles' policies had been written with a mistake."""

        def policies(role):
            documents = []
            for _, document in self.policies_of(role):
                document["Statement"] = [mistake(dict(statement)) for statement in document["Statement"]]
                documents.append(json.dumps(document))
            return {"PolicyInputList": documents}

        return self.ask(requests, policies, self.iam.simulate_custom_policy)

    def policies_of(self, role):
        """Names and documents."""
        name = self.roles[role]["RoleName"]
        for policy in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
            yield policy, self.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]

    def ask(self, requests, policies, simulate):
        """One question for all actions of a role on a resource."""
        actions = {}
        for request in requests:
            actions.setdefault((request.role, request.resource, request.partition), []).append(request)
        decisions = {}
        for (role, resource, partition), same in actions.items():
            question = {"ActionNames": [request.action for request in same], "ResourceArns": [resource]}
            if partition:
                entry = {"ContextKeyName": "dynamodb:LeadingKeys", "ContextKeyType": "stringList"}
                question["ContextEntries"] = [{**entry, "ContextKeyValues": [f"{partition}#1"]}]
            results = simulate(**policies(role), **question)["EvaluationResults"]
            by_action = {result["EvalActionName"]: result["EvalDecision"] == "allowed" for result in results}
            decisions |= {request: by_action[request.action] for request in same}
        return decisions


def any_secret(statement):
    return {**statement, "Resource": "*"} if "secretsmanager:GetSecretValue" in as_list(statement["Action"]) else statement


def without_conditions(statement):
    statement.pop("Condition", None)
    return statement


def any_resource(statement):
    return {**statement, "Resource": "*"}


def any_action_of_its_service(statement):
    services = {action.split(":")[0] for action in as_list(statement["Action"])}
    return {**statement, "Action": [f"{service}:*" for service in services], "Resource": "*"}


def anything(statement):
    return {**statement, "Action": "*", "Resource": "*"}


def as_list(value):
    return value if isinstance(value, list) else [value]


def secret_rules(simulator):
    read = "secretsmanager:GetSecretValue"

    def readers(secret, roles, expected):
        return {Request(role, read, simulator.secrets[secret]): expected for role in roles}

    everybody = set(simulator.functions)
    signing = readers("signing", {"webhooks"}, True) | readers("signing", everybody - {"webhooks"}, False)
    yield Rule("only webhooks reads what deliveries are signed with", signing, "events", any_secret)
    tokens = {}
    for secret in ("work", "repository", "models"):
        tokens |= readers(secret, {"webhooks"}, False)
    yield Rule("webhooks reads no provider's token", tokens, "webhooks", any_secret)
    models = readers("models", MODEL_READERS, True) | readers("models", everybody - MODEL_READERS, False)
    yield Rule("only what calls a model reads a model's key", models, "create_branch", any_secret)
    # What opens a session reads the files of its ticket. It calls no model.
    work = readers("work", MODEL_READERS - {"open_session"} | SECRETLESS, False)
    yield Rule("what calls a model cannot write to tickets, chat and pages", work, "generate_text", any_secret)
    nothing = {}
    for secret in simulator.secrets:
        nothing |= readers(secret, SECRETLESS, False)
    yield Rule("what needs no secret reads none", nothing, "list_effects", anything)


def table_rules(simulator):
    def writing(roles, partitions, expected):
        return {
            Request(role, f"dynamodb:{operation}", TABLE, partition): expected
            for role in roles
            for partition in partitions
            for operation in ("PutItem", "UpdateItem", "DeleteItem")
        }

    others = set(simulator.functions) - MODEL_CALLERS - {"api", "events", "webhooks"}
    money = writing(MODEL_CALLERS, MONEY, True) | writing(others, MONEY, False) | writing({"api", "webhooks"}, ["PERSON", "SPEND"], False)
    yield Rule("only what calls a model, and what settles for it, writes budgets", money, "list_effects", without_conditions)
    waiters = {"await_budget", "await_capacity", "await_event", "await_provider", "request_approval", "api", "events", "webhooks"}
    waiting = writing(waiters, ["WAITER"], True) | writing(set(simulator.functions) - waiters, ["WAITER"], False)
    yield Rule("only what parks or answers writes waiters", waiting, "list_effects", without_conditions)
    places = {"await_capacity", "events"}
    reviewing = writing(places, ["CAPACITY"], True) | writing(set(simulator.functions) - places, ["CAPACITY"], False)
    yield Rule("only what waits for reviewers, and what lets it pass, writes their places", reviewing, "list_effects", without_conditions)
    configuration = writing(simulator.functions, ["DOCUMENT"], False)
    yield Rule("no function writes configuration, routes, prompts or agents", configuration, "webhooks", without_conditions)
    # Ticket text and file contents, which untrusted deliveries have no business with.
    stored = {Request("webhooks", "dynamodb:GetItem", TABLE, "STORED"): False}
    # It reads the journal, to show what an undo would take back.
    journal = writing({"webhooks"}, ["RUN"], False)
    yield Rule("webhooks reads no stored text, and changes no journal", stored | journal, "webhooks", without_conditions)
    whole = {
        Request(role, f"dynamodb:{operation}", TABLE): False
        for role in simulator.roles
        for operation in ("Scan", "DeleteTable", "UpdateTable", "ExportTableToPointInTime")
    }
    yield Rule("nobody reads or removes the table as a whole", whole, "events", any_action_of_its_service)


def call_rules(simulator):
    machine, function = simulator.machines["development"], f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-get_task"
    answering = {
        Request(role, f"states:{operation}", machine): role == "events"
        for role in simulator.roles
        for operation in ("SendTaskSuccess", "SendTaskFailure")
    }
    yield Rule("only events answers what is parked", answering, "webhooks", any_action_of_its_service)
    starting = {
        Request(role, "states:StartExecution", machine): role in ("api", "webhooks", "events") for role in simulator.functions
    }
    yield Rule("only api, webhooks and events start executions", starting, "get_task", anything)
    invoking = {Request(role, "lambda:InvokeFunction", function): False for role in simulator.functions}
    yield Rule("no function calls another", invoking, "webhooks", anything)
    changing = {
        Request(role, action, "*"): False
        for role in simulator.roles
        for action in ("lambda:UpdateFunctionCode", "secretsmanager:PutSecretValue", "iam:PassRole", "sts:AssumeRole")
    }
    yield Rule("nobody changes code, secrets or roles", changing, "events", anything)


def key_rules(simulator, stage):
    aliases = stage.client("kms").list_aliases()["Aliases"]
    [key] = [alias["TargetKeyId"] for alias in aliases if alias["AliasName"] == f"alias/{PREFIX}-evidence"]
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"
    signing = {Request(role, "kms:Sign", arn): role == "events" for role in simulator.functions}
    yield Rule("only events has evidence signed", signing, "api", anything)


def socket_rules(simulator, stage):
    apis = stage.client("apigatewayv2").get_apis()["Items"]
    [api] = [api["ApiId"] for api in apis if api["Name"] == f"{PREFIX}-sockets"]
    sending = {
        Request(role, "execute-api:ManageConnections", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/live/{method}/@connections/c"): role == "events"
        for role in simulator.functions
        for method in ("POST", "DELETE")
    }
    yield Rule("only events sends to sockets and closes them", sending, "api", anything)
    others = {Request("sockets", "dynamodb:GetItem", TABLE, partition): False for partition in ("EXECUTION", "FEED", "IDENTITY", "TOKEN")}
    yield Rule("what lets readers in sees nothing that they follow", others, "sockets", without_conditions)


def workflow_rules(simulator, stage):
    """A workflow's role calls exactly the functions that its definition names, and touches nothing else."""
    step_functions = stage.client("stepfunctions")
    for workflow, machine in simulator.machines.items():
        definition = step_functions.describe_state_machine(stateMachineArn=machine)["definition"]
        role, expected = f"workflow {workflow}", {}
        for name in simulator.functions:
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-{name}"
            named = re.search(re.escape(arn) + r"\b", definition)
            expected[Request(role, "lambda:InvokeFunction", arn)] = named is not None
        for secret in simulator.secrets.values():
            expected[Request(role, "secretsmanager:GetSecretValue", secret)] = False
        expected[Request(role, "dynamodb:GetItem", TABLE, "EXECUTION")] = False
        assert set(expected.values()) == {True, False}, workflow
        yield Rule(f"{workflow} calls what it names", expected, role, any_resource)


def real_requests_are_judged_alike(stage, simulator):
    """Somebody with the policies of `list_effects` asks DynamoDB itself: the simulator's answers are those that requests get."""
    user = "probe"
    simulator.iam.create_user(UserName=user)
    for name, document in simulator.policies_of("list_effects"):
        simulator.iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(document))
    key = simulator.iam.create_access_key(UserName=user)["AccessKey"]
    names = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    dynamodb = boto3.client("dynamodb", endpoint_url=stage.aws, region_name=REGION, **names)

    def denied(operation, **request):
        try:
            operation(**request)
        except ClientError as error:
            return error.response["Error"]["Code"] == "AccessDeniedException"
        return False

    def item(partition):
        return {"TableName": PREFIX, "Item": {"pk": {"S": f"{partition}#probe"}, "sk": {"S": "PROBE"}}}

    def transaction(*partitions):
        return {"TransactItems": [{"Put": item(partition)} for partition in partitions]}

    assert denied(dynamodb.put_item, **item("PERSON"))
    assert denied(dynamodb.transact_write_items, **transaction("EXECUTION", "PERSON"))
    assert not denied(dynamodb.put_item, **item("EXECUTION"))
    assert not denied(dynamodb.transact_write_items, **transaction("EXECUTION", "RUN"))
    for partition in ("EXECUTION", "RUN"):
        dynamodb.delete_item(TableName=PREFIX, Key=item(partition)["Item"])


def judge(stage):
    """Checks every rule, and that each can fail; gives how many questions were asked."""
    simulator = Simulator(stage)
    asked, problems = 0, []
    rules = [*secret_rules(simulator), *table_rules(simulator), *call_rules(simulator), *key_rules(simulator, stage), *socket_rules(simulator, stage), *workflow_rules(simulator, stage)]
    for rule in rules:
        asked += len(rule.expected)
        decisions = simulator.allowed(rule.expected)
        wrong = [request for request, expected in rule.expected.items() if decisions[request] != expected]
        if wrong:
            problems.append((rule.says, wrong))
            continue
        concerned = [request for request in rule.expected if request.role == rule.mistaken_role]
        decisions = simulator.allowed_mistaken(concerned, rule.mistake)
        broken = [request for request in concerned if decisions[request] != rule.expected[request]]
        if not broken:
            problems.append(f"a mistake in the policies of {rule.mistaken_role} does not break: {rule.says}")
    assert not problems, problems
    real_requests_are_judged_alike(stage, simulator)
    return len(rules), asked
