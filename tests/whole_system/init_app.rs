//! `init --app` as a new user runs it: a browser makes the App from a manifest, and its secret is set without anybody copying one.

use crate::process::executable;
use crate::support::{World, WorldFile};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

/// A private key in PEM.
fn private_key() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let body = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

/// A world in which nothing is set up yet, and the App that people can make in it may do nothing.
async fn world() -> World {
    let world = WorldFile::quick_shop().edit(|world| {
        world["secrets"]["ticketsmith/github"] =
            json!({"app_id": "77", "installation_id": "99", "private_key": private_key()});
        let github = world["github"].as_object_mut().unwrap();
        github.remove("bot");
        github.insert("app".to_owned(), json!({"slug": "ticketsmith", "permissions": {}, "events": []}));
    });
    let world = world.simulate().await;
    std::fs::remove_dir_all(world.folder().join(".ticketsmith")).unwrap();
    world
}

const SECRETS: &str = r##"{
    "jira": {"email": "ticketsmith@acme.example", "api_token": "simulated-jira-token"},
    "slack": {"bot_token": "xoxb-simulated-slack-token"},
    "claude": {"api_key": "simulated-claude-key"},
    "signing": {"slack": "simulated-slack-signing-secret", "jira": "simulated-jira-webhook-secret"}
}"##;

fn arguments(world: &World) -> Vec<String> {
    let text = std::fs::read_to_string(world.folder().join("ticketsmith.yaml")).unwrap();
    let configuration: Value = serde_saphyr::from_str(&text).unwrap();
    let words = "init --config mine.yaml --url https://tickets.example --secrets - --project SHOP --repository acme/shop --app github \
                 --set channel=#shop-dev --set own_accounts.github=ticketsmith[bot]";
    let mut arguments: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    arguments.extend(["--set".to_owned(), "statuses.in_review=Code Review".to_owned()]);
    for name in ["jira", "github", "slack", "claude"] {
        let address = configuration["plugins"][name]["base_url"].as_str().unwrap();
        arguments.extend(["--use".to_owned(), name.to_owned()]);
        arguments.extend(["--set".to_owned(), format!("{name}.base_url={address}")]);
    }
    arguments
}

/// What a browser does: opens the page, presses the first button, agrees at the service, and installs the App.
async fn browse(page: &str) {
    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let browser = browser.build().unwrap();
    let shown = browser.get(page).send().await.unwrap().text().await.unwrap();
    let found =
        |pattern: &str| Regex::new(pattern).unwrap().captures(&shown).unwrap()[1].replace("&quot;", "\"");
    let (action, manifest) = (found(r#"action="([^"]+)""#), found(r#"value="([^"]+)""#));
    assert!(action.contains("/organizations/acme/settings/apps/new?state="), "{action}");
    let sent_on = |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    let agreed = browser.post(action).form(&[("manifest", manifest)]).send().await.unwrap();
    let made = browser.get(sent_on(&agreed)).send().await.unwrap();
    assert_eq!(made.status(), 303);
    let installed = browser.get(sent_on(&made)).send().await.unwrap();
    assert_eq!(installed.status(), 200);
}

#[tokio::test]
async fn a_browser_makes_the_app_and_everything_else_is_set_up_with_it() {
    let world = world().await;
    let mut child = tokio::process::Command::new(executable())
        .args(arguments(&world))
        .arg("--data")
        .arg(world.folder().join(".ticketsmith"))
        .current_dir(world.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(SECRETS.as_bytes()).await.unwrap();
    let mut printed = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let page = loop {
        let before = printed.len();
        assert_ne!(lines.read_line(&mut printed).await.unwrap(), 0, "it ended: {printed}");
        if let Some((_, page)) = printed[before..].split_once("browser on this machine: ") {
            break page.trim().to_owned();
        }
    };
    browse(&page).await;
    lines.read_to_string(&mut printed).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(0),
        "`doctor` finds nothing missing and nothing too much: {printed}{errors}"
    );
    for expected in [
        "ticketsmith/signing#github is set",
        "Its account is `ticketsmith[bot]`",
        "ticketsmith/github is set",
        "GitHub's webhook for acme/shop stays as it is",
    ] {
        assert!(printed.contains(expected), "{expected} in {printed}{errors}");
    }
    assert!(!printed.contains("PRIVATE") && !errors.contains("PRIVATE"), "{printed}{errors}");
    let hook = world.requests("github", "PATCH", "/app/hook/config").await;
    assert!(hook.is_empty(), "the manifest named the address already: {hook:#?}");

    let again = ["init", "--config", "mine.yaml", "--url", "https://tickets.example", "--app", "github"];
    let (code, printed, errors) = world.command(&again).await;
    assert_eq!(code, 0, "{printed}{errors}");
    assert!(printed.contains("ticketsmith/github is set, so no app is created"), "{printed}{errors}");
    assert_eq!(world.requests("github", "POST", "/app-manifests/").await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_can_have_no_app_is_named() {
    let world = world().await;
    let mut arguments = arguments(&world);
    let app = arguments.iter().position(|word| word == "--app").unwrap() + 1;
    arguments[app] = "jira".to_owned();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (code, _, errors) = world.command_with_input(&arguments, SECRETS).await;
    assert!(code == 2 && errors.contains("--app jira") && errors.contains("accepted: github"), "{errors}");
    world.finish().await;
}
