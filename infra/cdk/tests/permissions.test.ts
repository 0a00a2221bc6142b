// Nobody may do more than functions.json says. `permissions.snap.md` shows it to people; this refuses what no review should let through.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionEntry } from "../lib/generated.ts";
import type { Settings } from "../lib/settings.ts";
import { Stage, actionsOf, allowed, everySetting, isPublic, resourcesOf, roleOf, type Json } from "./synthesized.ts";

// AWS does these for a function or a state machine without knowing a resource.
const tracing = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
const sampling = ["xray:GetSamplingRules", "xray:GetSamplingTargets"];
const deliveringLogs = [
  "logs:CreateLogDelivery",
  "logs:DeleteLogDelivery",
  "logs:DescribeLogGroups",
  "logs:DescribeResourcePolicies",
  "logs:GetLogDelivery",
  "logs:ListLogDeliveries",
  "logs:PutResourcePolicy",
  "logs:UpdateLogDelivery",
];
const interfaces = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];
const reading = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:Query"];
const writing = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
const following = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];

const givingUp = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"];

/** Everything that a function may do, from what it says of itself. */
function expected(entry: FunctionEntry, settings: Settings): string[] {
  const models = settings.accountModels.length > 0 && entry.plugins.includes("ai_provider");
  const monitoring = settings.accountMonitoring !== undefined && entry.plugins.includes("monitoring");
  const follows = entry.sources.some(({ type }) => type === "table_stream");
  const all = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    ...tracing,
    ...reading,
    ...(entry.writes.length > 0 ? writing : []),
    ...(entry.secrets.length > 0 ? ["secretsmanager:GetSecretValue"] : []),
    ...(entry.signs_evidence ? ["kms:GetPublicKey", "kms:Sign"] : []),
    ...(settings.customerManagedKey ? ["kms:Decrypt", "kms:GenerateDataKey"] : []),
    ...(follows ? [...following, ...givingUp, ...(settings.customerManagedKey ? ["kms:DescribeKey"] : [])] : []),
    ...(entry.sockets === "push" ? ["execute-api:ManageConnections"] : []),
    ...[...entry.state_machine_operations, ...entry.execution_operations].map((operation) => `states:${operation}`),
    ...(settings.network && entry.in_network ? interfaces : []),
    ...(models ? ["bedrock:CountTokens", "bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"] : []),
    ...(monitoring ? ["cloudwatch:GetMetricData", "cloudwatch:PutMetricData", "events:PutEvents"] : []),
  ];
  return [...new Set(all)].sort();
}

for (const [title, context] of [["by default", {}], ["with every setting", everySetting]] as const) {
  const stage = new Stage(context);
  const { settings } = stage;
  const functions = stage.functions();
  const [table] = stage.one("AWS::DynamoDB::Table", "TableName", settings.prefix);
  const roles = stage.of("AWS::IAM::Role");

  test(`a function may do what functions.json says of it and nothing else, ${title}`, () => {
    for (const { name, entry, statements } of functions) assert.deepEqual(allowed(statements), expected(entry, settings), name);
  });

  test(`what a role allows fits into its own policy, ${title}`, () => {
    // infra/deployer makes no managed policies, so a stage that has one could not be deployed with it.
    const managed = Object.entries(stage.resources).filter(([, { Type }]) => Type === "AWS::IAM::ManagedPolicy");
    assert.deepEqual(managed.map(([id]) => id), []);
  });

  test(`no action is a wildcard, and every resource is named unless AWS knows none, ${title}`, () => {
    const withoutResource = new Set([...tracing, ...sampling, ...deliveringLogs, ...interfaces, "dynamodb:ListStreams"]);
    for (const [id] of roles) {
      const statements = stage.statements(id);
      assert.ok(statements.length > 0, `${id} may do nothing`);
      for (const statement of statements) {
        assert.equal(statement.Effect, "Allow", id);
        for (const action of actionsOf(statement)) assert.doesNotMatch(action, /\*/, id);
        if (!resourcesOf(statement).includes("*")) continue;
        // Metrics have no resource either, but their namespace is a condition.
        const named = Object.keys(statement.Condition?.StringEquals ?? {}).includes("cloudwatch:namespace");
        const open = actionsOf(statement).filter((action) => !withoutResource.has(action) && !(named && action === "cloudwatch:PutMetricData"));
        assert.deepEqual(open.filter((action) => action !== "cloudwatch:GetMetricData"), [], id);
      }
    }
  });

  test(`the table is reached by partitions that are named, and never scanned, ${title}`, () => {
    for (const { name, entry, statements } of functions) {
      const kinds = (some: string[]) => some.map((kind) => `${kind}#*`);
      const grants = statements
        .filter((statement) => actionsOf(statement).some((action) => [...reading, ...writing].includes(action)))
        .map((statement) => [actionsOf(statement), resourcesOf(statement), Object.values(statement.Condition ?? {})] as unknown as Json);
      const arn = { "Fn::GetAtt": [table, "Arn"] };
      const keys = (values: string[]): Json => [{ "dynamodb:LeadingKeys": values.length === 1 ? (values as Json) : values }];
      const wanted: Json[] = [[reading, [arn], keys(kinds(entry.reads))]];
      if (entry.writes.length > 0) wanted.push([writing, [arn], keys(kinds(entry.writes))]);
      if (entry.lists.length > 0) wanted.push([["dynamodb:Query"], [{ "Fn::Join": ["", [arn, "/index/gsi1"]] }], keys(entry.lists)]);
      assert.deepEqual(grants, wanted, name);
      assert.ok([...entry.reads, ...entry.writes].every((kind) => /^[A-Z]+$/.test(kind)), name);
    }
  });

  test(`a function steers the workflows of its stage alone, ${title}`, () => {
    const machines = stage.of("AWS::StepFunctions::StateMachine").map(([Ref]) => ({ Ref }));
    for (const { name, entry, statements } of functions) {
      const of = (operations: string[]) =>
        statements.filter((statement) => actionsOf(statement).some((action) => operations.includes(action.replace("states:", "")))).flatMap(resourcesOf);
      const sorted = (some: Json[]) => some.map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(sorted(of(entry.state_machine_operations)), entry.state_machine_operations.length > 0 ? sorted(machines) : [], name);
      const ofExecutions = of(entry.execution_operations).map((arn) => (arn as { "Fn::Join": [string, Json[]] })["Fn::Join"][1].at(-1));
      const named = stage.generated.workflows.map((workflow) => `:execution:${settings.prefix}-${workflow.name}:*`);
      assert.deepEqual(ofExecutions, entry.execution_operations.length > 0 ? named : [], name);
    }
  });

  test(`a function reads the secrets that it names, ${title}`, () => {
    for (const { name, entry, statements } of functions) {
      const read = statements.filter((statement) => actionsOf(statement).includes("secretsmanager:GetSecretValue")).flatMap(resourcesOf);
      const named = entry.secrets.map((bundle) => {
        const [id] = stage.one("AWS::SecretsManager::Secret", "Name", `${settings.prefix}/${bundle}`);
        return { "Fn::GetAtt": [id, "Id"] };
      });
      assert.deepEqual(read, named, name);
    }
  });

  test(`what strangers reach holds no provider's token and decides nothing that waits, ${title}`, () => {
    const open = functions.filter(({ entry }) => isPublic(entry));
    assert.ok(open.length >= 3, "webhooks, the API and the sockets are public");
    for (const { name, entry, statements } of open) {
      assert.deepEqual(entry.plugins, [], name);
      assert.ok(entry.secrets.every((bundle) => bundle === "signing" || bundle === "sign-in"), name);
      assert.deepEqual(allowed(statements).filter((action) => action.startsWith("states:") && action !== "states:StartExecution"), [], name);
      assert.ok(!allowed(statements).some((action) => /^(kms:Sign|execute-api:|ec2:|sqs:|bedrock:)/.test(action)), name);
    }
    const deciding = ["states:SendTaskFailure", "states:SendTaskSuccess", "states:StopExecution"];
    const holders = functions.filter(({ statements }) => allowed(statements).some((action) => deciding.includes(action)));
    assert.equal(holders.length, 1, holders.map(({ name }) => name).join(", "));
  });

  test(`each role is one service's, and each function has its own, ${title}`, () => {
    const services = ["lambda.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com"];
    for (const [id, { Properties }] of roles) {
      const [statement, ...more] = (Properties.AssumeRolePolicyDocument as { Statement: Json[] }).Statement as { Action: string; Principal: Json }[];
      assert.deepEqual(more, [], id);
      assert.equal(statement?.Action, "sts:AssumeRole", id);
      assert.ok(services.some((Service) => JSON.stringify(statement?.Principal) === JSON.stringify({ Service })), id);
      // AWS's own policies allow more than a function needs, and change without us.
      assert.equal(Properties.ManagedPolicyArns, undefined, id);
      assert.equal(Properties.Policies, undefined, id);
      assert.equal(Properties.PermissionsBoundary !== undefined, settings.permissionsBoundary !== undefined, id);
    }
    assert.equal(new Set(functions.map(({ made }) => roleOf(made.Properties.Role))).size, functions.length);
  });

  test(`a function is invoked by what is in this stack, ${title}`, () => {
    const open = functions.filter(({ entry }) => isPublic(entry)).map(({ id }) => id);
    for (const [id, { Properties }] of stage.of("AWS::Lambda::Permission")) {
      assert.equal(Properties.Action, "lambda:InvokeFunction", id);
      const source = JSON.stringify(Properties.SourceArn ?? "");
      assert.ok(Object.keys(stage.resources).some((known) => source.includes(`"${known}"`)), `${id}: anything of ${Properties.Principal} may invoke it`);
      if (Properties.Principal === "apigateway.amazonaws.com") assert.ok(open.includes(roleOf(Properties.FunctionName)), id);
      else assert.equal(Properties.Principal, "events.amazonaws.com", id);
    }
  });

  test(`in the network is what calls services there, ${title}`, () => {
    for (const { name, entry, made } of functions) {
      assert.equal(made.Properties.VpcConfig !== undefined, settings.network !== undefined && entry.in_network, name);
      assert.ok(!(isPublic(entry) && entry.in_network), name);
    }
  });
}
