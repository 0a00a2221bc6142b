// The permission to use the account's own metrics and events as a team's monitoring.
import { Aws } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";

/** The permissions of a function that records metrics in this namespace, reads them and sends events to the account's event buses. */
export function monitoring(namespace: string): iam.PolicyStatement[] {
  const events = `arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:event-bus/default`;
  return [
    // Metrics have no ARNs: only the namespace limits writing, and nothing limits reading.
    new iam.PolicyStatement({
      actions: ["cloudwatch:PutMetricData"],
      resources: ["*"],
      conditions: { StringEquals: { "cloudwatch:namespace": namespace } },
    }),
    new iam.PolicyStatement({ actions: ["cloudwatch:GetMetricData"], resources: ["*"] }),
    new iam.PolicyStatement({ actions: ["events:PutEvents"], resources: [events] }),
  ];
}
