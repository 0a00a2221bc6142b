// The settings of a deployment, each given as `--context name=value`.
import { fileURLToPath } from "node:url";
import path from "node:path";
import type { Node } from "constructs";
import { isModel } from "./account_models.ts";

/** The repository's root, which contains the generated files and the packages. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Settings {
  /** The prefix of every name: `ticketsmith`, or `ticketsmith-dev` for the stage `dev`. */
  prefix: string;
  /** The stage; several can share an account. Default: `prod`. */
  stage: string;
  /** `arm64` (the default) or `x86_64`; the packages must have been built for it. */
  architecture: "arm64" | "x86_64";
  /** The folder of the packages `<executable>/bootstrap.zip`, or `none` if nothing is deployed. Default: `target/packages`. */
  packages?: string;
  /** The folder of the compiled workflows. Default: `statemachines`. */
  stateMachines: string;
  /** What happens to the records and secrets when the stack is deleted: `retain` (the default) or `destroy`. */
  records: "retain" | "destroy";
  /** Encrypt the table and the secrets with a customer-managed key. Default: `false`. */
  customerManagedKey: boolean;
  /** The name of a managed policy to use as the permissions boundary of every role. Default: none. */
  permissionsBoundary?: string;
  /**
   * The reserved concurrency of a function; the setting is its name plus `Concurrency`, as in `webhooksConcurrency`. It is taken from the
   * account's concurrency. Default: none.
   */
  concurrency: (name: string) => number | undefined;
  /** Deliveries per second that the public endpoint accepts. Default: 20, with bursts of twice as many. */
  deliveriesPerSecond: number;
  /**
   * Private subnets and their security groups, in which every function except the public one runs: for code hosts and trackers that are
   * reachable only from your own network. Each is a comma-separated list. Default: none.
   */
  network?: { subnetIds: string[]; securityGroupIds: string[] };
  /** The models and inference profiles of the account that functions may ask, a comma-separated list. Default: none. */
  accountModels: string[];
  /** The namespace in which functions may record a team's metrics; with it, they may read metrics and send events. Default: none. */
  accountMonitoring?: string;
  /** How many days logs are kept. Default: 30. */
  logDays: number;
  /** Record custom metrics in CloudWatch, which bills each combination of labels. Default: `true`. */
  metrics: boolean;
  /** The e-mail address that alarms are sent to. Default: none. */
  alertEmail?: string;
  /** The account's monthly budget in US dollars; an alert is sent at 80 %. Requires `alertEmail`. Default: none. */
  monthlyBudgetUsd?: number;
}

export function settingsOf(node: Node): Settings {
  const text = (name: string): string | undefined => node.tryGetContext(name);
  const number = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (!(Number(value) > 0)) throw new Error(`context ${name}: \`${value}\` is not a positive number`);
    return Number(value);
  };
  const oneOf = <T extends string>(name: string, accepted: readonly [T, ...T[]]): T => {
    const value = text(name) ?? accepted[0];
    const found = accepted.find((one) => one === value);
    if (found === undefined) throw new Error(`context ${name}: \`${value}\`; accepted: ${accepted.join(", ")}`);
    return found;
  };
  const list = (name: string) => (text(name) ?? "").split(",").map((one) => one.trim()).filter((one) => one !== "");
  const ids = (name: string, form: RegExp): string[] => {
    const given = list(name);
    const wrong = given.find((id) => !form.test(id));
    if (wrong !== undefined) throw new Error(`context ${name}: \`${wrong}\` is not an ID; accepted: a comma-separated list of IDs as AWS shows them`);
    return given;
  };
  const accountModels = list("accountModels");
  const unknown = accountModels.find((model) => !isModel(model));
  if (unknown !== undefined) {
    throw new Error(`context accountModels: \`${unknown}\`; accepted: a comma-separated list of IDs of models or inference profiles, or ARNs of profiles`);
  }
  const subnetIds = ids("subnets", /^subnet-[0-9a-f]+$/);
  const securityGroupIds = ids("securityGroups", /^sg-[0-9a-f]+$/);
  if ((subnetIds.length === 0) !== (securityGroupIds.length === 0)) {
    throw new Error("context subnets and securityGroups: give at least one of each, or neither");
  }
  const accountMonitoring = text("accountMonitoring");
  if (accountMonitoring !== undefined && !/^(?!AWS\/|:)[A-Za-z0-9.\-_/#:]{1,255}$/.test(accountMonitoring)) {
    throw new Error(`context accountMonitoring: \`${accountMonitoring}\`; accepted: a namespace of metrics, not beginning with AWS/`);
  }
  const stage = text("stage") ?? "prod";
  if (!/^[a-z][a-z0-9-]{0,15}$/.test(stage)) {
    throw new Error(`context stage: \`${stage}\`; accepted: up to 16 characters of a-z, 0-9 and -, starting with a letter`);
  }
  return {
    prefix: stage === "prod" ? "ticketsmith" : `ticketsmith-${stage}`,
    stage,
    architecture: oneOf("architecture", ["arm64", "x86_64"]),
    packages: text("packages") === "none" ? undefined : path.resolve(root, text("packages") ?? "target/packages"),
    stateMachines: path.resolve(root, text("stateMachines") ?? "statemachines"),
    records: oneOf("records", ["retain", "destroy"]),
    customerManagedKey: oneOf("customerManagedKey", ["false", "true"]) === "true",
    permissionsBoundary: text("permissionsBoundary"),
    concurrency: (name) => number(`${name.replace(/_(.)/g, (_, next: string) => next.toUpperCase())}Concurrency`),
    deliveriesPerSecond: number("deliveriesPerSecond") ?? 20,
    network: subnetIds.length > 0 ? { subnetIds, securityGroupIds } : undefined,
    accountModels,
    accountMonitoring,
    logDays: number("logDays") ?? 30,
    metrics: oneOf("metrics", ["true", "false"]) === "true",
    alertEmail: text("alertEmail"),
    monthlyBudgetUsd: number("monthlyBudgetUsd"),
  };
}
