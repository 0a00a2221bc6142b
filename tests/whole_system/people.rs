//! People: whom the API manages, the accounts that they join, and their direct messages.

use crate::evidence::{messages, ticket};
use crate::support::{EXECUTION_LIMIT, World, WorldFile, eventually};
use serde_json::{Value, json};

const ASK: &str = "\
name: Ask
inputs:
  task_id: { type: string }
steps:
  - name: ask
    type: approval
    question: \"Ship ${task_id}?\"
    approvers: [ada]
    timeout: 1h
";

/// A world in which grace is not in the configuration, and ada is known only in Slack.
async fn world() -> World {
    let edit = |document: &mut Value| {
        document["configuration"]["notify"] = json!(["failed"]);
    };
    WorldFile::quick_shop().edit(edit).with_file("workflows/ask.yaml", ASK).start().await
}

async fn in_slack(world: &World, text: &str) -> String {
    in_slack_by(world, text, "ada").await
}

async fn in_slack_by(world: &World, text: &str, by: &str) -> String {
    let typed = json!({"kind": "slack-command", "text": text, "by": by, "channel": "shop-dev"});
    let body = world.deliver(typed).await["body"].clone();
    let blocks = body["blocks"].as_array().unwrap_or_else(|| panic!("{body}"));
    blocks.iter().filter_map(|block| block["text"]["text"].as_str()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn people_are_told_directly_what_they_chose_once() {
    let mut world = world().await;
    assert_eq!(
        in_slack(&world, "notify").await,
        "You get direct messages about: failed, as the configuration says."
    );
    let (code, printed, errors) = world.command(&["notify", "approval", "done", "--as", "ada"]).await;
    assert_eq!((code, printed.as_str()), (0, "approval done\n"), "{errors}");
    assert_eq!(in_slack(&world, "notify").await, "You get direct messages about: approval, done.");
    let (code, printed, errors) =
        world.command(&["run", "ask", "--input", "task_id=SHOP-1", "--as", "ada", "--detach"]).await;
    assert_eq!(code, 0, "{errors}");
    let name = printed.trim().to_owned();
    let asked = async || {
        let state = world.state().await;
        messages(&state, "@ada").iter().any(|text| text.contains("Ship SHOP-1?")).then_some(())
    };
    eventually("the question", EXECUTION_LIMIT, asked).await;
    world.kill().await;
    world.serve().await;
    assert_eq!(world.command(&["approve", &name, "--as", "ada"]).await.0, 0);
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    let done = async || {
        let state = world.state().await;
        messages(&state, "@ada").iter().any(|text| text.contains("is done")).then_some(())
    };
    eventually("the end", EXECUTION_LIMIT, done).await;
    let state = world.state().await;
    assert_eq!(messages(&state, "@ada").len(), 2, "each once: {:?}", messages(&state, "@ada"));
    assert!(in_slack(&world, "notify off").await.contains("no direct messages"));
    world.finish().await;
}

#[tokio::test]
async fn an_account_in_the_tracker_is_joined_to_a_person_in_the_chat() {
    let world = WorldFile::quick_shop().with_file("workflows/ask.yaml", ASK).start().await;
    let told = async |text: &str| {
        let comment = json!({"kind": "jira-comment", "ticket": "SHOP-1", "text": format!("@ticketsmith {text}"), "by": "grace"});
        let before = ticket(&world.state().await, "SHOP-1")["comments"].as_array().unwrap().len();
        world.deliver(comment).await;
        let answered = async || {
            let state = world.state().await;
            let comments = ticket(&state, "SHOP-1")["comments"].as_array().unwrap().clone();
            (comments.len() > before + 1)
                .then(|| comments.last().unwrap()["text"].as_str().unwrap().to_owned())
        };
        eventually("the answer", EXECUTION_LIMIT, answered).await
    };
    let begun = in_slack(&world, "link").await;
    let at = begun.find("code is *").unwrap_or_else(|| panic!("{begun}")) + "code is *".len();
    let code = &begun[at..at + 10];
    assert!(told(&format!("link {code}")).await.contains("slack"));
    assert!(in_slack(&world, &format!("link {code}")).await.contains("jira"));
    assert!(in_slack(&world, &format!("link confirm {code}")).await.contains("You confirmed"));
    assert!(told(&format!("link confirm {code}")).await.contains("is joined to"));
    assert!(in_slack(&world, "link").await.contains("Joined to you: jira"));
    let (code, printed, errors) = world.command(&["link", "--as", "ada"]).await;
    assert!(code == 0 && printed.contains("joined: jira") && printed.contains("code: "), "{printed}{errors}");
    world.finish().await;
}

/// Runs a command of `person` as ada; gives its answer.
async fn person(world: &World, arguments: &[&str]) -> Value {
    let arguments = [&["person"][..], arguments, &["--as", "ada", "--output", "json"]].concat();
    let (code, printed, errors) = world.command(&arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {printed}{errors}");
    serde_json::from_str(&printed).unwrap()
}

#[tokio::test]
async fn whoever_is_added_by_the_api_is_known_at_every_entrance_until_they_are_removed() {
    let mut world = WorldFile::quick_shop().start().await;
    let label =
        |ticket: &str| json!({"kind": "jira-label", "ticket": ticket, "label": "agent", "by": "grace"});
    let refused = world.deliver(label("SHOP-2")).await;
    assert!(refused["body"].to_string().contains("may not start work"), "{refused}");
    let accounts = ["--account", "slack=U061F7AUR", "--account", "jira=712020:grace"];
    let added = person(&world, &[&["create", "grace"][..], &accounts, &["--role", "viewer"]].concat()).await;
    assert_eq!((&added["managed_by"], &added["roles"]), (&json!("api"), &json!(["viewer"])), "{added}");
    assert!(in_slack_by(&world, "run SHOP-1", "grace").await.contains("may not start work"));

    // `serve` puts its file in force at each start, and they stay.
    world.kill().await;
    world.serve().await;
    let changed = person(&world, &["edit", "grace", "--role", "developer"]).await;
    assert_eq!(
        (&changed["roles"], &changed["accounts"]),
        (&json!(["developer"]), &added["accounts"]),
        "{changed}"
    );
    let (code, printed, errors) = world.command(&["api", "/me", "--as", "grace"]).await;
    assert!(code == 0 && printed.contains("developer"), "{printed}{errors}");
    let name = world.start_by(label("SHOP-1")).await;
    let execution = world.ended(&name).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");

    // As a file they are the same, and then the file's.
    let (code, exported, errors) = world.command(&["config", "export"]).await;
    assert!(code == 0 && exported.contains("712020:grace"), "{exported}{errors}");
    let archived = person(&world, &["delete", "grace", "--yes"]).await;
    assert_eq!(archived["archived_by"], "ada", "{archived}");
    assert!(in_slack_by(&world, "run SHOP-1", "grace").await.contains("may not start work"));
    person(&world, &[&["create", "Grace"][..], &accounts].concat()).await;
    std::fs::write(world.folder().join("ticketsmith.yaml"), &exported).unwrap();
    world.kill().await;
    world.serve().await;
    assert_eq!(person(&world, &["view", "grace"]).await["managed_by"], "file");
    let (code, _, errors) = world.command(&["person", "delete", "grace", "--yes", "--as", "ada"]).await;
    assert_eq!(code, 6, "{errors}");
    assert!(errors.contains("`grace` is managed by the configuration file, at users[1]"), "{errors}");
    let (_, findings, errors) = world.command(&["doctor", "--json"]).await;
    assert!(
        findings.contains("users[1] of the file has the same name or account and wins"),
        "{findings}{errors}"
    );
    world.finish().await;
}
