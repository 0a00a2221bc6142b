// One Lambda function, and its role, which allows exactly what its entry says.
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import fs from "node:fs";
import path from "node:path";
import { askingModels } from "./account_models.ts";
import { monitoring } from "./account_monitoring.ts";
import type { FunctionEntry } from "./generated.ts";
import type { Resources } from "./resources.ts";
import { SettingError, type Settings } from "./settings.ts";
import { workflowArn } from "./workflow_arn.ts";

/** The id of the access logs of the public address. */
export const accessLogsId = "api-logs";

const reading = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:Query"];
// Lambda's actions on the function's behalf to join a network; they have no resources, since the interfaces do not exist yet:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
const interfaces = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];
const writing = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];

/** A function's description, and its deployment. */
export interface DeployedFunction {
  name: string;
  entry: FunctionEntry;
  lambda: lambda.Function;
}

export function deployFunction(
  stack: Stack,
  name: string,
  entry: FunctionEntry,
  resources: Resources,
  settings: Settings,
): DeployedFunction {
  const functionName = `${settings.prefix}-${name}`;
  const id = name.replaceAll("_", "-");
  // The access logs of the public address had their ID first; deployed stages keep it.
  const logsId = `${id}-logs` === accessLogsId ? `${id}-function-logs` : `${id}-logs`;
  const logGroup = new logs.LogGroup(stack, logsId, {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: settings.logDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new iam.Role(stack, `${id}-role`, {
    assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
    description: `What ${functionName} may do`,
  });
  logGroup.grantWrite(role);
  const allow = (actions: string[], resource: string, conditions?: iam.Conditions) =>
    role.addToPolicy(new iam.PolicyStatement({ actions, resources: [resource], conditions }));
  const partitions = (kinds: string[]) => ({
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": kinds.map((kind) => `${kind}#*`) },
  });
  allow(reading, resources.table.tableArn, partitions(entry.reads));
  if (entry.writes.length > 0) allow(writing, resources.table.tableArn, partitions(entry.writes));
  if (entry.lists.length > 0) {
    allow(["dynamodb:Query"], `${resources.table.tableArn}/index/gsi1`, {
      "ForAllValues:StringLike": { "dynamodb:LeadingKeys": entry.lists },
    });
  }
  for (const bundle of entry.secrets) {
    const secret = resources.secrets[bundle];
    if (!secret) throw new Error(`functions.json: ${name} reads \`${bundle}\`, which is no secret of a stage`);
    allow(["secretsmanager:GetSecretValue"], secret.attrId);
  }
  if (entry.signs_evidence) allow(["kms:GetPublicKey", "kms:Sign"], resources.evidenceKey.keyArn);
  resources.key?.grant(role, "kms:Decrypt", "kms:GenerateDataKey");
  const statements = [
    ...(entry.plugins.includes("ai_provider") ? askingModels(settings.accountModels) : []),
    ...(entry.plugins.includes("monitoring") && settings.accountMonitoring ? monitoring(settings.accountMonitoring) : []),
  ];
  for (const statement of statements) role.addToPolicy(statement);

  const made = new lambda.Function(stack, id, {
    functionName,
    runtime: lambda.Runtime.PROVIDED_AL2023,
    architecture: settings.architecture === "arm64" ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
    // The same file makes the same asset: all actions share one.
    code: lambda.Code.fromAsset(packageOf(entry.executable, settings)),
    handler: entry.handler,
    memorySize: entry.memory_megabytes,
    timeout: Duration.seconds(entry.timeout_seconds),
    reservedConcurrentExecutions: settings.concurrency(name),
    role,
    logGroup,
    tracing: lambda.Tracing.ACTIVE,
    environment: {
      TABLE_NAME: resources.table.tableName,
      ...(entry.signs_evidence ? { EVIDENCE_KEY_ID: resources.evidenceKey.keyArn } : {}),
      // Each stage has its own metrics.
      ...(settings.metrics ? { METRICS_NAMESPACE: settings.prefix } : {}),
      ...(entry.state_machine_operations.length > 0 ? { STATE_MACHINE_ARN_PREFIX: workflowArn(stack, settings, "stateMachine", "") } : {}),
    },
  });
  if (settings.network && entry.in_network) {
    (made.node.defaultChild as lambda.CfnFunction).vpcConfig = settings.network;
    allow(interfaces, "*");
  }
  return { name, entry, lambda: made };
}

function packageOf(executable: string, settings: Settings): string {
  // A stack that is only inspected or removed may have any code in its functions.
  if (!settings.packages) return settings.stateMachines;
  const file = path.join(settings.packages, executable, "bootstrap.zip");
  if (!fs.existsSync(file)) throw new SettingError(`${file} does not exist; build it with infra/package ${settings.architecture}`);
  return file;
}
