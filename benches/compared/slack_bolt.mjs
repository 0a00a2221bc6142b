// An app of Slack Bolt with one slash command, which prints its port once it listens.
import bolt from "@slack/bolt";

const app = new bolt.App({
  signingSecret: process.env.SIGNING_SECRET,
  authorize: async () => ({ botToken: "xoxb-0", botId: "B1", botUserId: "U2" }),
  logLevel: bolt.LogLevel.ERROR,
});
app.command("/ticketsmith", async ({ ack }) => {
  await ack("started");
});
const server = await app.start({ port: 0, host: "127.0.0.1" });
console.log(server.address().port);
