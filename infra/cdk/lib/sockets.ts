// The gateway for sockets: a function admits readers, and other functions send to them through it.
import type { Stack } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigatewayv2";
import { WebSocketLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import * as iam from "aws-cdk-lib/aws-iam";
import type { DeployedFunction } from "./functions.ts";
import { sourcesOf } from "./generated.ts";
import type { Settings } from "./settings.ts";

/** The stage's name, which is the path of every socket. */
const stageName = "live";

/** The operations on connections: sending and closing. Connections get their names when they are opened. */
export const managed = ["POST", "DELETE"].map((method) => `${stageName}/${method}/@connections/*`);

export function gatewayForSockets(stack: Stack, functions: DeployedFunction[], settings: Settings): apigateway.WebSocketApi | undefined {
  const [opening, ...more] = functions.filter(({ entry }) => sourcesOf(entry, "sockets").length > 0);
  if (!opening) return undefined;
  if (more.length > 0) throw new Error("functions.json: more than one function lets readers of sockets in");
  const route = (id: string) => ({ integration: new WebSocketLambdaIntegration(id, opening.lambda) });
  const api = new apigateway.WebSocketApi(stack, "Sockets", {
    apiName: `${settings.prefix}-sockets`,
    // Readers request nothing over a socket, so all messages are treated alike.
    connectRouteOptions: route("Opening"),
    disconnectRouteOptions: route("Ending"),
    defaultRouteOptions: route("Talking"),
  });
  // It has no access logs, because the AWS account would need a role for API Gateway. The function logs who comes and goes.
  new apigateway.WebSocketStage(stack, "SocketsStage", {
    webSocketApi: api,
    stageName,
    autoDeploy: true,
    throttle: { rateLimit: settings.deliveriesPerSecond, burstLimit: 2 * settings.deliveriesPerSecond },
  });
  for (const { entry, lambda } of functions) {
    if (entry.sockets === null) continue;
    lambda.addEnvironment("SOCKETS_URL", `https://${api.apiId}.execute-api.${stack.region}.${stack.urlSuffix}/${stageName}`);
    if (entry.sockets === "push") {
      const resources = managed.map((resourceName) => stack.formatArn({ service: "execute-api", resource: api.apiId, resourceName }));
      lambda.addToRolePolicy(new iam.PolicyStatement({ actions: ["execute-api:ManageConnections"], resources }));
    }
  }
  return api;
}
