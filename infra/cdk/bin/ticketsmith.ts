// The CDK app: one stack for each stage. The settings are in lib/settings.ts.
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { generated } from "../lib/generated.ts";
import { settingsOf } from "../lib/settings.ts";
import { TicketsmithStack } from "../lib/stack.ts";

const app = new App();
const settings = settingsOf(app.node);
new TicketsmithStack(app, settings.prefix, { settings, generated: generated(settings.stateMachines) });
// A finding that is not acknowledged with its reason fails the synthesis.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
