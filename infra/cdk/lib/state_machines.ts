// One state machine for each compiled workflow, whose role may call exactly what its definition names.
import { ArnFormat, RemovalPolicy, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { stateMachinePlaceholder, type Generated } from "./generated.ts";
import type { Settings } from "./settings.ts";

/** An ARN of Step Functions that ends with a workflow's name. */
export function workflowArn(stack: Stack, settings: Settings, resource: "stateMachine" | "execution", workflow: string): string {
  return stack.formatArn({
    service: "states",
    resource,
    resourceName: `${settings.prefix}-${workflow}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

export function stateMachines(
  stack: Stack,
  { functions: entries, workflows }: Generated,
  functions: Record<string, lambda.Function>,
  settings: Settings,
): sfn.StateMachine[] {
  const arn = (resource: "stateMachine" | "execution", workflow: string) => workflowArn(stack, settings, resource, workflow);
  const functionOf = new Map(
    Object.entries(entries).flatMap(([name, entry]) => (entry.placeholder ? [[entry.placeholder, functions[name]]] : [])),
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
      // Step Functions waits for children by a rule of its own:
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
