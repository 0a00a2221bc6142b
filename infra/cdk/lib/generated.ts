// What the workflow compiler generated: `functions.json`, `routes.json` and one `<workflow>.asl.json` for each workflow.
import fs from "node:fs";
import path from "node:path";
import { SettingError } from "./settings.ts";

/** One function as `functions.json` describes it. */
export interface FunctionEntry {
  /** Which executable it is; functions of one executable share one package. */
  executable: string;
  /** Lambda's handler, by which the executable knows its role. */
  handler: string;
  memory_megabytes: number;
  timeout_seconds: number;
  /** The plugin types whose providers it connects to. */
  plugins: string[];
  /** Which secrets it reads. */
  secrets: string[];
  /** Whether it signs evidence with the stage's key. */
  signs_evidence: boolean;
  /** The partitions of the table that it reads and writes, by the beginning of `pk`. */
  reads: string[];
  writes: string[];
  /** The partitions of the index that it queries; a final `*` makes it a prefix. */
  lists: string[];
  /** The operations of Step Functions that it calls on state machines and executions, by AWS's names. */
  state_machine_operations: string[];
  execution_operations: string[];
  /** Whether it calls services that only the deployment's own network may reach; the others start faster outside it. */
  in_network: boolean;
  /** Whether it tells readers where to open sockets, or sends to open ones. */
  sockets: "address" | "push" | null;
  /** The sources that invoke it. */
  sources: Source[];
}

/** A source that invokes functions. */
export type Source =
  /** Requests to the public address. */
  | { type: "http"; method: "GET" | "POST"; path: string }
  /** Requests of people and machines to the API at the public address, with any method. */
  | { type: "api"; path: string }
  /** Changes of the table's items, collected for this many seconds. Each such source reads the stream separately. */
  | { type: "table_stream"; items: StreamedItems[]; collected_seconds: number }
  /** Starts and ends of executions. */
  | { type: "status_changes" }
  /** Every minute; the function is invoked with the document. */
  | { type: "every_minute"; document: Record<string, unknown> }
  /** The times of the workflows' `schedule` triggers. */
  | { type: "schedules" }
  /** Sockets that open or close at their gateway, or receive something. */
  | { type: "sockets" }
  /** Steps of workflows, in which its ARN replaces the placeholder. */
  | { type: "steps"; placeholder: string };

/** Items of one kind of partition, the part of `pk` before `#`, whose `sk` has one of these prefixes. */
export interface StreamedItems {
  partition: string;
  sort_keys: string[];
}

/** The function's sources of one type. */
export function sourcesOf<T extends Source["type"]>(entry: FunctionEntry, type: T): Extract<Source, { type: T }>[] {
  return entry.sources.filter((source): source is Extract<Source, { type: T }> => source.type === type);
}

/** One compiled workflow. */
export interface Workflow {
  name: string;
  definition: string;
  /** The placeholders of ARNs in the definition, without `${}`. */
  placeholders: string[];
}

/** A workflow's `schedule` trigger, as a function receives it when it is due. */
export interface Schedule {
  workflow: string;
  /** Six fields, in UTC. */
  cron: string;
  /** Its project, if nothing else determines it. */
  project?: string;
  /** The inputs of its executions. */
  with: Record<string, unknown>;
}

/** The parts of a workflow's entry in `routes.json` that the stack uses. */
interface Route {
  triggers: { on: string; conditions: { cron?: string; project?: string; with?: Record<string, unknown> } }[];
}

export interface Generated {
  /** The secrets, bundled by privilege; each is a JSON object with one entry for each provider. */
  secrets: string[];
  functions: Record<string, FunctionEntry>;
  workflows: Workflow[];
  schedules: Schedule[];
}

export function generated(folder: string): Generated {
  const missing = ["functions.json", "routes.json"].find((name) => !fs.existsSync(path.join(folder, name)));
  if (missing !== undefined) throw new SettingError(`context stateMachines: ${folder} has no ${missing}; accepted: a folder with what \`./check generate\` writes to statemachines/`);
  const read = (name: string) => fs.readFileSync(path.join(folder, name), "utf8");
  const routes = JSON.parse(read("routes.json")) as { workflows: Record<string, Route> };
  const ending = ".asl.json";
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(ending)).sort();
  return {
    ...(JSON.parse(read("functions.json")) as Pick<Generated, "secrets" | "functions">),
    workflows: names.map((name) => {
      const text = read(name);
      const placeholders = [...text.matchAll(/\$\{(\w+(?:FunctionArn|StateMachineArn))\}/g)].map((match) => match[1] as string);
      return {
        name: name.slice(0, -ending.length),
        // Compact, since indentation would take up a third of a template's maximum size.
        definition: JSON.stringify(JSON.parse(text)),
        placeholders: [...new Set(placeholders)].sort(),
      };
    }),
    schedules: Object.entries(routes.workflows).flatMap(([workflow, { triggers }]) =>
      triggers.flatMap(({ on, conditions: { cron, project, with: given } }) =>
        on === "schedule" && cron !== undefined ? [{ workflow, cron, project, with: given ?? {} }] : [],
      ),
    ),
  };
}

/** The placeholder of a workflow's ARN in other workflows: `AiReviewStateMachineArn` for `ai-review`. */
export function stateMachinePlaceholder(workflow: string): string {
  const pascal = workflow.split(/[-_]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${pascal.join("")}StateMachineArn`;
}
