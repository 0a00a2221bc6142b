// What the workflow compiler generated: `functions.json`, `routes.json` and one `<workflow>.asl.json` for each workflow.
import fs from "node:fs";
import path from "node:path";

/** One function as `functions.json` describes it. */
export interface FunctionEntry {
  /** Which executable it is; functions of one executable share one package. */
  executable: string;
  /** Lambda's handler, which tells the executable what it is. */
  handler: string;
  memory_megabytes: number;
  timeout_seconds: number;
  /** The plugin types whose providers it connects. */
  plugins: string[];
  /** Which secrets it reads. */
  secrets: string[];
  /** Whether it has evidence signed by the stage's key. */
  signs_evidence: boolean;
  /** The partitions of the table that it reads and writes, as `pk` begins. */
  reads: string[];
  writes: string[];
  /** The partitions of the index that it queries; `*` ends what others begin with. */
  lists: string[];
  /** What it asks of Step Functions about state machines and about executions, by AWS's names of the operations. */
  state_machine_operations: string[];
  execution_operations: string[];
  /** Whether it calls services that only the deployment's own network may reach; others start sooner outside it. */
  in_network: boolean;
  /** Whether it tells readers where sockets are opened, or sends to those that are open. */
  sockets: "address" | "push" | null;
  /** What invokes it. */
  sources: Source[];
}

/** What invokes a function. */
export type Source =
  /** Requests to the public address. */
  | { type: "http"; method: "GET" | "POST"; path: string }
  /** Requests of people and machines to the API at the public address, with any method. */
  | { type: "api"; path: string }
  /** Changes of items of the table, collected for so many seconds. Each such source reads the stream by itself. */
  | { type: "table_stream"; items: StreamedItems[]; collected_seconds: number }
  /** Starts and ends of executions. */
  | { type: "status_changes" }
  /** The passing of every minute; the function is invoked with the document. */
  | { type: "every_minute"; document: Record<string, unknown> }
  /** The times of the workflows' `schedule` triggers. */
  | { type: "schedules" }
  /** Sockets that are opened at the gateway for them, that end, or over which something comes. */
  | { type: "sockets" }
  /** Steps of workflows, in which the placeholder is replaced by its ARN. */
  | { type: "steps"; placeholder: string };

/** Items of partitions of one kind, the part of `pk` before `#`, whose `sk` begins in one of these ways. */
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
  /** What stands for ARNs in the definition, without `${}`. */
  placeholders: string[];
}

/** A `schedule` trigger of a workflow, as a function is told when its time has come. */
export interface Schedule {
  workflow: string;
  /** Six fields, in UTC. */
  cron: string;
  /** The project it is for, where nothing else says it. */
  project?: string;
  /** The inputs it starts with. */
  with: Record<string, unknown>;
}

/** What `routes.json` says of a workflow, as far as the stack cares. */
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
        // Compact, since indentation would fill a third of what a template may hold.
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

/** What stands for a workflow's ARN in other workflows: `AiReviewStateMachineArn` for `ai-review`. */
export function stateMachinePlaceholder(workflow: string): string {
  const pascal = workflow.split(/[-_]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${pascal.join("")}StateMachineArn`;
}
