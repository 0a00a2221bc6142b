// What is kept, for how long, and what is written to logs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Stage, everySetting, type Json } from "./synthesized.ts";

const usual = new Stage();
const every = new Stage(everySetting);

test("every log ends after the days that are set", () => {
  const week = new Stage({ logDays: "7" });
  for (const [stage, days] of [[usual, 30], [every, 30], [week, 7]] as const) {
    for (const [id, { Properties, DeletionPolicy }] of stage.of("AWS::Logs::LogGroup")) {
      assert.equal(Properties.RetentionInDays, days, id);
      assert.equal(DeletionPolicy, "Delete", id);
    }
  }
});

test("no function and no state machine logs anywhere else", () => {
  for (const stage of [usual, every]) {
    const groups = new Map(stage.of("AWS::Logs::LogGroup").map(([id, { Properties }]) => [id, Properties.LogGroupName]));
    for (const { name, made } of stage.functions()) {
      const { LogGroup: group } = made.Properties.LoggingConfig as { LogGroup: { Ref: string } };
      assert.equal(groups.get(group.Ref), `/aws/lambda/${stage.settings.prefix}-${name}`);
    }
    for (const [id, { Properties }] of stage.of("AWS::StepFunctions::StateMachine")) {
      const logging = Properties.LoggingConfiguration as { IncludeExecutionData: boolean; Level: string; Destinations: Json[] };
      // The data of an execution is what tickets say.
      assert.deepEqual([logging.IncludeExecutionData, logging.Level], [false, "ALL"], id);
      assert.ok([...groups.keys()].some((group) => JSON.stringify(logging.Destinations).includes(`"${group}"`)), id);
    }
  }
});

test("access logs have no address, no query and no header of whoever asks", () => {
  for (const stage of [usual, every]) {
    const [, { Properties }] = stage.one("AWS::ApiGatewayV2::Stage", "StageName", "$default");
    const { Format: format } = Properties.AccessLogSettings as { Format: string };
    const known = ["requestTimeEpoch", "requestId", "path", "status", "responseLatency", "integrationErrorMessage"];
    const variables = [...format.matchAll(/\$context\.([\w.]+)/g)].map(([, name]) => name);
    assert.deepEqual(variables, known);
  }
});

test("records, secrets and keys outlive the stack unless somebody says otherwise", () => {
  const gone = new Stage({ records: "destroy" });
  for (const [stage, policy] of [[usual, "Retain"], [every, "Retain"], [gone, "Delete"]] as const) {
    for (const type of ["AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::KMS::Key"]) {
      for (const [id, { DeletionPolicy, UpdateReplacePolicy }] of stage.of(type)) assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], [policy, policy], id);
    }
    const [, { Properties: table }] = stage.one("AWS::DynamoDB::Table", "TableName", stage.settings.prefix);
    assert.equal(table.DeletionProtectionEnabled, policy === "Retain");
    assert.deepEqual(table.PointInTimeRecoverySpecification, { PointInTimeRecoveryEnabled: true });
    assert.deepEqual(table.TimeToLiveSpecification, { AttributeName: "expires_at", Enabled: true });
    // Items are never in the stream: whoever is told of a change may not see all of them.
    assert.deepEqual(table.StreamSpecification, { StreamViewType: "KEYS_ONLY" });
  }
});

test("no secret is in the template", () => {
  for (const stage of [usual, every]) {
    for (const [id, { Properties }] of stage.of("AWS::SecretsManager::Secret")) {
      assert.equal(Properties.SecretString, "{}", id);
      assert.equal(Properties.GenerateSecretString, undefined, id);
    }
    const known = ["EVIDENCE_KEY_ID", "METRICS_NAMESPACE", "SOCKETS_URL", "STATE_MACHINE_ARN_PREFIX", "TABLE_NAME"];
    for (const { name, made } of stage.functions()) {
      const { Variables: variables } = made.Properties.Environment as { Variables: Record<string, Json> };
      assert.deepEqual(Object.keys(variables).filter((variable) => !known.includes(variable)), [], name);
    }
  }
});

test("a customer-managed key encrypts the table and every secret, and is rotated", () => {
  const keys = every.of("AWS::KMS::Key").filter(([, { Properties }]) => Properties.EnableKeyRotation === true);
  assert.equal(keys.length, 1);
  const arn = { "Fn::GetAtt": [keys[0]?.[0], "Arn"] };
  const [, { Properties: table }] = every.one("AWS::DynamoDB::Table", "TableName", every.settings.prefix);
  assert.deepEqual(table.SSESpecification, { KMSMasterKeyId: arn, SSEEnabled: true, SSEType: "KMS" });
  for (const [id, { Properties }] of every.of("AWS::SecretsManager::Secret")) assert.deepEqual(Properties.KmsKeyId, arn, id);
});

test("the public address takes no more requests than are set", () => {
  const [, { Properties }] = new Stage({ deliveriesPerSecond: "3" }).one("AWS::ApiGatewayV2::Stage", "StageName", "$default");
  assert.deepEqual(Properties.DefaultRouteSettings, { ThrottlingBurstLimit: 6, ThrottlingRateLimit: 3 });
});

test("every alarm reaches the address that is set", () => {
  for (const [id, { Properties }] of every.of("AWS::CloudWatch::Alarm")) assert.equal((Properties.AlarmActions as Json[])?.length, 1, id);
  const [, { Properties }] = every.one("AWS::SNS::Subscription", "Protocol", "email");
  assert.equal(Properties.Endpoint, everySetting.alertEmail);
});
