// Writes permissions.snap.md from the synthesized template: who may do what on which resource, for people to review.
// With --verify nothing is written, and a difference fails.
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { generated } from "../lib/generated.ts";
import { settingsOf } from "../lib/settings.ts";
import { TicketsmithStack } from "../lib/stack.ts";

type Json = string | number | boolean | Json[] | { [key: string]: Json };
interface Resource {
  Type: string;
  Properties?: Record<string, Json>;
}

const app = new App({ context: { packages: "none" } });
const settings = settingsOf(app.node);
const stack: Stack = new TicketsmithStack(app, settings.prefix, { settings, generated: generated(settings.stateMachines) });
const resources: Record<string, Resource> = Template.fromStack(stack).toJSON().Resources;

/** A resource's name for people: its type and its name. */
function named(id: string): string {
  const resource = resources[id];
  if (!resource) return id.replace(/^AWS::/, "");
  const names = ["TableName", "FunctionName", "LogGroupName", "StateMachineName", "QueueName", "Name"];
  const name = names.map((key) => resource.Properties?.[key]).find((value) => typeof value === "string");
  return `${resource.Type.split("::").slice(1).join(" ")} ${name ?? id}`;
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map(shown).join("<br>");
  if (typeof value !== "object") return String(value);
  const [[kind, inner] = ["", ""]] = Object.entries(value);
  if (kind === "Ref") return named(String(inner));
  if (kind === "Fn::GetAtt" && Array.isArray(inner)) {
    return inner[1] === "Arn" || inner[1] === "Id" ? named(String(inner[0])) : `${named(String(inner[0]))} ${String(inner[1])}`;
  }
  if (kind === "Fn::Join" && Array.isArray(inner)) return (inner[1] as Json[]).map(shown).join(String(inner[0]));
  return Object.entries(value)
    .map(([key, one]) => `${key}: ${shown(one).replaceAll("<br>", ", ")}`)
    .join("; ");
}

const roles = Object.entries(resources).filter(([, resource]) => resource.Type === "AWS::IAM::Role");
const lines = [
  "# Who may do what",
  "",
  "Generated from the stack by `npm run permissions`; `npm run check` fails when it is stale. Nobody may do anything that is not here.",
];
for (const [id, role] of roles.sort(([one], [other]) => one.localeCompare(other))) {
  // What one policy does not hold, the CDK puts into a managed one.
  const policies = Object.values(resources).filter(
    ({ Type, Properties }) => /^AWS::IAM::(Managed)?Policy$/.test(Type) && JSON.stringify(Properties?.Roles ?? "").includes(`"${id}"`),
  );
  const title = role.Properties?.Description ?? id.replace(/[0-9A-F]{8}$/, "");
  lines.push("", `## ${shown(title)}`, "", "| actions | resources | only where |", "|---|---|---|");
  for (const managed of (role.Properties?.ManagedPolicyArns ?? []) as Json[]) lines.push(`| managed policy | ${shown(managed)} | |`);
  for (const policy of policies) {
    const document = policy.Properties?.PolicyDocument as { Statement: Record<string, Json>[] };
    for (const statement of document.Statement) {
      if (statement.Effect !== "Allow") throw new Error(`${id}: a statement that does not allow`);
      lines.push(`| ${shown(statement.Action)} | ${shown(statement.Resource)} | ${shown(statement.Condition)} |`);
    }
  }
}
const fresh = `${lines.join("\n")}\n`;
const file = fileURLToPath(new URL("../permissions.snap.md", import.meta.url));
if (!process.argv.includes("--verify")) {
  fs.writeFileSync(file, fresh);
} else if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== fresh) {
  console.error("infra/cdk/permissions.snap.md is stale: run `./check generate` and review the difference");
  process.exitCode = 1;
}
