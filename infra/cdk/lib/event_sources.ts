// Invokes functions for everything other than requests and steps: the table's stream, status changes of executions, every minute, and
// the times of schedules.
import { Duration } from "aws-cdk-lib";
import * as rules from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { SqsDlq } from "aws-cdk-lib/aws-lambda-event-sources";
import * as scheduler from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { DeployedFunction } from "./functions.ts";
import type { Schedule, Source, StreamedItems } from "./generated.ts";
import type { Resources } from "./resources.ts";

type TableStream = Extract<Source, { type: "table_stream" }>;

/** Whether Lambda invokes a function for this source without waiting for its answer. */
export function isAsynchronous(source: Source): boolean {
  return source.type === "status_changes" || isScheduled(source);
}

/** Whether EventBridge Scheduler invokes a function for this source. */
export function isScheduled({ type }: Source): boolean {
  return type === "every_minute" || type === "schedules";
}

export function eventSources(
  { entry, lambda: target }: DeployedFunction,
  machines: sfn.StateMachine[],
  schedules: Schedule[],
  resources: Resources,
): void {
  if (entry.sources.some(({ type }) => type === "table_stream")) resources.table.grantStreamRead(target);
  for (const [number, source] of entry.sources.entries()) {
    switch (source.type) {
      case "table_stream":
        followTable(target, `Stream${number}`, source, resources);
        break;
      case "status_changes":
        followExecutions(target, machines, resources);
        break;
      case "every_minute":
        everyMinute(target, source.document);
        break;
      case "schedules":
        schedules.forEach((schedule, number) => atItsTimes(target, schedule, number, resources));
        break;
      case "http":
      case "sockets":
      case "steps":
        break;
    }
  }
  if (entry.sources.some(isAsynchronous)) target.configureAsyncInvoke({ retryAttempts: 2, maxEventAge: Duration.hours(6) });
}

function followTable(target: lambda.Function, id: string, source: TableStream, { table, undelivered }: Resources): void {
  target.addEventSourceMapping(id, {
    eventSourceArn: table.tableStreamArn,
    startingPosition: lambda.StartingPosition.TRIM_HORIZON,
    batchSize: 100,
    // Batches of different partitions do not wait for each other: a slow comment delays only those of its own execution.
    parallelizationFactor: 10,
    maxBatchingWindow: Duration.seconds(source.collected_seconds),
    retryAttempts: 3,
    bisectBatchOnError: true,
    onFailure: new SqsDlq(undelivered),
    filters: atMostFive(source.items).map((items) =>
      lambda.FilterCriteria.filter({
        dynamodb: {
          Keys: {
            pk: { S: items.flatMap(({ partition }) => lambda.FilterRule.beginsWith(`${partition}#`)) },
            sk: { S: items.flatMap(({ sort_keys }) => sort_keys).flatMap((start) => lambda.FilterRule.beginsWith(start)) },
          },
        },
      }),
    ),
  });
}

/**
 * The filters of a stream. Lambda accepts five; the rest share the last one, and a function ignores the additional changes that it
 * lets through: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html.
 */
function atMostFive(items: StreamedItems[]): StreamedItems[][] {
  if (items.length <= 5) return items.map((one) => [one]);
  return [...items.slice(0, 4).map((one) => [one]), items.slice(4)];
}

function followExecutions(target: lambda.Function, machines: sfn.StateMachine[], { undelivered }: Resources): void {
  new rules.Rule(target, "StatusChanges", {
    description: "Starts and ends of executions",
    eventPattern: {
      source: ["aws.states"],
      detailType: ["Step Functions Execution Status Change"],
      detail: { stateMachineArn: machines.map((machine) => machine.stateMachineArn) },
    },
    targets: [new targets.LambdaFunction(target, { deadLetterQueue: undelivered, retryAttempts: 3 })],
  });
}

function everyMinute(target: lambda.Function, document: Record<string, unknown>): void {
  new scheduler.Schedule(target, "EveryMinute", {
    description: `Tells ${target.node.id} that a minute has passed`,
    schedule: scheduler.ScheduleExpression.rate(Duration.minutes(1)),
    target: new LambdaInvoke(target, {
      input: scheduler.ScheduleTargetInput.fromObject(document),
      // The next minute is soon enough.
      retryAttempts: 0,
    }),
  });
}

function atItsTimes(target: lambda.Function, schedule: Schedule, number: number, { undelivered }: Resources): void {
  new scheduler.Schedule(target, `Schedule${number}`, {
    description: `Starts ${schedule.workflow}`,
    schedule: scheduler.ScheduleExpression.expression(`cron(${schedule.cron})`),
    target: new LambdaInvoke(target, {
      input: scheduler.ScheduleTargetInput.fromObject({ schedule, time: scheduler.ContextAttribute.scheduledTime }),
      // A late invocation may still start the workflow; a repeated one does not start it again.
      maxEventAge: Duration.hours(1),
      deadLetterQueue: undelivered,
    }),
  });
}
