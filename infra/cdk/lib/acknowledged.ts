// Findings of cdk-nag that are intentional, each with its reason. The same finding for another resource still fails the synthesis.
import { Validations, type CfnElement, type Stack } from "aws-cdk-lib";
import type { WebSocketApi } from "aws-cdk-lib/aws-apigatewayv2";
import { wildcardsOf } from "./account_models.ts";
import { isScheduled } from "./event_sources.ts";
import type { DeployedFunction } from "./functions.ts";
import type { Settings } from "./settings.ts";
import { managed } from "./sockets.ts";

export function acknowledge(
  stack: Stack,
  settings: Settings,
  functions: DeployedFunction[],
  workflows: string[],
  sockets: WebSocketApi | undefined,
): void {
  const wildcard = (resource: string, reason: string) => ({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
  Validations.of(stack).acknowledge(
    {
      id: "AwsSolutions-APIG4",
      reason:
        "A delivery proves its sender by a signature over its raw bytes, and a socket's reader has a ticket that works once; functions check both.",
    },
    {
      id: "AwsSolutions-APIG1",
      reason: "It is the gateway for sockets, whose access logs would need a role in the account's settings; the function logs who comes and goes.",
    },
    { id: "AwsSolutions-SQS3", reason: "It is the dead-letter queue, of a rule and of a stream, which the check does not see." },
    {
      id: "AwsSolutions-SMG4",
      reason: "The secrets belong to outside services, which alone can issue new ones; functions read them again every five minutes.",
    },
    wildcard("*", "X-Ray, the delivery of a state machine's logs, the listing of streams and interfaces in a network know no resources."),
    ...functions
      .filter(({ entry }) => entry.sources.some(isScheduled))
      .map(({ lambda }) =>
        wildcard(
          `<${stack.getLogicalId(lambda.node.defaultChild as CfnElement)}.Arn>:*`,
          "The schedule's own grant names the function with its versions, of which there are none.",
        ),
      ),
    ...wildcardsOf(settings.accountModels).map((resource) =>
      wildcard(
        resource.replace(/\$\{Token\[AWS\.(\w+)\.\d+\]\}/g, "<AWS::$1>"),
        "An inference profile uses its model in each region of its geography, and only through the profile is it allowed.",
      ),
    ),
    ...(sockets ? managed : []).map((connections) =>
      wildcard(
        `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${stack.getLogicalId(sockets?.node.defaultChild as CfnElement)}>/${connections}`,
        "Connections get their names when they are opened.",
      ),
    ),
    ...workflows.map((workflow) =>
      wildcard(
        `arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${settings.prefix}-${workflow}:*`,
        "Executions get their names when they start.",
      ),
    ),
  );
}
