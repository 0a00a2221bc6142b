// The gateway for sockets: who is asked to let readers in, and who may send to them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sourcesOf } from "../lib/generated.ts";
import { Stage, allowed, everySetting, resourcesOf, type Json } from "./synthesized.ts";

for (const [title, context] of [["by default", {}], ["with every setting", everySetting]] as const) {
  const stage = new Stage(context);
  const [gateway, { Properties: api }] = stage.one("AWS::ApiGatewayV2::Api", "ProtocolType", "WEBSOCKET");
  const functions = stage.functions();
  const opening = functions.filter(({ entry }) => sourcesOf(entry, "sockets").length > 0);
  const ofGateway = (type: string) => stage.of(type).filter(([, { Properties }]) => JSON.stringify(Properties.ApiId) === JSON.stringify({ Ref: gateway }));

  test(`one function decides who gets in, and nothing is asked over a socket, ${title}`, () => {
    assert.equal(api.Name, `${stage.settings.prefix}-sockets`);
    assert.equal(opening.length, 1);
    const routes = ofGateway("AWS::ApiGatewayV2::Route");
    assert.deepEqual(routes.map(([, { Properties }]) => Properties.RouteKey).sort(), ["$connect", "$default", "$disconnect"]);
    // An answer would be sent for each message that comes.
    assert.ok(routes.every(([, { Properties }]) => Properties.RouteResponseSelectionExpression === undefined));
    const integrations = ofGateway("AWS::ApiGatewayV2::Integration");
    assert.equal(integrations.length, routes.length);
    for (const [id, { Properties }] of integrations) {
      assert.match(JSON.stringify(Properties.IntegrationUri), new RegExp(`"${opening[0]?.id}","Arn"`), id);
      assert.equal(Properties.CredentialsArn, undefined, id);
    }
    for (const [, { Properties }] of routes) {
      const target = JSON.stringify(Properties.Target);
      assert.ok(integrations.some(([id]) => target.includes(`"${id}"`)), target);
    }
  });

  test(`sockets are opened as often as deliveries are accepted, in one stage, ${title}`, () => {
    const stages = ofGateway("AWS::ApiGatewayV2::Stage");
    assert.equal(stages.length, 1);
    const properties = stages[0]?.[1].Properties;
    assert.equal(properties?.StageName, "live");
    assert.equal(properties?.AutoDeploy, true);
    const { deliveriesPerSecond } = stage.settings;
    assert.deepEqual(properties?.DefaultRouteSettings, { ThrottlingBurstLimit: 2 * deliveriesPerSecond, ThrottlingRateLimit: deliveriesPerSecond });
    // Access logs of a gateway for sockets have the ticket in them, unless their format leaves it out.
    assert.equal(properties?.AccessLogSettings, undefined);
  });

  test(`whoever sends to sockets sends to those of this gateway, and may only send and close, ${title}`, () => {
    const arn = (method: string): Json => ({
      "Fn::Join": [
        "",
        [
          "arn:",
          { Ref: "AWS::Partition" },
          ":execute-api:",
          { Ref: "AWS::Region" },
          ":",
          { Ref: "AWS::AccountId" },
          ":",
          { Ref: gateway },
          `/live/${method}/@connections/*`,
        ],
      ],
    });
    for (const { name, entry, statements } of functions) {
      const managing = statements.filter((statement) => allowed([statement]).some((action) => action.startsWith("execute-api:")));
      assert.deepEqual(allowed(managing), entry.sockets === "push" ? ["execute-api:ManageConnections"] : [], name);
      assert.deepEqual(managing.flatMap(resourcesOf), entry.sockets === "push" ? [arn("POST"), arn("DELETE")] : [], name);
    }
    assert.equal(functions.filter(({ entry }) => entry.sockets === "push").length, 1);
  });

  test(`only whoever needs the sockets' address has it, ${title}`, () => {
    for (const { name, entry, made } of functions) {
      const { Variables: variables } = made.Properties.Environment as { Variables: Record<string, Json> };
      assert.equal("SOCKETS_URL" in variables, entry.sockets !== null, name);
      if (entry.sockets === null) continue;
      const [separator, parts] = (variables.SOCKETS_URL as { "Fn::Join": [string, Json[]] })["Fn::Join"];
      assert.deepEqual(
        [separator, ...parts],
        ["", "https://", { Ref: gateway }, ".execute-api.", { Ref: "AWS::Region" }, ".", { Ref: "AWS::URLSuffix" }, "/live"],
        name,
      );
    }
  });

  test(`the gateway invokes the function of its routes and no other, ${title}`, () => {
    const permissions = stage.of("AWS::Lambda::Permission").filter(([, { Properties }]) => JSON.stringify(Properties.SourceArn).includes(`{"Ref":"${gateway}"}`));
    assert.equal(permissions.length, 3);
    for (const [id, { Properties }] of permissions) {
      assert.equal(Properties.Principal, "apigateway.amazonaws.com", id);
      assert.deepEqual(Properties.FunctionName, { "Fn::GetAtt": [opening[0]?.id, "Arn"] }, id);
      assert.match(JSON.stringify(Properties.SourceArn), /\/\*\$(connect|disconnect|default)"/, id);
    }
  });
}
