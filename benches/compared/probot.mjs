// An app of Probot with one listener, which prints its port once it listens.
import http from "node:http";
import { createNodeMiddleware, createProbot } from "probot";

const probot = createProbot({
  // No key is used before the app asks GitHub for something.
  overrides: { appId: "1", privateKey: "none", secret: process.env.SIGNING_SECRET, logLevel: "fatal" },
});
const app = (probot) => {
  probot.on("issues.labeled", () => {});
};
const middleware = await createNodeMiddleware(app, { probot, webhooksPath: "/api/github/webhooks" });
const server = http.createServer(middleware);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
