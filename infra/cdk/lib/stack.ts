// One stage of Ticketsmith: a loop over the functions and the workflows.
import { CfnOutput, Stack, Tags, type StackProps } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { acknowledge } from "./acknowledged.ts";
import { publicApi } from "./api.ts";
import { eventSources } from "./event_sources.ts";
import type { Generated } from "./generated.ts";
import { deployFunction } from "./functions.ts";
import { observability } from "./observability.ts";
import { sharedResources } from "./resources.ts";
import { refuseUnknownSettings, type Settings } from "./settings.ts";
import { gatewayForSockets } from "./sockets.ts";
import { grantStepFunctions, stateMachines } from "./state_machines.ts";

export interface TicketsmithProps extends StackProps {
  settings: Settings;
  generated: Generated;
}

export class TicketsmithStack extends Stack {
  constructor(scope: Construct, id: string, props: TicketsmithProps) {
    // CloudFormation accepts a template of 1 MB, of which a fifth would be spaces.
    super(scope, id, { description: "Ticketsmith turns tickets into pull requests", suppressTemplateIndentation: true, ...props });
    const { settings, generated } = props;
    refuseUnknownSettings(this.node, Object.keys(generated.functions));
    Tags.of(this).add("application", "ticketsmith");
    Tags.of(this).add("stage", settings.stage);
    if (settings.permissionsBoundary) {
      const policy = iam.ManagedPolicy.fromManagedPolicyName(this, "Boundary", settings.permissionsBoundary);
      iam.PermissionsBoundary.of(this).apply(policy);
    }

    const resources = sharedResources(this, settings, generated.secrets);
    const functions = Object.entries(generated.functions).map(([name, entry]) =>
      deployFunction(this, name, entry, resources, settings),
    );
    const machines = stateMachines(this, generated, functions, settings);
    const workflows = generated.workflows.map((workflow) => workflow.name);
    for (const one of functions) {
      grantStepFunctions(this, one, machines, workflows, settings);
      eventSources(one, machines, generated.schedules, resources);
    }
    const api = publicApi(this, functions, settings);
    const sockets = gatewayForSockets(this, functions, settings);
    observability(this, { api, functions, machines, workflows, resources, settings });
    acknowledge(this, settings, functions, workflows, sockets);

    new CfnOutput(this, "ApiUrl", { value: api.apiEndpoint });
    new CfnOutput(this, "TableName", { value: resources.table.tableName });
  }
}
