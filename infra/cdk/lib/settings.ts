// What a deployment can be told, each as `--context name=value`.
import { fileURLToPath } from "node:url";
import path from "node:path";
import type { Node } from "constructs";

/** The repository's root, where the generated files and the packages stand. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Settings {
  /** What every name starts with: `ticketsmith`, and `ticketsmith-dev` for the stage `dev`. */
  prefix: string;
  /** Stages stand side by side in one account. Default: `prod`. */
  stage: string;
  /** `arm64` (the default) or `x86_64`; the packages must have been built for it. */
  architecture: "arm64" | "x86_64";
  /** The folder of the packages `<executable>/bootstrap.zip`, or `none` where nothing is deployed. Default: `target/packages`. */
  packages?: string;
  /** The folder of the compiled workflows. Default: `statemachines`. */
  stateMachines: string;
  /** What becomes of the records and secrets with the stack: `retain` (the default) or `destroy`. */
  records: "retain" | "destroy";
  /** Encrypt the table and the secrets with a key of the account's own. Default: `false`. */
  customerManagedKey: boolean;
  /** The name of a managed policy that bounds every role. Default: none. */
  permissionsBoundary?: string;
  /**
   * The most invocations of a function handled at one moment, from its name and `Concurrency`: `webhooksConcurrency`. It takes from the
   * account's concurrency. Default: no limit of its own.
   */
  concurrency: (name: string) => number | undefined;
  /** Deliveries a second that the open endpoint takes. Default: 20, in bursts of twice as many. */
  deliveriesPerSecond: number;
  /**
   * Private subnets, and the security groups that go with them, in which every function but the open one runs: for code hosts and
   * trackers that only a network of your own reaches. Each is a list with commas. Default: no network of your own.
   */
  network?: { subnetIds: string[]; securityGroupIds: string[] };
  /** How many days logs are kept. Default: 30. */
  logDays: number;
  /** Record figures of our own in CloudWatch, which bills each set of labels in use. Default: `true`. */
  metrics: boolean;
  /** Who is told of alarms. Default: nobody. */
  alertEmail?: string;
  /** The account's spend in a month, in US dollars, of which 80 % alerts; needs `alertEmail`. Default: none. */
  monthlyBudgetUsd?: number;
}

export function settingsOf(node: Node): Settings {
  const text = (name: string): string | undefined => node.tryGetContext(name);
  const number = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (!(Number(value) > 0)) throw new Error(`context ${name}: \`${value}\` is not a number above zero`);
    return Number(value);
  };
  const oneOf = <T extends string>(name: string, accepted: readonly [T, ...T[]]): T => {
    const value = text(name) ?? accepted[0];
    const found = accepted.find((one) => one === value);
    if (found === undefined) throw new Error(`context ${name}: \`${value}\`; accepted: ${accepted.join(", ")}`);
    return found;
  };
  const ids = (name: string, form: RegExp): string[] => {
    const list = (text(name) ?? "").split(",").map((id) => id.trim()).filter((id) => id !== "");
    const wrong = list.find((id) => !form.test(id));
    if (wrong !== undefined) throw new Error(`context ${name}: \`${wrong}\` is no id; accepted: ids as AWS shows them, with commas`);
    return list;
  };
  const subnetIds = ids("subnets", /^subnet-[0-9a-f]+$/);
  const securityGroupIds = ids("securityGroups", /^sg-[0-9a-f]+$/);
  if ((subnetIds.length === 0) !== (securityGroupIds.length === 0)) {
    throw new Error("context subnets and securityGroups go together: name at least one of each, or neither");
  }
  const stage = text("stage") ?? "prod";
  if (!/^[a-z][a-z0-9-]{0,15}$/.test(stage)) {
    throw new Error(`context stage: \`${stage}\`; accepted: up to 16 of a-z, 0-9 and -, the first a letter`);
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
    logDays: number("logDays") ?? 30,
    metrics: oneOf("metrics", ["true", "false"]) === "true",
    alertEmail: text("alertEmail"),
    monthlyBudgetUsd: number("monthlyBudgetUsd"),
  };
}
