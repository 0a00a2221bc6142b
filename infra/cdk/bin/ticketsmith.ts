// The CDK app: one stack for each stage. The settings are in lib/settings.ts.
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { generated } from "../lib/generated.ts";
import { SettingError, settingsOf } from "../lib/settings.ts";
import { TicketsmithStack } from "../lib/stack.ts";

const app = new App();
try {
  const settings = settingsOf(app.node);
  new TicketsmithStack(app, settings.prefix, { settings, generated: generated(settings.stateMachines) });
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  // A person gave the setting, for whom a stack trace says nothing.
  console.error(`error: ${error.message}`);
  process.exit(1);
}
// A finding that is not acknowledged with its reason fails the synthesis.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
