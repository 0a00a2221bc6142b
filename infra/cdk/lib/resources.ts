// The functions' shared resources: the table, the secrets, the dead-letter queue, and the key that encrypts them.
import { Duration, RemovalPolicy, type Stack } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as kms from "aws-cdk-lib/aws-kms";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import * as sqs from "aws-cdk-lib/aws-sqs";
import type { Settings } from "./settings.ts";

export interface Resources {
  table: dynamodb.Table;
  undelivered: sqs.Queue;
  /** The secrets, by the names of their bundles. */
  secrets: Record<string, secretsmanager.CfnSecret>;
  key?: kms.Key;
  /** Signs the evidence of pull requests. Its private part never leaves KMS. */
  evidenceKey: kms.Key;
}

export function sharedResources(stack: Stack, settings: Settings, bundles: string[]): Resources {
  const removalPolicy = settings.records === "destroy" ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
  const key = settings.customerManagedKey
    ? new kms.Key(stack, "Key", { alias: settings.prefix, enableKeyRotation: true, removalPolicy })
    : undefined;
  const evidenceKey = new kms.Key(stack, "EvidenceKey", {
    alias: `${settings.prefix}-evidence`,
    description: `Ticketsmith, stage ${settings.stage}: signs the evidence of pull requests`,
    keySpec: kms.KeySpec.ECC_NIST_P256,
    keyUsage: kms.KeyUsage.SIGN_VERIFY,
    removalPolicy,
  });
  // Keys, index, stream and time to live follow shared/records/src/keys.rs.
  const table = new dynamodb.Table(stack, "Table", {
    tableName: settings.prefix,
    partitionKey: { name: "pk", type: dynamodb.AttributeType.STRING },
    sortKey: { name: "sk", type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    timeToLiveAttribute: "expires_at",
    // Readers of the stream read the item itself.
    stream: dynamodb.StreamViewType.KEYS_ONLY,
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
  const undelivered = new sqs.Queue(stack, "Undelivered", {
    queueName: `${settings.prefix}-undelivered`,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
    encryption: sqs.QueueEncryption.SQS_MANAGED,
  });
  const secret = (bundle: string) => {
    const secret = new secretsmanager.CfnSecret(stack, `${bundle}-secret`, {
      name: `${settings.prefix}/${bundle}`,
      description: `Ticketsmith, stage ${settings.stage}: ${bundle}`,
      // Empty until somebody runs `ticketsmith secrets set`; a deployment never writes it again.
      secretString: "{}",
      kmsKeyId: key?.keyArn,
    });
    secret.applyRemovalPolicy(removalPolicy);
    return secret;
  };
  return { table, undelivered, key, evidenceKey, secrets: Object.fromEntries(bundles.map((bundle) => [bundle, secret(bundle)])) };
}
