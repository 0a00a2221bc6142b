// The template of a stage, and the questions that tests ask about it.
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import fs from "node:fs";
import { generated, type FunctionEntry, type Generated } from "../lib/generated.ts";
import { settingsOf, type Settings } from "../lib/settings.ts";
import { TicketsmithStack } from "../lib/stack.ts";

export type Json = string | number | boolean | Json[] | { [key: string]: Json };

export interface Resource {
  Type: string;
  Properties: Record<string, Json>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

export interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: Json;
  Condition?: Record<string, Record<string, Json>>;
}

/** The settings of `npm run every-setting`, so that both look at the same stage. */
export const everySetting = Object.fromEntries(
  [...JSON.parse(fs.readFileSync(new URL("../package.json", import.meta.url), "utf8")).scripts["every-setting"].matchAll(/--context (\w+)=(\S+)/g)].map(
    ([, name, value]) => [name as string, value as string],
  ),
);

export class Stage {
  readonly settings: Settings;
  readonly generated: Generated;
  readonly resources: Record<string, Resource>;

  constructor(context: Record<string, string> = {}) {
    const app = new App({ context: { packages: "none", ...context } });
    this.settings = settingsOf(app.node);
    this.generated = generated(this.settings.stateMachines);
    const stack = new TicketsmithStack(app, this.settings.prefix, { settings: this.settings, generated: this.generated });
    this.resources = Template.fromStack(stack).toJSON().Resources;
  }

  /** All resources of a type, with their logical ids. */
  of(type: string): [string, Resource][] {
    const found = Object.entries(this.resources).filter(([, { Type }]) => Type === type);
    if (found.length === 0) throw new Error(`the stack has no ${type}`);
    return found;
  }

  /** The only resource of a type that has this property. */
  one(type: string, property: string, value: Json): [string, Resource] {
    const [found, ...more] = this.of(type).filter(([, { Properties }]) => Properties[property] === value);
    if (!found || more.length > 0) throw new Error(`the stack has not one ${type} with ${property}: ${JSON.stringify(value)}`);
    return found;
  }

  /** Every function with its logical id, its entry of functions.json, and what its role allows. */
  functions(): { name: string; id: string; entry: FunctionEntry; made: Resource; statements: Statement[] }[] {
    return Object.entries(this.generated.functions).map(([name, entry]) => {
      const [id, made] = this.one("AWS::Lambda::Function", "FunctionName", `${this.settings.prefix}-${name}`);
      return { name, id, entry, made, statements: this.statements(roleOf(made.Properties.Role)) };
    });
  }

  /** What a role allows. */
  statements(role: string): Statement[] {
    const policies = Object.values(this.resources).filter(
      ({ Type, Properties }) => /^AWS::IAM::(Managed)?Policy$/.test(Type) && JSON.stringify(Properties.Roles) === JSON.stringify([{ Ref: role }]),
    );
    return policies.flatMap(({ Properties }) => (Properties.PolicyDocument as unknown as { Statement: Statement[] }).Statement);
  }
}

/** The logical id of a role that a resource names by its ARN. */
export function roleOf(arn: Json | undefined): string {
  const [id] = (arn as { "Fn::GetAtt": [string, string] })["Fn::GetAtt"];
  return id;
}

export const actionsOf = ({ Action }: Statement): string[] => [Action].flat();
export const resourcesOf = ({ Resource }: Statement): Json[] => [Resource].flat() as Json[];

/** Every action that statements allow, each once. */
export const allowed = (statements: Statement[]): string[] => [...new Set(statements.flatMap(actionsOf))].sort();

/** Whether requests from anywhere reach a function. */
export const isPublic = ({ sources }: FunctionEntry): boolean => sources.some(({ type }) => type === "http" || type === "api" || type === "sockets");
