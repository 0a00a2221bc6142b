// The one public endpoint: the routes of the functions that have any, throttled before our code runs.
import { RemovalPolicy, type Stack } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import * as logs from "aws-cdk-lib/aws-logs";
import { accessLogsId, type DeployedFunction } from "./functions.ts";
import { sourcesOf } from "./generated.ts";
import type { Settings } from "./settings.ts";

export function publicApi(stack: Stack, functions: DeployedFunction[], settings: Settings): apigateway.HttpApi {
  const api = new apigateway.HttpApi(stack, "Api", { apiName: settings.prefix, createDefaultStage: false });
  for (const { name, entry, lambda } of functions) {
    const integration = new HttpLambdaIntegration(name.charAt(0).toUpperCase() + name.slice(1), lambda);
    for (const { method, path } of sourcesOf(entry, "http")) {
      api.addRoutes({ path, methods: [apigateway.HttpMethod[method]], integration });
    }
    for (const { path } of sourcesOf(entry, "api")) {
      api.addRoutes({ path, methods: [apigateway.HttpMethod.ANY], integration });
    }
  }
  const stage = api.addStage("Stage", {
    stageName: "$default",
    autoDeploy: true,
    throttle: { rateLimit: settings.deliveriesPerSecond, burstLimit: 2 * settings.deliveriesPerSecond },
  });
  const accessLogs = new logs.LogGroup(stack, accessLogsId, {
    logGroupName: `/aws/apigateway/${settings.prefix}`,
    retention: settings.logDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  (stage.node.defaultChild as apigateway.CfnStage).accessLogSettings = {
    destinationArn: accessLogs.logGroupArn,
    format: JSON.stringify({
      at: "$context.requestTimeEpoch",
      request: "$context.requestId",
      path: "$context.path",
      status: "$context.status",
      milliseconds: "$context.responseLatency",
      error: "$context.integrationErrorMessage",
    }),
  };
  return api;
}
