// The settings of a deployment: what is accepted, and how the rest is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingError } from "../lib/settings.ts";
import { Stage, everySetting } from "./synthesized.ts";

function refused(context: Record<string, unknown>, message: RegExp): void {
  assert.throws(
    () => new Stage(context as Record<string, string>),
    (error: unknown) => error instanceof SettingError && message.test(error.message),
    JSON.stringify(context),
  );
}

test("a setting that does not exist is refused, and the nearest one named", () => {
  refused({ customermanagedkey: "true" }, /^context customermanagedkey: no such setting; did you mean customerManagedKey\?$/);
  refused({ "permissions-boundary": "bound" }, /did you mean permissionsBoundary\?$/);
  refused({ create_branch_concurrency: "5" }, /did you mean createBranchConcurrency\?$/);
  refused({ nobodyConcurrency: "5" }, /no such setting; accepted: accountModels, .*, and FUNCTIONConcurrency for each function/);
});

test("the CDK's own settings are left alone", () => {
  new Stage({ "@aws-cdk/core:newStyleStackSynthesis": "true", "availability-zones:account=1:region=eu-west-1": "a", "cli-telemetry": "false" });
});

test("a value that a service would refuse, or take for another, is refused", () => {
  for (const [name, values] of Object.entries({
    accountModels: ["claude", ","],
    accountMonitoring: ["AWS/Lambda"],
    alertEmail: ["team", "a b@example.com"],
    architecture: ["arm"],
    customerManagedKey: ["yes", "TRUE"],
    deliveriesPerSecond: ["0", "0.5", "-1", "1e3", "Infinity"],
    logDays: ["0", "31", "10000", "Infinity"],
    metrics: ["off"],
    permissionsBoundary: ["arn:aws:iam::123456789012:policy/bound"],
    records: ["keep"],
    stage: ["Prod", "1st", "a_b", "a-name-of-seventeen"],
    subnets: ["vpc-1", ","],
    webhooksConcurrency: ["0", "1.5", "many"],
  })) {
    for (const value of [...values, "", " "]) refused({ [name]: value }, new RegExp(`^context ${name}: `));
  }
  for (const value of ["0", "0.00", "many", "1e9"]) refused({ alertEmail: "team@example.com", monthlyBudgetUsd: value }, /^context monthlyBudgetUsd: /);
  refused({ monthlyBudgetUsd: "50" }, /^context monthlyBudgetUsd: needs alertEmail$/);
  refused({ subnets: "subnet-0a1b2c3d" }, /^context subnets and securityGroups: /);
});

test("what is missing on this machine is named, with what writes it", () => {
  refused({ stateMachines: "/does/not/exist" }, /^context stateMachines: \/does\/not\/exist has no functions\.json; /);
  refused({ packages: "/does/not/exist" }, /bootstrap\.zip does not exist; build it with infra\/package arm64$/);
});

test("a file may give values of JSON's other types", () => {
  const { settings } = new Stage({ ...everySetting, customerManagedKey: true, logDays: 7, subnets: ["subnet-0a", "subnet-0b"] } as never);
  assert.deepEqual(
    [settings.customerManagedKey, settings.logDays, settings.network?.subnetIds],
    [true, 7, ["subnet-0a", "subnet-0b"]],
  );
});
