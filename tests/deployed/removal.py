"""What a destroyed stage leaves: the records and the secrets, where the stage is told to retain them, and nothing else."""

from stage import BUNDLES, PREFIX

SECRETS = sorted({f"{PREFIX}/{bundle}" for bundle in (*BUNDLES.values(), "sign-in", "signing")})


def named(names):
    return [name for name in names if PREFIX in name]


def left(stage):
    """Names of what is still there, by kind."""
    list_all = {
        "functions": [one["FunctionName"] for one in stage.client("lambda").list_functions()["Functions"]],
        "state machines": [one["name"] for one in stage.client("stepfunctions").list_state_machines()["stateMachines"]],
        "roles": [one["RoleName"] for one in stage.client("iam").list_roles(MaxItems=1000)["Roles"]],
        "APIs": [one["Name"] for one in stage.client("apigatewayv2").get_apis()["Items"]],
        "queues": stage.client("sqs").list_queues().get("QueueUrls", []),
        "rules": [one["Name"] for one in stage.client("events").list_rules()["Rules"]],
        "schedules": [one["Name"] for one in stage.client("scheduler").list_schedules()["Schedules"]],
        "alarms": [one["AlarmName"] for one in stage.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "log groups": [one["logGroupName"] for one in stage.client("logs").describe_log_groups()["logGroups"]],
        "tables": stage.client("dynamodb").list_tables()["TableNames"],
        "secrets": [one["Name"] for one in stage.client("secretsmanager").list_secrets(MaxResults=100)["SecretList"]],
    }
    return {kind: sorted(named(names)) for kind, names in list_all.items() if named(names)}


def judge(stage):
    before = left(stage)
    kinds = {"functions", "state machines", "roles", "APIs", "queues", "rules", "schedules", "alarms", "log groups"}
    assert kinds | {"tables", "secrets"} == set(before), before
    records = stage.client("dynamodb").describe_table(TableName=PREFIX)["Table"]["ItemCount"]
    assert records > 0
    stage.destroy()
    after = left(stage)
    assert after == {"tables": [PREFIX], "secrets": SECRETS}, after
    assert stage.client("dynamodb").describe_table(TableName=PREFIX)["Table"]["ItemCount"] == records
