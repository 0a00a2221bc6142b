// One state machine for each compiled workflow. Its role may call exactly the functions in its definition.
import { RemovalPolicy, type Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as logs from "aws-cdk-lib/aws-logs";
import * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { DeployedFunction } from "./functions.ts";
import { sourcesOf, stateMachinePlaceholder, type Generated } from "./generated.ts";
import type { Settings } from "./settings.ts";
import { workflowArn } from "./workflow_arn.ts";

export function stateMachines(
  stack: Stack,
  { workflows }: Generated,
  functions: DeployedFunction[],
  settings: Settings,
): sfn.StateMachine[] {
  const arn = (resource: "stateMachine" | "execution", workflow: string) => workflowArn(stack, settings, resource, workflow);
  const functionOf = new Map(
    functions.flatMap(({ entry, lambda }) => sourcesOf(entry, "steps").map(({ placeholder }) => [placeholder, lambda] as const)),
  );
  const workflowOf = new Map(workflows.map(({ name }) => [stateMachinePlaceholder(name), name]));

  return workflows.map(({ name, definition, placeholders }) => {
    const role = new iam.Role(stack, `${name}-workflow-role`, {
      assumedBy: new iam.ServicePrincipal("states.amazonaws.com"),
      description: `What the workflow ${name} may call`,
    });
    const allow = (actions: string[], ...resources: string[]) =>
      role.addToPolicy(new iam.PolicyStatement({ actions, resources }));
    const substitutions: Record<string, string> = {};
    for (const placeholder of placeholders) {
      const called = functionOf.get(placeholder);
      const child = workflowOf.get(placeholder);
      if (called) {
        substitutions[placeholder] = called.functionArn;
        allow(["lambda:InvokeFunction"], called.functionArn);
      } else if (child) {
        // By name and not by reference, since workflows may call each other in a circle.
        substitutions[placeholder] = arn("stateMachine", child);
        allow(["states:StartExecution"], arn("stateMachine", child));
        allow(["states:DescribeExecution", "states:StopExecution"], `${arn("execution", child)}:*`);
      } else {
        throw new Error(`${name}.asl.json: nothing stands for \${${placeholder}}`);
      }
    }
    if (placeholders.some((placeholder) => workflowOf.has(placeholder))) {
      // Step Functions waits for children through its own EventBridge rule:
      // https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
      allow(
        ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
        stack.formatArn({ service: "events", resource: "rule", resourceName: "StepFunctionsGetEventsForStepFunctionsExecutionRule" }),
      );
    }
    return new sfn.StateMachine(stack, `${name}-workflow`, {
      stateMachineName: `${settings.prefix}-${name}`,
      definitionBody: sfn.DefinitionBody.fromString(definition),
      definitionSubstitutions: substitutions,
      role,
      tracingEnabled: true,
      logs: {
        destination: new logs.LogGroup(stack, `${name}-workflow-logs`, {
          logGroupName: `/aws/vendedlogs/states/${settings.prefix}-${name}`,
          retention: settings.logDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: sfn.LogLevel.ALL,
        // Ticket text stays out of the logs.
        includeExecutionData: false,
      },
    });
  });
}

/** Grants a function the Step Functions operations in its entry, for every workflow. */
export function grantStepFunctions(
  stack: Stack,
  { entry, lambda }: DeployedFunction,
  machines: sfn.StateMachine[],
  workflows: string[],
  settings: Settings,
): void {
  // One statement for all workflows: one for each would fill a role's policy, and what is beyond that becomes a managed policy, which
  // infra/deployer may not make.
  const allow = (operations: string[], resources: string[]) => {
    if (operations.length === 0) return;
    lambda.addToRolePolicy(new iam.PolicyStatement({ actions: operations.map((operation) => `states:${operation}`), resources }));
  };
  allow(
    entry.state_machine_operations,
    machines.map((machine) => machine.stateMachineArn),
  );
  allow(
    entry.execution_operations,
    workflows.map((name) => `${workflowArn(stack, settings, "execution", name)}:*`),
  );
}
