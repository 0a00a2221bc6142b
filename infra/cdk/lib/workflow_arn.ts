// Step Functions ARNs.
import { ArnFormat, type Stack } from "aws-cdk-lib";
import type { Settings } from "./settings.ts";

/** A Step Functions ARN that ends with a workflow's name. */
export function workflowArn(stack: Stack, settings: Settings, resource: "stateMachine" | "execution", workflow: string): string {
  return stack.formatArn({
    service: "states",
    resource,
    resourceName: `${settings.prefix}-${workflow}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
