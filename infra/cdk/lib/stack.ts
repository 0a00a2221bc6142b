// One stage of Ticketsmith: a loop over the functions and the workflows.
import { CfnOutput, Duration, RemovalPolicy, Stack, Tags, type StackProps } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as iam from "aws-cdk-lib/aws-iam";
import * as kms from "aws-cdk-lib/aws-kms";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import * as sqs from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { acknowledge } from "./acknowledged.ts";
import { webhooksApi } from "./api.ts";
import { eventSources } from "./event_sources.ts";
import type { Generated } from "./generated.ts";
import { lambdaFunction } from "./functions.ts";
import { observability } from "./observability.ts";
import type { Settings } from "./settings.ts";
import { stateMachines, workflowArn } from "./state_machines.ts";

/** What functions share. */
export interface Resources {
  table: dynamodb.Table;
  undelivered: sqs.Queue;
  secrets: Record<string, secretsmanager.CfnSecret>;
  key?: kms.Key;
}

export interface TicketsmithProps extends StackProps {
  settings: Settings;
  generated: Generated;
}

export class TicketsmithStack extends Stack {
  constructor(scope: Construct, id: string, props: TicketsmithProps) {
    super(scope, id, { description: "Ticketsmith turns tickets into pull requests", ...props });
    const { settings, generated } = props;
    Tags.of(this).add("application", "ticketsmith");
    Tags.of(this).add("stage", settings.stage);
    if (settings.permissionsBoundary) {
      const policy = iam.ManagedPolicy.fromManagedPolicyName(this, "Boundary", settings.permissionsBoundary);
      iam.PermissionsBoundary.of(this).apply(policy);
    }

    const resources = this.resources(settings, generated.secrets);
    const functions = Object.fromEntries(
      Object.entries(generated.functions).map(([name, entry]) => [
        name,
        lambdaFunction(this, name, entry, resources, settings),
      ]),
    );
    const { webhooks, events } = functions;
    if (!webhooks || !events) throw new Error("functions.json names no `webhooks` or no `events`");
    const machines = stateMachines(this, generated, functions, settings);
    for (const machine of machines) {
      machine.grantStartExecution(webhooks);
      machine.grantStartExecution(events);
      machine.grant(events, "states:SendTaskFailure", "states:SendTaskSuccess");
    }
    const names = generated.workflows.map((workflow) => workflow.name);
    events.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ["states:DescribeExecution", "states:DescribeStateMachineForExecution", "states:StopExecution"],
        resources: names.map((name) => `${workflowArn(this, settings, "execution", name)}:*`),
      }),
    );
    const api = webhooksApi(this, webhooks, settings);
    eventSources(this, events, machines, generated.schedules, resources);
    observability(this, { api, functions, machines, workflows: names, resources, settings });
    acknowledge(this, settings, events, names);

    new CfnOutput(this, "ApiUrl", { value: api.apiEndpoint });
    new CfnOutput(this, "TableName", { value: resources.table.tableName });
  }

  private resources(settings: Settings, bundles: string[]): Resources {
    const removalPolicy = settings.records === "destroy" ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const key = settings.customerManagedKey
      ? new kms.Key(this, "Key", { alias: settings.prefix, enableKeyRotation: true, removalPolicy })
      : undefined;
    // Keys, index, stream and time to live are what shared/records/src/keys.rs says.
    const table = new dynamodb.Table(this, "Table", {
      tableName: settings.prefix,
      partitionKey: { name: "pk", type: dynamodb.AttributeType.STRING },
      sortKey: { name: "sk", type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: "expires_at",
      stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
      deletionProtection: settings.records === "retain",
      encryptionKey: key,
      removalPolicy,
    });
    table.addGlobalSecondaryIndex({
      indexName: "gsi1",
      partitionKey: { name: "gsi1pk", type: dynamodb.AttributeType.STRING },
      sortKey: { name: "gsi1sk", type: dynamodb.AttributeType.STRING },
      projectionType: dynamodb.ProjectionType.KEYS_ONLY,
    });
    const undelivered = new sqs.Queue(this, "Undelivered", {
      queueName: `${settings.prefix}-undelivered`,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      encryption: sqs.QueueEncryption.SQS_MANAGED,
    });
    const secret = (bundle: string) => {
      const secret = new secretsmanager.CfnSecret(this, `${bundle}-secret`, {
        name: `${settings.prefix}/${bundle}`,
        description: `Ticketsmith, stage ${settings.stage}: ${bundle}`,
        // Empty until somebody runs `ticketsmith secrets set`; a deployment never writes it again.
        secretString: "{}",
        kmsKeyId: key?.keyArn,
      });
      secret.applyRemovalPolicy(removalPolicy);
      return secret;
    };
    return { table, undelivered, key, secrets: Object.fromEntries(bundles.map((bundle) => [bundle, secret(bundle)])) };
  }
}
