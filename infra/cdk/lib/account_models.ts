// The permission to ask models that the account itself pays for: the inference profile, and its model in each region that it may use.
import { Aws } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";

const asking = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];

// The regions that AWS's inference profiles may use, by the beginning of their IDs; `""` is the model outside all regions, which global profiles name:
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

/** The permissions of a function that asks these models: none for other models, and a profile's model only through a listed profile. */
export function askingModels(models: string[]): iam.PolicyStatement[] {
  if (models.length === 0) return [];
  const profiles = models.filter((model) => model.startsWith("arn:") || split(model)[0] !== undefined);
  const arns = profiles.map((model) =>
    model.startsWith("arn:") ? model : `arn:${Aws.PARTITION}:bedrock:${Aws.REGION}:${Aws.ACCOUNT_ID}:inference-profile/${model}`,
  );
  const behindProfiles = profiles.flatMap((model) => {
    // The account's own profile: only its maker knows which model is behind it.
    if (model.startsWith("arn:")) return [modelIn("*", "*")];
    const [geography = "", base] = split(model);
    return (regionsOf[geography] ?? []).map((region) => modelIn(region, base));
  });
  const alone = models.filter((model) => !profiles.includes(model)).map((model) => modelIn(Aws.REGION, model));
  const counted = models.filter((model) => !model.startsWith("arn:")).map((model) => modelIn(Aws.REGION, split(model)[1]));
  const statement = (actions: string[], resources: string[], conditions?: iam.Conditions) =>
    resources.length === 0 ? [] : [new iam.PolicyStatement({ actions, resources: [...new Set(resources)], conditions })];
  return [
    ...statement(asking, [...arns, ...alone]),
    ...statement(asking, behindProfiles, { StringEquals: { "bedrock:InferenceProfileArn": arns } }),
    ...statement(["bedrock:CountTokens"], counted),
  ];
}

/** Every resource with a wildcard in the statements. */
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
