//! The shipped workflow where the tracker is Linear and the chat is Discord.

use crate::crash::RECOVERY_LIMIT;
use crate::evidence::{branches, pull_request, repository};
use crate::plans::{plan, proposals, task};
use crate::support::{Captured, World, WorldFile, eventually};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const LIBRARY: &str = include_str!("worlds/library.yaml");

const NOOR: &str = "9cfb482a-81e3-4154-b5b9-2c805e70a02d";
const QUILL: &str = "1d2f3a4b-5c6d-4e7f-8a9b-0c1d2e3f4a5b";
const NOOR_IN_DISCORD: &str = "175928847299117063";
const QUILL_IN_DISCORD: &str = "1283052984719360041";

/// The library's world with other services in the same parts.
fn elsewhere(document: &mut Value) {
    let parts = document.as_object_mut().unwrap();
    for gone in ["jira", "slack", "confluence"] {
        parts.shift_remove(gone);
    }
    document["secrets"]["library/linear"] = json!({"api_key": "lin_api_other"});
    document["secrets"]["library/discord"] = json!({"bot_token": "other-discord-token"});
    document["secrets"]["library/signing"] = json!({
        "github": "other-github-signing", "linear": "other-linear-signing",
        "discord": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    });
    document["linear"] = json!({
        "secret": "library/linear", "bot": "quill", "url_key": "athenaeum",
        "users": [{"id": NOOR, "name": "noor", "full_name": "Noor"}, {"id": QUILL, "name": "quill", "full_name": "Quill"}],
        "teams": [{"key": "LIB", "name": "Library", "labels": ["agent"], "states": [
            {"name": "Wished", "type": "backlog"}, {"name": "Being Made", "type": "started"},
            {"name": "Peer Check", "type": "started"}, {"name": "Lent Out", "type": "completed"},
        ]}],
        "issues": [{"key": "LIB-7", "title": "Greet readers by their name", "creator": "noor",
                    "description": "A reader who gives a name is greeted by it."}],
    });
    document["discord"] = json!({
        "secret": "library/discord",
        "private_key": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "application": {"id": QUILL_IN_DISCORD, "name": "quill", "command": "quill"},
        "server": {"id": "197038439483310086", "name": "Athenaeum"},
        "users": [{"id": NOOR_IN_DISCORD, "name": "noor"}],
        "channels": [{"id": "290926798999357250", "name": "reading-room"}],
    });
    let configuration = &mut document["configuration"];
    configuration["projects"][0]["providers"]["task_management"] = "linear".into();
    configuration["projects"][0]["providers"]["communication"] = "discord".into();
    let plugins = configuration["plugins"].as_object_mut().unwrap();
    plugins.shift_remove("jira");
    plugins.shift_remove("slack");
    configuration["plugins"]["linear"] =
        json!({"base_url": "https://api.linear.app", "secret": "library/linear", "rate_limit": "50/s"});
    configuration["plugins"]["discord"] =
        json!({"base_url": "https://discord.com/api/v10", "secret": "library/discord", "rate_limit": "50/s"});
    configuration["webhooks"]["own_accounts"] =
        json!({"linear": QUILL, "github": "quill-bot", "discord": QUILL_IN_DISCORD});
    configuration["groups"]["librarians"] = json!(["noor"]);
    configuration["users"] = json!([{"name": "noor", "github": "noor", "linear": NOOR, "discord": NOOR_IN_DISCORD,
                                     "roles": ["developer", "approver"]}]);
    document["deliveries"] = json!({
        "wish": {"kind": "linear-label", "ticket": "LIB-7", "label": "agent", "by": "noor"},
        "command": {"kind": "discord-command", "text": "run LIB-7", "by": "noor", "channel": "reading-room"},
    });
}

/// The library where tickets are in Linear and people talk in Discord.
pub(crate) fn world_file() -> WorldFile {
    WorldFile::parse(LIBRARY).quick().edit(elsewhere)
}

fn ticket(state: &Value) -> Value {
    state["linear"].as_array().unwrap().iter().find(|ticket| ticket["key"] == "LIB-7").unwrap().clone()
}

fn messages(state: &Value) -> Vec<String> {
    let messages = state["discord"]["messages"].as_array().unwrap().iter();
    messages.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

async fn becomes_a_pull_request(world: &World, name: &str) {
    let execution = world.ended(name).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");
    assert_eq!(execution["task"], "LIB-7");
    let state = world.state().await;
    let pull_request = pull_request(repository(&state, "athenaeum/front-desk"), "feature/LIB-7");
    assert_eq!(pull_request["title"], "LIB-7: Say the reader's name");
    assert_eq!(ticket(&state)["status"], "Peer Check");
    let ready = "LIB\\-7 (Greet readers by their name) is ready for review";
    assert!(messages(&state).iter().any(|message| message.contains(ready)), "{:?}", messages(&state));
    let told = eventually("the end in the only progress report", Duration::from_secs(60), async || {
        let state = world.state().await;
        let comments = ticket(&state)["comments"].clone();
        let comments =
            comments.as_array()?.iter().filter_map(|comment| comment["text"].as_str().map(str::to_owned));
        let reports: Vec<_> = comments
            .chain(messages(&state))
            .filter(|text| text.contains(name) && text.contains("took "))
            .collect();
        (!reports.is_empty()).then_some(reports)
    })
    .await;
    assert!(told.len() == 1 && told[0].contains("$0.0246"), "one report, changed in place: {told:?}");
}

#[tokio::test]
async fn a_label_in_linear_becomes_a_pull_request_and_is_undone_from_discord() {
    let world = world_file().start().await;
    let name = world.start_by("wish").await;
    becomes_a_pull_request(&world, &name).await;

    let undo =
        json!({"kind": "discord-command", "text": "undo LIB-7", "by": "noor", "channel": "reading-room"});
    let shown = world.deliver(undo).await["body"].clone();
    assert_eq!((&shown["type"], &shown["data"]["flags"]), (&json!(4), &json!(68)), "{shown}");
    let button = &shown["data"]["components"][0]["components"][0];
    let (execution, code) =
        button["custom_id"].as_str().and_then(|id| id.strip_prefix("undo:")?.split_once(' ')).unwrap();
    let words = format!("undo {execution} confirm {code}");
    let confirm = json!({"kind": "discord-command", "text": words, "by": "noor", "channel": "reading-room"});
    let answer = world.deliver(confirm).await["body"].clone();
    assert_eq!((&answer["type"], &answer["data"]["flags"]), (&json!(4), &json!(4)), "{answer}");
    eventually("everything to be taken back", Duration::from_secs(60), async || {
        let state = world.state().await;
        let repository = repository(&state, "athenaeum/front-desk");
        let is_back = branches(repository) == ["trunk"] && ticket(&state)["status"] == "Wished";
        is_back.then_some(())
    })
    .await;
    world.finish().await;
}

#[tokio::test]
async fn a_command_in_discord_becomes_a_pull_request_of_a_linear_ticket() {
    let world = world_file().start().await;
    let ping = world.deliver(json!({"kind": "discord-ping"})).await;
    assert_eq!(ping, json!({"status": 200, "body": {"type": 1}}));
    let files = json!([{"name": "names.txt", "text": "Noor is spelled with two o"}]);
    let command = json!({"kind": "discord-command", "text": "run LIB-7", "by": "noor", "channel": "reading-room",
                         "files": files});
    let answer = world.deliver(command).await["body"].clone();
    let words = answer["data"]["content"].as_str().unwrap();
    assert!(words.contains("LIB\\-7") && answer["data"]["flags"] == 68, "{answer}");
    let executions = world.executions().await;
    let name = executions[0]["execution"].as_str().unwrap().to_owned();
    becomes_a_pull_request(&world, &name).await;
    let asked = world.asked_of_model().await;
    assert!(asked.iter().any(|asked| asked.to_string().contains("spelled with two o")), "the file is shown");
    let help =
        json!({"kind": "discord-command", "text": "status LIB-7", "by": "noor", "channel": "reading-room"});
    let answer = world.deliver(help).await["body"].clone();
    assert!(answer["data"]["content"].as_str().unwrap().contains("LIB\\-7"), "{answer}");
    world.finish().await;
}

/// Asks in Discord for a plan of the same requirements, says yes to it, and waits for its tickets.
async fn planned(world: &World) -> Value {
    let text = "plan Readers can  leave a note";
    let command = json!({"kind": "discord-command", "text": text, "by": "noor", "channel": "reading-room"});
    let before = world.executions().await;
    let answer = world.deliver(command).await;
    let started = world.executions().await;
    assert_eq!(started.len(), before.len() + 1, "{answer}");
    let name = started[0]["execution"].as_str().unwrap();
    let question = eventually("the question about the plan", RECOVERY_LIMIT, async || {
        let state = world.state().await;
        let messages = state["discord"]["messages"].as_array().unwrap().clone();
        let asks = |message: &Value| {
            let text = message.to_string();
            text.contains("approve") && text.contains(name)
        };
        messages.into_iter().rev().find(asks)
    })
    .await;
    let button = json!({"kind": "discord-button", "action": "approve", "message": question["id"], "by": "noor",
                        "channel": "reading-room"});
    world.deliver(button).await;
    let ended = world.ended_within(name, RECOVERY_LIMIT).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    ended
}

#[tokio::test]
async fn requirements_planned_twice_in_discord_become_tickets_once() {
    let first = plan(&[task("note", "Keep a note", &[]), task("shelf", "Show notes", &["note"])]);
    let second = plan(&[
        task("note", "Keep a note", &[]),
        task("shelf", "Show all notes", &["note"]),
        task("mail", "Mail notes", &["note"]),
    ]);
    let world = world_file().edit(|document| {
        document["claude"]["replies"] = json!([proposals(&[first]), proposals(&[second])]);
        // Of two projects, the name of the channel tells which is meant.
        let projects = document["configuration"]["projects"].as_array_mut().unwrap();
        let mut other = projects[0].clone();
        other["key"] = "ARC".into();
        other["repository"] = "athenaeum/archive".into();
        other["channel"] = "#archive".into();
        projects.push(other);
    });
    let world = world.start().await;
    let made = planned(&world).await["output"]["tickets"].clone();
    assert_eq!(made.as_array().map(Vec::len), Some(2), "{made}");
    let again = planned(&world).await["output"]["tickets"].clone();
    let again = again.as_array().unwrap();
    assert_eq!((&again[..2], again.len()), (made.as_array().unwrap().as_slice(), 3), "{made}");
    let state = world.state().await;
    let titles: Vec<_> =
        state["linear"].as_array().unwrap().iter().map(|ticket| ticket["summary"].as_str()).collect();
    let expected = ["Greet readers by their name", "Keep a note", "Show all notes", "Mail notes"];
    assert_eq!(titles, expected.map(Some), "{state:#}");
    // The plan was requested in the channel of the approval, whose question shows it, so no other message does.
    let shown = messages(&state).iter().filter(|text| text.contains("Plan: A base on the moon")).count();
    assert_eq!(shown, 0, "{:?}", messages(&state));
    world.finish().await;
}

#[tokio::test]
async fn a_signature_with_a_flipped_bit_is_refused() {
    let world = world_file().start().await;
    for (trigger, header) in [("wish", "linear-signature"), ("command", "x-signature-ed25519")] {
        let mut captured = world.capture(trigger).await;
        let mut signature = hex::decode(captured.headers[header].to_str().unwrap()).unwrap();
        signature[7] ^= 4;
        captured.headers.insert(header, hex::encode(signature).parse().unwrap());
        assert_eq!(world.send(&captured).await.status(), 401, "{trigger}");
    }
    assert!(world.executions().await.is_empty());
    world.finish().await;
}

/// Linear's own library, given a body, its signature and the secret: prints what becomes of the delivery.
const VERIFY_WITH_LINEAR: &str = "
const { LinearWebhookClient } = await import(process.argv[1]);
const [, , secret, body, signature] = process.argv;
const client = new LinearWebhookClient(secret);
for (const given of [signature, (signature[0] === '0' ? '1' : '0') + signature.slice(1)]) {
  try {
    console.log(client.verify(Buffer.from(body), given, JSON.parse(body).webhookTimestamp));
  } catch (error) {
    console.log(false);
  }
}
";

/// Discord's own library, given a body, its signature, its time and the public key.
const VERIFY_WITH_DISCORD: &str = "
import sys
from discord_interactions import verify_key
body, signature, timestamp, key = sys.argv[1:]
flipped = ('1' if signature[0] == '0' else '0') + signature[1:]
for given in (signature, flipped):
    print(verify_key(body.encode(), given, timestamp, key))
";

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().to_lowercase()
}

#[tokio::test]
async fn the_services_own_libraries_believe_the_simulators_signatures() {
    let installed =
        |variable| test_inputs::installed("signatures checked by the services' own libraries", variable);
    let world = world_file().start().await;
    let text = |captured: &Captured, header: &str| captured.headers[header].to_str().unwrap().to_owned();
    if let Some(modules) = installed("TICKETSMITH_NODE_MODULES") {
        let captured = world.capture("wish").await;
        let arguments = ["--input-type=module", "--eval", VERIFY_WITH_LINEAR];
        let mut command = Command::new("node");
        command
            .args(arguments)
            .arg(modules.join("@linear/sdk/dist/webhooks/index.mjs"))
            .arg("other-linear-signing");
        command.arg(std::str::from_utf8(&captured.body).unwrap()).arg(text(&captured, "linear-signature"));
        assert_eq!(printed(&mut command), "true\nfalse\n");
        assert_eq!(world.send(&captured).await.status(), 200);
    }
    if let Some(python) = installed("TICKETSMITH_PYTHON") {
        let captured = world.capture("command").await;
        let mut command = Command::new(python);
        command.args(["-c", VERIFY_WITH_DISCORD, std::str::from_utf8(&captured.body).unwrap()]);
        command.args([text(&captured, "x-signature-ed25519"), text(&captured, "x-signature-timestamp")]);
        command.arg("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        // The library also explains its refusals.
        let said = printed(&mut command);
        assert!(said.starts_with("true\n") && said.ends_with("false\n"), "{said}");
    }
    world.finish().await;
}
