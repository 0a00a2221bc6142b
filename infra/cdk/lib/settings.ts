// The settings of a deployment, each given as `--context name=value`.
import { fileURLToPath } from "node:url";
import path from "node:path";
import type { Node } from "constructs";
import { isModel } from "./account_models.ts";

/** The names of all settings but those of single functions, which `concurrencyOf` makes. */
const names = [
  "accountModels",
  "accountMonitoring",
  "alertEmail",
  "architecture",
  "customerManagedKey",
  "deliveriesPerSecond",
  "logDays",
  "metrics",
  "monthlyBudgetUsd",
  "packages",
  "permissionsBoundary",
  "records",
  "securityGroups",
  "stage",
  "stateMachines",
  "subnets",
] as const;

// The days that CloudWatch keeps logs; it refuses every other number:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

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
  /** Deliveries per second that the public endpoint accepts, a whole number. Default: 20, with bursts of twice as many. */
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
  /** How many days logs are kept: one of those that AWS offers. Default: 30. */
  logDays: number;
  /** Record custom metrics in CloudWatch, which bills each combination of labels. Default: `true`. */
  metrics: boolean;
  /** The e-mail address that alarms are sent to. Default: none. */
  alertEmail?: string;
  /** The account's monthly budget in US dollars; an alert is sent at 80 %. Requires `alertEmail`. Default: none. */
  monthlyBudgetUsd?: number;
}

/** A setting that is not accepted. Its message is the whole answer to whoever gave it. */
export class SettingError extends Error {}

/** The setting with a function's reserved concurrency: `createBranchConcurrency` for `create_branch`. */
const concurrencyOf = (name: string): string => `${name.replace(/_(.)/g, (_, next: string) => next.toUpperCase())}Concurrency`;

/**
 * Refuses settings that do not exist: a misspelled one would be ignored, and the stage deployed without the key, the boundary or the network
 * that was asked for. The names of the CDK's own settings contain `:` or `-`.
 */
export function refuseUnknownSettings(node: Node, functions: string[]): void {
  const known = new Set<string>([...names, ...functions.map(concurrencyOf)]);
  const plain = (name: string) => name.toLowerCase().replace(/[_-]/g, "");
  const meantBy = (unknown: string) => [...known].find((name) => plain(name) === plain(unknown));
  const isOurs = (name: string) => !/[:-]/.test(name) || meantBy(name) !== undefined;
  const unknown = Object.keys(node.getAllContext()).find((name) => !known.has(name) && isOurs(name));
  if (unknown === undefined) return;
  const meant = meantBy(unknown);
  const accepted = `accepted: ${names.join(", ")}, and FUNCTIONConcurrency for each function`;
  throw new SettingError(`context ${unknown}: no such setting; ${meant === undefined ? accepted : `did you mean ${meant}?`}`);
}

export function settingsOf(node: Node): Settings {
  const text = (name: (typeof names)[number] | `${string}Concurrency`): string | undefined => {
    // What a file sets may be a list, a number or a boolean of JSON.
    const value: unknown = node.tryGetContext(name);
    if (value === undefined) return undefined;
    const given = String(value).trim();
    // An empty variable of the shell is not a choice of the default.
    if (given === "") throw new SettingError(`context ${name}: is empty; leave it out for the default`);
    return given;
  };
  const formed = (name: Parameters<typeof text>[0], form: RegExp, accepted: string): string | undefined => {
    const value = text(name);
    if (value !== undefined && !form.test(value)) throw new SettingError(`context ${name}: \`${value}\`; accepted: ${accepted}`);
    return value;
  };
  const number = (name: Parameters<typeof text>[0], form: RegExp, accepted: string): number | undefined => {
    const value = formed(name, form, accepted);
    return value === undefined ? undefined : Number(value);
  };
  const whole = (name: Parameters<typeof text>[0]) => number(name, /^[1-9][0-9]{0,8}$/, "a whole number of at least 1");
  const oneOf = <T extends string>(name: Parameters<typeof text>[0], accepted: readonly [T, ...T[]]): T => {
    const value = text(name) ?? accepted[0];
    const found = accepted.find((one) => one === value);
    if (found === undefined) throw new SettingError(`context ${name}: \`${value}\`; accepted: ${accepted.join(", ")}`);
    return found;
  };
  const list = (name: Parameters<typeof text>[0], accepted: string, isOne: (one: string) => boolean): string[] => {
    const value = text(name);
    if (value === undefined) return [];
    const given = value.split(",").map((one) => one.trim()).filter((one) => one !== "");
    const wrong = given.length === 0 ? value : given.find((one) => !isOne(one));
    if (wrong !== undefined) throw new SettingError(`context ${name}: \`${wrong}\`; accepted: a comma-separated list of ${accepted}`);
    return given;
  };
  const accountModels = list("accountModels", "IDs of models or inference profiles, or ARNs of profiles", isModel);
  const subnetIds = list("subnets", "IDs as AWS shows them: subnet-…", (id) => /^subnet-[0-9a-f]+$/.test(id));
  const securityGroupIds = list("securityGroups", "IDs as AWS shows them: sg-…", (id) => /^sg-[0-9a-f]+$/.test(id));
  if ((subnetIds.length === 0) !== (securityGroupIds.length === 0)) {
    throw new SettingError("context subnets and securityGroups: give at least one of each, or neither");
  }
  const accountMonitoring = formed(
    "accountMonitoring",
    /^(?!AWS\/|:)[A-Za-z0-9.\-_/#:]{1,255}$/,
    "a namespace of metrics, not beginning with AWS/",
  );
  const stage =
    formed("stage", /^[a-z][a-z0-9-]{0,15}$/, "up to 16 characters of a-z, 0-9 and -, starting with a letter") ?? "prod";
  const logDays = whole("logDays") ?? 30;
  if (!retentionDays.includes(logDays)) {
    throw new SettingError(`context logDays: \`${logDays}\`; accepted: ${retentionDays.join(", ")}`);
  }
  const alertEmail = formed("alertEmail", /^[^\s@]+@[^\s@]+$/, "an e-mail address");
  const monthlyBudgetUsd = number("monthlyBudgetUsd", /^(?=.*[1-9])[0-9]{1,9}(\.[0-9]{1,2})?$/, "a number of dollars, more than 0");
  if (monthlyBudgetUsd !== undefined && alertEmail === undefined) throw new SettingError("context monthlyBudgetUsd: needs alertEmail");
  return {
    prefix: stage === "prod" ? "ticketsmith" : `ticketsmith-${stage}`,
    stage,
    architecture: oneOf("architecture", ["arm64", "x86_64"]),
    packages: text("packages") === "none" ? undefined : path.resolve(root, text("packages") ?? "target/packages"),
    stateMachines: path.resolve(root, text("stateMachines") ?? "statemachines"),
    records: oneOf("records", ["retain", "destroy"]),
    customerManagedKey: oneOf("customerManagedKey", ["false", "true"]) === "true",
    permissionsBoundary: formed("permissionsBoundary", /^[\w+=,.@/-]{1,512}$/, "the name of a managed policy of the account, without the rest of its ARN"),
    concurrency: (name) => whole(concurrencyOf(name) as `${string}Concurrency`),
    deliveriesPerSecond: whole("deliveriesPerSecond") ?? 20,
    network: subnetIds.length > 0 ? { subnetIds, securityGroupIds } : undefined,
    accountModels,
    accountMonitoring,
    logDays,
    metrics: oneOf("metrics", ["true", "false"]) === "true",
    alertEmail,
    monthlyBudgetUsd,
  };
}
