// What the `events` function hears: the table's stream, status changes of executions, the tick of every minute, and the times of schedules.
import { Duration, type Stack } from "aws-cdk-lib";
import * as rules from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { DynamoEventSource, SqsDlq } from "aws-cdk-lib/aws-lambda-event-sources";
import * as scheduler from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import type { Schedule } from "./generated.ts";
import type { Resources } from "./stack.ts";

export function eventSources(
  stack: Stack,
  events: lambda.Function,
  machines: sfn.StateMachine[],
  schedules: Schedule[],
  { table, undelivered }: Resources,
): void {
  events.addEventSource(
    new DynamoEventSource(table, {
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      // Steps that follow each other quickly become one edit of the progress comment.
      maxBatchingWindow: Duration.seconds(1),
      retryAttempts: 3,
      bisectBatchOnError: true,
      onFailure: new SqsDlq(undelivered),
      // Other changes lead to nothing: shared/records/src/stream.rs.
      filters: ["EXECUTION#", "EVENT#", "WAITER#"].map((kind) =>
        lambda.FilterCriteria.filter({ dynamodb: { Keys: { pk: { S: lambda.FilterRule.beginsWith(kind) } } } }),
      ),
    }),
  );
  new rules.Rule(stack, "StatusChanges", {
    description: "Starts and ends of executions",
    eventPattern: {
      source: ["aws.states"],
      detailType: ["Step Functions Execution Status Change"],
      detail: { stateMachineArn: machines.map((machine) => machine.stateMachineArn) },
    },
    targets: [new targets.LambdaFunction(events, { deadLetterQueue: undelivered, retryAttempts: 3 })],
  });
  events.configureAsyncInvoke({ retryAttempts: 2, maxEventAge: Duration.hours(6) });
  new scheduler.Schedule(stack, "Sweeper", {
    description: "Looks after open executions",
    schedule: scheduler.ScheduleExpression.rate(Duration.minutes(1)),
    target: new LambdaInvoke(events, {
      input: scheduler.ScheduleTargetInput.fromObject({ tick: "sweep" }),
      // The next minute sweeps again.
      retryAttempts: 0,
    }),
  });
  schedules.forEach((schedule, number) => {
    new scheduler.Schedule(stack, `Schedule${number}`, {
      description: `Starts ${schedule.workflow}`,
      schedule: scheduler.ScheduleExpression.expression(`cron(${schedule.cron})`),
      target: new LambdaInvoke(events, {
        input: scheduler.ScheduleTargetInput.fromObject({ schedule, time: scheduler.ContextAttribute.scheduledTime }),
        // What is told late may still start; told twice, it starts once.
        maxEventAge: Duration.hours(1),
        deadLetterQueue: undelivered,
      }),
    });
  });
}
