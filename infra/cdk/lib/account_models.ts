// The permission to ask models that the account itself pays for: the inference profile, and its model in each region that it may use.
import { Aws } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";

const asking = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];

// Which regions a profile of AWS's may use, as its ID begins; `""` is the model outside all regions, which global profiles name:
// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
const regionsOf: Record<string, string[]> = {
  apac: ["ap-*"],
  au: ["ap-southeast-*"],
  ca: ["ca-*", "us-*"],
  eu: ["eu-*"],
  global: ["", "*"],
  in: ["ap-south-*"],
  jp: ["ap-northeast-*"],
  us: ["us-*"],
  "us-gov": ["us-gov-*"],
};

const modelIn = (region: string, model: string) => `arn:${Aws.PARTITION}:bedrock:${region}::foundation-model/${model}`;

/** What a function that asks these models may do: nothing with any other model, and with a profile's model only through the profile. */
export function askingModels(models: string[]): iam.PolicyStatement[] {
  return models.flatMap((model) => {
    const statement = (actions: string[], resources: string[], profile?: string) =>
      new iam.PolicyStatement({
        actions,
        resources,
        conditions: profile === undefined ? undefined : { StringEquals: { "bedrock:InferenceProfileArn": profile } },
      });
    if (model.startsWith("arn:")) {
      // A profile of the account's own: only its maker knows which model it leads to.
      return [statement(asking, [model]), statement(asking, [modelIn("*", "*")], model)];
    }
    const [geography, base] = split(model);
    const counting = statement(["bedrock:CountTokens"], [modelIn(Aws.REGION, base)]);
    if (geography === undefined) return [statement(asking, [modelIn(Aws.REGION, base)]), counting];
    const profile = `arn:${Aws.PARTITION}:bedrock:${Aws.REGION}:${Aws.ACCOUNT_ID}:inference-profile/${model}`;
    const regions = (regionsOf[geography] ?? []).map((region) => modelIn(region, base));
    return [statement(asking, [profile]), statement(asking, regions, profile), counting];
  });
}

/** Every resource with a wildcard that the statements name. */
export function wildcardsOf(models: string[]): string[] {
  const resources = askingModels(models).flatMap((statement) => statement.resources);
  return [...new Set(resources.filter((resource) => resource.includes("*")))];
}

function split(model: string): [string | undefined, string] {
  const dot = model.indexOf(".");
  const geography = model.slice(0, dot);
  return dot > 0 && geography in regionsOf ? [geography, model.slice(dot + 1)] : [undefined, model];
}

/** Whether a text could be a model, an inference profile, or the ARN of one. */
export const isModel = (text: string) =>
  /^([a-z0-9-]+\.[A-Za-z0-9-:.]+|arn:aws[a-z-]*:bedrock:[a-z0-9-]+:\d{12}:(application-)?inference-profile\/[A-Za-z0-9-:.]+)$/.test(text);
