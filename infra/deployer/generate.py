#!/usr/bin/env python3
"""Writes the least-privilege policy for deploying the stack, from its synthesized template.

`execution.json` is what CloudFormation's execution role needs: of each type of resource in the template, the permissions that AWS's own
resource handlers declare (cfn-lint carries them), for the services of the stack alone and for resources of its names; `keys.json` is the
part of it about KMS. `person.json` is
what the person who runs `ticketsmith deploy` needs: to assume the roles of the CDK's bootstrap, and to write the configuration afterward.

    cdk synth --quiet --output OUT --context packages=none
    generate.py OUT/ticketsmith.template.json
"""
import json
import pathlib
import sys

import cfnlint

HERE = pathlib.Path(__file__).parent
SCHEMAS = pathlib.Path(cfnlint.__file__).parent / "data/schemas/resources"

# The names of the stack's resources, by service. All begin with the stage's prefix.
NAMES = {
    "apigateway": ["arn:aws:apigateway:*::/apis", "arn:aws:apigateway:*::/apis/*", "arn:aws:apigateway:*::/tags/*"],
    "budgets": ["arn:aws:budgets::*:budget/*"],
    "cloudwatch": ["arn:aws:cloudwatch:*:*:alarm:ticketsmith*", "arn:aws:cloudwatch::*:dashboard/ticketsmith*"],
    "dynamodb": ["arn:aws:dynamodb:*:*:table/ticketsmith*"],
    "events": ["arn:aws:events:*:*:rule/ticketsmith*"],
    "iam": ["arn:aws:iam::*:role/ticketsmith*"],
    # Ids of keys are random.
    "kms": ["arn:aws:kms:*:*:alias/ticketsmith*", "arn:aws:kms:*:*:key/*"],
    "lambda": ["arn:aws:lambda:*:*:function:ticketsmith*", "arn:aws:lambda:*:*:event-source-mapping:*"],
    "logs": ["arn:aws:logs:*:*:log-group:/aws/*/ticketsmith*", "arn:aws:logs:*:*:log-group:ticketsmith*"],
    "scheduler": ["arn:aws:scheduler:*:*:schedule/*/ticketsmith*"],
    "secretsmanager": ["arn:aws:secretsmanager:*:*:secret:ticketsmith*"],
    "sns": ["arn:aws:sns:*:*:ticketsmith*"],
    "sqs": ["arn:aws:sqs:*:*:ticketsmith*"],
    "states": ["arn:aws:states:*:*:stateMachine:ticketsmith*"],
}
# Not needed by deployments of this stack: people set its secrets later.
NEVER = {"secretsmanager:GetSecretValue", "dynamodb:ImportTable", "dynamodb:GetResourcePolicy", "dynamodb:PutResourcePolicy"}
# Only called for a property that a template may omit; reading stays, because handlers read everything.
OPTIONAL = {
    "AssociateRuntimeAlias": "RuntimeManagementConfig",
    "BatchWriteItem": "Replicas",
    "BearerToken": "BearerTokenAuthenticationEnabled",
    "CapacityProvider": "CapacityProviderConfig",
    "CodeSigningConfig": "CodeSigningConfigArn",
    "bleKey": "EnableKeyRotation",
    "ContributorInsights": "ContributorInsightsSpecification",
    "DataProtectionPolicy": "DataProtectionPolicy",
    "DeletionProtection": "DeletionProtectionEnabled",
    "GroupPolicy": "Groups",
    "IndexPolicy": "FieldIndexPolicies",
    "KinesisStreamingDestination": "KinesisStreamSpecification",
    "KmsKey": "KmsKeyId",
    "LayerVersion": "Layers",
    "LogDelivery": "LoggingConfiguration",
    "RecursionConfig": "RecursiveLoop",
    "RegionsFromReplication": "ReplicaRegions",
    "ReplicateSecretToRegions": "ReplicaRegions",
    "RuntimeManagementConfig": "RuntimeManagementConfig",
    "ScalingConfig": "FunctionScalingConfig",
    "TableReplica": "Replicas",
    "UserPolicy": "Users",
    "DeleteItem": "Replicas",
    "GetItem": "Replicas",
    "PutItem": "Replicas",
    "Query": "Replicas",
    "Scan": "Replicas",
    "UpdateItem": "Replicas",
}
# AWS's condition that a role is passed only to the services that the stack uses.
PASSED_TO = ["lambda.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com", "events.amazonaws.com", "apigateway.amazonaws.com"]


def handlers():
    """The permissions of each type's handlers, by the type's name."""
    declared = {}
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text())
        actions = [action for handler in schema.get("handlers", {}).values() for action in handler.get("permissions", [])]
        declared[schema["typeName"]] = set(actions)
    return declared


def is_used(verb, template):
    """Whether the template has the property that an action is called for."""
    reads = verb.startswith("Get") and not verb.endswith(("Item", "GroupPolicy", "UserPolicy", "LayerVersion"))
    needed = [name for word, name in OPTIONAL.items() if word in verb]
    return reads or all(f'"{name}"' in json.dumps(template) for name in needed)


def execution(template, keys):
    """For the types of KMS, or for all others: together they are too long for one policy."""
    types = sorted({resource["Type"] for resource in template["Resources"].values()} - {"AWS::CDK::Metadata"})
    types = [name for name in types if name.startswith("AWS::KMS::") == keys]
    declared = handlers()
    # Types that are older than resource handlers are in `OLDER`; their actions follow from AWS's own documentation.
    if without := [name for name in types if not declared.get(name) and name not in OLDER]:
        sys.exit(f"no handler declares permissions of {', '.join(without)}; add them to OLDER")
    of_type = {name: declared.get(name, set()) | OLDER.get(name, set()) for name in types}
    if unnamed := [name for name, actions in of_type.items() if not any(action.split(":")[0] in NAMES for action in actions)]:
        sys.exit(f"the service of {', '.join(unnamed)} is not in NAMES; add the ARNs of the stack's resources there")
    scoped, anywhere = {}, set()
    for name in types:
        for action in of_type[name]:
            service, verb = action.split(":")
            # Other types name KMS only for keys that encrypt.
            if service not in NAMES or (service == "kms") != keys or action in NEVER or action == "iam:PassRole" or not is_used(verb, template):
                continue
            if verb.startswith(("Describe", "List")) or action == "kms:CreateKey":
                anywhere.add(action)
            else:
                scoped.setdefault(service, set()).add(action)
    statements = [
        {"Sid": service.capitalize(), "Effect": "Allow", "Action": sorted(actions), "Resource": NAMES[service]}
        for service, actions in sorted(scoped.items())
    ]
    statements.append({"Sid": "Look", "Effect": "Allow", "Action": sorted(anywhere), "Resource": "*"})
    if keys:
        return {"Version": "2012-10-17", "Statement": statements}
    statements.append(
        {
            "Sid": "PassRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": NAMES["iam"],
            "Condition": {"StringEquals": {"iam:PassedToService": PASSED_TO}},
        }
    )
    # The code of the functions, in the bucket of the CDK's bootstrap.
    statements.append(
        {"Sid": "Assets", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::cdk-hnb659fds-assets-*/*"}
    )
    return {"Version": "2012-10-17", "Statement": statements}


# Permissions of types whose schemas declare none.
OLDER = {
    "AWS::IAM::Policy": {"iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy"},
    "AWS::ApiGatewayV2::Stage": {"apigateway:POST", "apigateway:PATCH", "apigateway:GET", "apigateway:DELETE", "apigateway:PUT"},
    "AWS::Budgets::Budget": {"budgets:ModifyBudget", "budgets:ViewBudget", "budgets:TagResource", "budgets:UntagResource"},
}


def person():
    def allow(sid, actions, resources):
        return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}

    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("Deploy", "sts:AssumeRole", "arn:aws:iam::*:role/cdk-hnb659fds-*"),
            allow("Bootstrap", "ssm:GetParameter", "arn:aws:ssm:*:*:parameter/cdk-bootstrap/*"),
            allow(
                "Configure",
                ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:UpdateItem"],
                NAMES["dynamodb"],
            ),
            allow("Secrets", ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], NAMES["secretsmanager"]),
            allow("Look", ["secretsmanager:ListSecrets"], "*"),
            allow("Functions", ["lambda:GetFunctionConfiguration"], NAMES["lambda"][:1]),
            allow("Evidence", ["kms:GetPublicKey"], NAMES["kms"][1:]),
        ],
    }


def write(path, policy):
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: white space does not count.
    size = len(json.dumps(policy, separators=(",", ":")))
    if size > 6144:
        sys.exit(f"{path.name}: {size} characters; a managed policy has at most 6144")
    path.write_text(json.dumps(policy, indent=2) + "\n")


def main():
    template = json.loads(pathlib.Path(sys.argv[1]).read_text())
    write(HERE / "execution.json", execution(template, keys=False))
    write(HERE / "keys.json", execution(template, keys=True))
    write(HERE / "person.json", person())


if __name__ == "__main__":
    main()
