//! `init` as a new user runs it, without a terminal: it writes the configuration, sets secrets and registers the webhook; repeated, it
//! changes nothing.

use crate::support::{World, WorldFile};
use serde_json::{Value, json};

/// A world whose bot administers the repository, and nothing set up yet.
async fn world() -> World {
    let world = WorldFile::quick_shop().edit(|world| {
        world["github"]["repositories"][0]["collaborators"]["ticketsmith-bot"] = json!("admin");
    });
    let world = world.simulate().await;
    std::fs::remove_dir_all(world.folder().join(".ticketsmith")).unwrap();
    world
}

/// The addresses of the simulated services, as `--set` takes them.
fn addresses(world: &World) -> Vec<String> {
    let text = std::fs::read_to_string(world.folder().join("ticketsmith.yaml")).unwrap();
    let configuration: Value = serde_saphyr::from_str(&text).unwrap();
    ["jira", "github", "slack", "claude"]
        .map(|name| {
            format!("{name}.base_url={}", configuration["plugins"][name]["base_url"].as_str().unwrap())
        })
        .into()
}

const SECRETS: &str = r##"{
    "jira": {"email": "ticketsmith@acme.example", "api_token": "simulated-jira-token"},
    "github": {"token": "simulated-github-token"},
    "slack": {"bot_token": "xoxb-simulated-slack-token"},
    "claude": {"api_key": "simulated-claude-key"},
    "signing": {"slack": "simulated-slack-signing-secret", "jira": "simulated-jira-webhook-secret"}
}"##;

const FIRST: [&str; 18] = [
    "init",
    "--config",
    "mine.yaml",
    "--url",
    "https://tickets.example/",
    "--secrets",
    "-",
    "--project",
    "SHOP",
    "--repository",
    "acme/shop",
    "--use",
    "github",
    "--use",
    "jira",
    "--use",
    "slack",
    "--use",
];

const SET: [&str; 7] = [
    "claude",
    "--set",
    "channel=#shop-dev",
    "--set",
    "statuses.in_review=Code Review",
    "--set",
    "own_accounts.github=ticketsmith-bot",
];

/// Runs `init` for the first time with these further arguments.
async fn first(world: &World, more: &[&str], secrets: &str) -> (i32, String, String) {
    let addresses = addresses(world);
    let mut arguments = [FIRST.as_slice(), &SET[..], more].concat();
    arguments.extend(addresses.iter().flat_map(|address| ["--set", address]));
    world.command_with_input(&arguments, secrets).await
}

#[tokio::test]
async fn one_command_sets_a_project_up_and_a_repetition_changes_nothing() {
    let world = world().await;
    let (code, printed, errors) = first(&world, &[], SECRETS).await;
    assert_eq!(code, 0, "{printed}{errors}");
    assert!(printed.contains("GitHub's webhook for acme/shop is created"), "{printed}{errors}");
    for (name, text) in [("printed", &printed), ("errors", &errors)] {
        assert!(!text.contains("simulated-"), "{name}: {text}");
    }
    let requests = world.requests("github", "POST", "/repos/acme/shop/hooks").await;
    let [request] = &requests[..] else { panic!("one registration: {requests:#?}") };
    assert_eq!(request["request"]["config"]["url"], "https://tickets.example/webhooks/github");

    let written = std::fs::read_to_string(world.folder().join("mine.yaml")).unwrap();
    let again = ["init", "--config", "mine.yaml", "--url", "https://tickets.example"];
    let (code, printed, errors) = world.command(&again).await;
    assert_eq!(code, 0, "{printed}{errors}");
    assert!(printed.contains("acme/shop stays as it is") && !printed.contains(" is set\n"), "{printed}");
    assert_eq!(std::fs::read_to_string(world.folder().join("mine.yaml")).unwrap(), written);
    assert_eq!(world.requests("github", "POST", "/repos/acme/shop/hooks").await.len(), 1);
    assert!(world.requests("github", "PATCH", "/repos/acme/shop/hooks").await.is_empty());

    // Without one, it says what can be fetched.
    let (code, printed, errors) = world.command(&["init", "--config", "mine.yaml"]).await;
    assert_eq!(code, 0, "{printed}{errors}");
    assert!(printed.contains("GitHub: `ticketsmith serve --pull` fetches labels"), "{printed}");
    assert!(printed.contains("Jira: its events arrive only at a public address"), "{printed}");

    // A new address has a separate webhook.
    let (code, printed, _) =
        world.command(&["init", "--config", "mine.yaml", "--url", "https://other.example"]).await;
    assert!(code == 0 && printed.contains("acme/shop is created"), "{printed}");
    world.finish().await;
}

#[tokio::test]
async fn what_is_missing_is_said_with_what_to_do() {
    let world = world().await;
    let secrets = r#"{"github": {"token": "simulated-github-token"}}"#;
    let (code, printed, errors) = first(&world, &[], secrets).await;
    assert_eq!(code, 1, "`doctor` names what is missing: {printed}{errors}");
    for expected in [
        "Then: ticketsmith secrets set ticketsmith/jira",
        "https://api.slack.com/apps?new_app=1&manifest_json=%7B",
        "ticketsmith secrets set ticketsmith/signing#jira",
        "GitHub's webhook for acme/shop is created",
    ] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_writes_nothing() {
    let world = world().await;
    let no_file = |world: &World| !world.folder().join("mine.yaml").exists();
    for (more, expected) in [
        (["--set", "jira.bas_url=x"].as_slice(), "did you mean `jira.base_url`?"),
        (&["--use", "gihub"], "did you mean that?"),
        (&["--set", "space"], "KEY=VALUE"),
    ] {
        let (code, _, errors) = first(&world, more, SECRETS).await;
        assert!(code == 2 && errors.contains(expected) && no_file(&world), "{errors}");
    }
    let (code, _, errors) = world.command(&["init", "--config", "mine.yaml"]).await;
    assert!(code == 2 && errors.contains("--project is missing") && no_file(&world), "{errors}");
    let (code, _, errors) =
        world.command(&["init", "--config", "mine.yaml", "--url", "http://x.example"]).await;
    assert!(code == 2 && errors.contains("HTTPS") && no_file(&world), "{errors}");

    let strange = SECRETS.replace("\"claude\":", "\"openai\":");
    let (code, _, errors) = first(&world, &[], &strange).await;
    assert!(code == 2 && errors.contains("`openai`") && !errors.contains("simulated"), "{errors}");
    // The file is there now. The same command goes on with it, and arguments would contradict it.
    let (code, printed, errors) = first(&world, &[], SECRETS).await;
    assert!(code == 0 && printed.contains("mine.yaml stays as it is"), "{printed}{errors}");
    let (code, _, errors) = first(&world, &["--set", "space=SHOP"], SECRETS).await;
    assert!(code == 2 && errors.contains("already there"), "{errors}");
    world.finish().await;
}

#[tokio::test]
async fn a_service_that_lets_no_program_register_says_so_and_the_rest_goes_on() {
    let world = WorldFile::quick_shop().simulate().await;
    std::fs::remove_dir_all(world.folder().join(".ticketsmith")).unwrap();
    let (code, printed, errors) = first(&world, &[], SECRETS).await;
    assert_eq!(code, 0, "{printed}{errors}");
    assert!(errors.contains("could not be registered") && errors.contains("/webhooks/github"), "{errors}");
    world.finish().await;
}

#[tokio::test]
async fn what_needs_no_secret_is_explained_and_examined_as_well() {
    let profile = "eu.anthropic.claude-sonnet-5-5";
    let world = WorldFile::quick_shop().edit(|world| {
        world["bedrock"] = json!({"models": [profile], "replies": []});
        world["configuration"]["plugins"]["bedrock"] = json!({});
    });
    let world = world.simulate().await;
    std::fs::remove_dir_all(world.folder().join(".ticketsmith")).unwrap();
    let text = std::fs::read_to_string(world.folder().join("ticketsmith.yaml")).unwrap();
    let configuration: Value = serde_saphyr::from_str(&text).unwrap();
    let set = ["jira", "github", "bedrock"].map(|name| {
        format!("{name}.base_url={}", configuration["plugins"][name]["base_url"].as_str().unwrap())
    });
    let model = format!("bedrock.model={profile}");
    let mut arguments = vec!["init", "--config", "mine.yaml", "--secrets", "-", "--project", "SHOP"];
    arguments.extend(["--repository", "acme/shop", "--use", "github", "--use", "jira", "--use", "bedrock"]);
    arguments.extend(["--set", "bedrock.region=eu-central-1", "--set", &model]);
    arguments.extend(set.iter().flat_map(|set| ["--set", set]));
    let secrets = r##"{
        "jira": {"email": "ticketsmith@acme.example", "api_token": "simulated-jira-token"},
        "github": {"token": "simulated-github-token"},
        "signing": {"jira": "simulated-jira-webhook-secret"}
    }"##;
    let (_, printed, errors) = world.command_with_input(&arguments, secrets).await;
    assert!(
        printed.contains("\nBedrock:\n  1. ") && printed.contains("bedrock:InvokeModel"),
        "{printed}{errors}"
    );
    assert!(printed.contains(&format!("model {profile}")), "doctor asks it: {printed}{errors}");
    assert_eq!(world.requests("bedrock", "POST", "/count-tokens").await.len(), 1);
    world.finish().await;
}
