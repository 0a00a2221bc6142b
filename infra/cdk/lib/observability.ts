// Alarms that a person should act on, and one dashboard.
import { Duration, type Stack } from "aws-cdk-lib";
import type * as apigateway from "aws-cdk-lib/aws-apigatewayv2";
import * as budgets from "aws-cdk-lib/aws-budgets";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import * as sns from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { isAsynchronous } from "./event_sources.ts";
import type { DeployedFunction } from "./functions.ts";
import { sourcesOf } from "./generated.ts";
import type { Resources } from "./resources.ts";
import type { Settings } from "./settings.ts";

interface Observed {
  api: apigateway.HttpApi;
  functions: DeployedFunction[];
  machines: sfn.StateMachine[];
  /** The names of the workflows, in the machines' order. */
  workflows: string[];
  resources: Resources;
  settings: Settings;
}

export function observability(stack: Stack, { api, functions, machines, workflows, resources, settings }: Observed): void {
  const period = Duration.minutes(5);
  const topic = settings.alertEmail ? new sns.Topic(stack, "Alerts", { enforceSSL: true }) : undefined;
  if (settings.alertEmail) topic?.addSubscription(new EmailSubscription(settings.alertEmail));

  const alarm = (id: string, alarmDescription: string, metric: cloudwatch.IMetric) => {
    const made = new cloudwatch.Alarm(stack, id, {
      alarmName: `${settings.prefix}-${id}`,
      alarmDescription: `${alarmDescription} What to do: docs/runbook.md.`,
      metric,
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    if (topic) made.addAlarmAction(new SnsAction(topic));
  };
  const statistic = cloudwatch.Stats.SUM;
  const ingressErrors = api.metricServerError({ period, statistic });
  const throttles = new cloudwatch.Metric({ namespace: "AWS/Lambda", metricName: "Throttles", period, statistic });
  const undelivered = resources.undelivered.metricApproximateNumberOfMessagesVisible({ period, statistic: "Maximum" });
  const open = functions.filter(({ entry }) => sourcesOf(entry, "http").length + sourcesOf(entry, "api").length > 0);
  const names = (some: DeployedFunction[]) => some.map(({ name }) => name).join(", ");
  const background = functions.filter(({ entry }) =>
    entry.sources.some((source) => isAsynchronous(source) || source.type === "table_stream"),
  );
  alarm("ingress-errors", `Requests were answered with 5xx: they were not accepted. See the logs of ${names(open)}.`, ingressErrors);
  alarm("throttles", "Lambda throttles functions of this account: raise its concurrency, or slow down.", throttles);
  alarm("undelivered", `An event was dropped by ${names(background)}. See the queue; the sweeper closes open executions.`, undelivered);
  machines.forEach((machine, index) => {
    const workflow = workflows[index];
    const failed = machine.metricFailed({ period, statistic });
    alarm(`${workflow}-failed`, `Executions of ${workflow} failed. \`ticketsmith status\` says why.`, failed);
  });
  if (settings.monthlyBudgetUsd !== undefined && settings.alertEmail) {
    new budgets.CfnBudget(stack, "Spend", {
      budget: {
        budgetType: "COST",
        timeUnit: "MONTHLY",
        budgetLimit: { amount: settings.monthlyBudgetUsd, unit: "USD" },
        costFilters: { TagKeyValue: [`user:application$ticketsmith`] },
      },
      notificationsWithSubscribers: [
        {
          notification: { notificationType: "ACTUAL", comparisonOperator: "GREATER_THAN", threshold: 80 },
          subscribers: [{ subscriptionType: "EMAIL", address: settings.alertEmail }],
        },
      ],
    });
  }

  const graph = (title: string, left: cloudwatch.IMetric[]) => new cloudwatch.GraphWidget({ title, left, width: 12, height: 6 });
  const search = (metric: string, label: string) =>
    new cloudwatch.MathExpression({
      expression: `SEARCH('{AWS/Lambda,FunctionName} MetricName="${metric}" "${settings.prefix}-"', 'Sum', 300)`,
      label,
      usingMetrics: {},
      period,
    });
  // The functions' own metrics, one line for each set of labels; the names are in shared/observability/src/metrics.rs.
  const recorded = (metric: string, dimensions: string[], statistic: string) =>
    new cloudwatch.MathExpression({
      expression: `SEARCH('{"${settings.prefix}",${dimensions.join(",")}} MetricName="ticketsmith_${metric}"', '${statistic}', 300)`,
      label: "",
      usingMetrics: {},
      period,
    });
  new cloudwatch.Dashboard(stack, "Dashboard", {
    dashboardName: settings.prefix,
    widgets: [
      [
        graph("Deliveries", [api.metricCount({ period, statistic }), api.metricClientError({ period, statistic }), ingressErrors]),
        graph(`Answer time of ${names(open)}`, open.map(({ lambda }) => lambda.metricDuration({ period, statistic: "p99" }))),
      ],
      [
        graph("Executions begun", machines.map((machine) => machine.metricStarted({ period, statistic }))),
        graph("Executions failed", machines.map((machine) => machine.metricFailed({ period, statistic }))),
      ],
      [graph("Function errors", [search("Errors", "errors")]), graph("Function calls", [search("Invocations", "calls")])],
      [
        graph("What became of deliveries", [recorded("deliveries_total", ["source", "outcome"], "Sum")]),
        graph("Time to answer deliveries, p99, seconds", [recorded("delivery_duration_seconds", ["source"], "p99")]),
      ],
      [
        graph("How actions ended", [recorded("actions_total", ["action", "outcome"], "Sum")]),
        graph("Time of actions, p90, seconds", [recorded("action_duration_seconds", ["action"], "p90")]),
      ],
      [
        graph("Tokens", [recorded("model_tokens_total", ["model", "kind"], "Sum")]),
        graph("Dollars spent on models", [recorded("model_call_cost_dollars", ["model"], "Sum")]),
      ],
      [
        graph("Requests that providers or limits put off", [recorded("provider_throttles_total", ["provider", "by"], "Sum")]),
        graph("Throttles of functions", [throttles]),
      ],
      [graph("Given up", [undelivered])],
    ],
  });
}
