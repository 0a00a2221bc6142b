// The one open endpoint: `POST /webhooks/{source}`, throttled before anything of ours runs.
import { RemovalPolicy, type Stack } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import type { Settings } from "./settings.ts";

export function webhooksApi(stack: Stack, webhooks: lambda.Function, settings: Settings): apigateway.HttpApi {
  const api = new apigateway.HttpApi(stack, "Api", { apiName: settings.prefix, createDefaultStage: false });
  api.addRoutes({
    path: "/webhooks/{source}",
    methods: [apigateway.HttpMethod.POST],
    integration: new HttpLambdaIntegration("Webhooks", webhooks),
  });
  const stage = api.addStage("Stage", {
    stageName: "$default",
    autoDeploy: true,
    throttle: { rateLimit: settings.deliveriesPerSecond, burstLimit: 2 * settings.deliveriesPerSecond },
  });
  const accessLogs = new logs.LogGroup(stack, "api-logs", {
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
