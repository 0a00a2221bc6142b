//! GitHub Apps: tokens narrowed to one repository and to a function's permissions.

use crate::code::{commit_on, new_branch, write};
use crate::{GITHUB, branch, github, shop};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::configuration::Configuration;
use domain::plugins::{Mark, RepositoryAccess, TaskManagement, VersionControl};
use domain::{Clock, ErrorKind};
use http_client::read_credentials;
use jiff::{SignedDuration, Timestamp};
use provider::SetupFacts;
use provider_github::{Github, SPEC};
use provider_testing::{mark, start};
use secrecy::SecretString;
use serde_json::{Value, json};
use simulators::{Simulation, World};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that GitHub and the client share, and that the test turns.
#[derive(Debug, Clone)]
pub(crate) struct TurnedClock(pub(crate) Arc<AtomicI64>);

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

fn private_key() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
}

/// The built-in world with an App in place of the token, and the App's secret.
async fn app_world(clock: &TurnedClock) -> (Simulation, String) {
    app_world_with(clock, json!({"contents": "write", "issues": "write", "pull_requests": "write"})).await
}

/// The same with an App that was granted these permissions.
pub(crate) async fn app_world_with(clock: &TurnedClock, permissions: Value) -> (Simulation, String) {
    app_world_hearing(clock, permissions, None).await
}

/// The built-in world with such an App, changed.
pub(crate) async fn changed_app_world(
    clock: &TurnedClock,
    permissions: Value,
    change: impl FnOnce(&mut World),
) -> (Simulation, String) {
    app_world_of(clock, json!({"slug": "ticketsmith", "permissions": permissions}), change).await
}

/// The same with an App that subscribes to these events.
async fn app_world_hearing(
    clock: &TurnedClock,
    permissions: Value,
    events: Option<Value>,
) -> (Simulation, String) {
    let mut app = json!({"slug": "ticketsmith", "permissions": permissions});
    if let Some(events) = events {
        app["events"] = events;
    }
    app_world_of(clock, app, |_| {}).await
}

async fn app_world_of(
    clock: &TurnedClock,
    app: Value,
    change: impl FnOnce(&mut World),
) -> (Simulation, String) {
    let secret = json!({"app_id": "77", "installation_id": "99", "private_key": private_key()}).to_string();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulators/worlds");
    let world = std::fs::read_to_string(folder.join("shop.yaml")).unwrap();
    let world = world
        .replace("{ token: simulated-github-token }", &secret)
        .replace("  bot: ticketsmith-bot\n", &format!("  app: {app}\n"));
    let time = clock.clone();
    let mut world = World::parse(&world, folder).unwrap();
    change(&mut world);
    let simulation = start(world, None, Some(Arc::new(move || time.now()))).await;
    (simulation, secret)
}

pub(crate) fn connect(
    simulation: &Simulation,
    secret: &str,
    access: RepositoryAccess,
    clock: &TurnedClock,
) -> Github {
    connect_at(simulation.url("github"), secret, access, clock)
}

/// The same with the API at another address.
pub(crate) fn connect_at(
    address: &str,
    secret: &str,
    access: RepositoryAccess,
    clock: &TurnedClock,
) -> Github {
    let settings = serde_json::from_value(json!({"base_url": address})).unwrap();
    let credentials = read_credentials("ticketsmith/github", &secret.into(), &SPEC.secret_forms()).unwrap();
    let options = provider_testing::options().clock(Arc::new(clock.clone()));
    Github::new(&settings, credentials, access, &options).unwrap()
}

fn tokens_given(simulation: &Simulation) -> usize {
    simulation.log().iter().filter(|entry| entry.path.ends_with("/access_tokens")).count()
}

#[tokio::test]
async fn a_token_may_do_what_the_function_may_and_is_kept_while_it_lasts() {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let (simulation, secret) = app_world(&clock).await;
    let reader = connect(&simulation, &secret, RepositoryAccess::ReadContents, &clock);
    let head = reader.find_branch(&shop(), &branch("main")).await.unwrap().unwrap();
    reader.tree(&shop(), "main").await.unwrap();
    assert_eq!(tokens_given(&simulation), 1);
    let error = reader.create_branch(&shop(), &branch("x"), &head).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("Resource not accessible"), "{error}");
    assert!(reader.add_comment("acme/shop#1", "x", &mark("m")).await.is_err());

    let nearly = SignedDuration::from_mins(54).as_secs();
    clock.0.fetch_add(nearly, Ordering::SeqCst);
    reader.tree(&shop(), "main").await.unwrap();
    assert_eq!(tokens_given(&simulation), 1);
    clock.0.fetch_add(SignedDuration::from_mins(2).as_secs(), Ordering::SeqCst);
    reader.tree(&shop(), "main").await.unwrap();
    assert_eq!(tokens_given(&simulation), 2);

    let writer = connect(&simulation, &secret, RepositoryAccess::WriteContents, &clock);
    writer.create_branch(&shop(), &branch("x"), &head).await.unwrap();
    assert!(writer.add_comment("acme/shop#1", "x", &mark("m")).await.is_err());
    let talker = connect(&simulation, &secret, RepositoryAccess::WriteIssues, &clock);
    talker.add_comment("acme/shop#1", "x", &mark("m")).await.unwrap();
    assert!(!format!("{reader:?}").contains("PRIVATE"));
}

#[tokio::test]
async fn an_app_s_commit_is_signed_and_names_the_person_as_co_author() {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let (simulation, secret) = app_world(&clock).await;
    let github = connect(&simulation, &secret, RepositoryAccess::WriteContents, &clock);
    let parent = new_branch(&github, "feature/x").await;
    let mut request = commit_on("feature/x", &parent, vec![write("a", "1")]);
    request.co_author = Some("ada".into());
    let mark = mark("c");
    let made = github.commit(&shop(), &request, &mark).await.unwrap();
    let sent = simulation.log().into_iter().find(|entry| entry.path.ends_with("/git/commits")).unwrap();
    assert_eq!((&sent.request["author"], &sent.request["committer"]), (&Value::Null, &Value::Null));
    assert_eq!(sent.response["verification"]["verified"], true);
    let message = sent.request["message"].as_str().unwrap();
    let (before, after) = message.split_once("Co-authored-by: Ada Lovelace <").unwrap();
    assert!(before.ends_with("\n\n"), "{message}");
    let (address, rest) = after.split_once(">\n").unwrap();
    assert!(
        address.ends_with("+ada@users.noreply.github.com") && address.starts_with(char::is_numeric),
        "{message}"
    );
    assert!(rest.starts_with("Ticketsmith-Mark: ") && !rest.contains('\n'), "{message}");

    // Later the same request would make another commit, so a repeat finds the first one by its mark.
    clock.0.fetch_add(5, Ordering::SeqCst);
    assert_eq!(github.commit(&shop(), &request, &mark).await.unwrap(), made);
    let above = commit_on("feature/x", &made.sha, vec![write("b", "2")]);
    github.commit(&shop(), &above, &provider_testing::mark("other")).await.unwrap();
    assert_eq!(github.commit(&shop(), &request, &mark).await.unwrap(), made);
}

async fn problems(permissions: Value) -> Vec<String> {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let (simulation, secret) = app_world_with(&clock, permissions).await;
    let github = connect(&simulation, &secret, RepositoryAccess::ReadMetadata, &clock);
    let problems = github.permission_problems(&shop()).await.unwrap();
    problems.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_an_app_does_not_subscribe_to_is_told() {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let permissions = json!({"actions": "read", "checks": "read", "contents": "write", "issues": "write", "pull_requests": "write"});
    let heard = json!([
        "issues",
        "issue_comment",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "status"
    ]);
    let (simulation, secret) = app_world_hearing(&clock, permissions, Some(heard)).await;
    let github = connect(&simulation, &secret, RepositoryAccess::ReadMetadata, &clock);
    let told: Vec<String> =
        github.permission_problems(&shop()).await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("statuses: read") && told[0].contains("github.checks_completed"), "{told:?}");
    assert!(told[1].contains("check_suite") && told[1].contains("Check suites"), "{told:?}");
}

#[tokio::test]
async fn what_an_app_lacks_and_what_it_has_too_much_of_is_told() {
    let granted = |issues: &str| json!({"actions": "read", "checks": "read", "contents": "write", "issues": issues, "pull_requests": "write", "statuses": "read"});
    assert_eq!(problems(granted("write")).await, Vec::<String>::new());
    let told = problems(granted("read")).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("`issues: write` is missing") && told[0].contains("Permissions & events"));
    let all = json!({"contents": "write", "issues": "write", "pull_requests": "write", "administration": "write",
                     "actions": "read", "checks": "read", "statuses": "read"});
    let told = problems(all).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("`administration: write` is not needed"), "{told:?}");
}

#[tokio::test]
async fn an_app_knows_its_own_account_and_a_token_is_a_persons() {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let (simulation, secret) = app_world(&clock).await;
    let app = connect(&simulation, &secret, RepositoryAccess::WriteIssues, &clock);
    assert_eq!(app.own_account().await.unwrap().as_deref(), Some("ticketsmith[bot]"));
    let mark = Mark { at: clock.now(), ..mark("m") };
    app.add_comment("acme/shop#1", "x", &mark).await.unwrap();
    for _ in 0..2 {
        assert!(app.find_comment("acme/shop#1", &mark).await.unwrap().is_some());
    }
    let asked = simulation.log().into_iter().filter(|entry| entry.path == "/app").count();
    assert_eq!(asked, 2, "for a mark it is asked once");

    let simulation = GITHUB.simulation().await;
    let token = github(&simulation);
    assert_eq!(token.own_account().await.unwrap(), None);
}

#[tokio::test]
async fn a_browser_makes_an_app_whose_secret_is_whole_once_it_is_installed() {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let (simulation, _) = app_world_with(&clock, json!({})).await;
    let configuration: Configuration = serde_json::from_value(json!({
        "projects": [{"key": "SHOP", "repository": "acme/shop", "providers": {"version_control": "github"}}],
        "plugins": {"github": {"base_url": simulation.url("github")}},
    }))
    .unwrap();
    let instance = configuration.instance("github").unwrap();
    let connector = |secret: SecretString| {
        let options = provider_testing::options().clock(Arc::new(clock.clone()));
        SPEC.connector(instance, options, secret, RepositoryAccess::ReadMetadata)
    };
    let app = SPEC.setup.app.unwrap();
    let site = SPEC.site_of(instance);
    let facts = SetupFacts { site: &site, webhook_url: Some("https://tickets.example/x"), command: "/t" };
    let back = "http://127.0.0.1:9/made";
    let manifest = (app.manifest)(&facts, &shop(), back);
    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let browser = browser.build().unwrap();
    for (_, page) in &manifest.pages {
        let request = browser.post(format!("{page}?state=s")).form(&[(manifest.field, &manifest.text)]);
        let answer = request.send().await.unwrap();
        let place = answer.headers()["location"].to_str().unwrap().to_owned();
        let code = place.strip_prefix(&format!("{back}?code=")).unwrap().strip_suffix("&state=s").unwrap();
        let made = (app.exchange)(&connector(SecretString::default()), code).await.unwrap();
        assert_eq!(made.account, "ticketsmith[bot]");
        assert!(made.signing.is_some() && !format!("{made:?}").contains("PRIVATE"));
        let error = (app.exchange)(&connector(SecretString::default()), code).await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains("works once"), "{error}");

        let begun = connector(made.secret.clone());
        let project = &configuration.projects[0];
        assert_eq!((app.installed)(&begun, project).await.unwrap(), None);
        assert_eq!(browser.get(&made.install_page).send().await.unwrap().status(), 200);
        let whole = (app.installed)(&begun, project).await.unwrap().unwrap();
        assert_eq!((&whole["app_id"], &whole["installation_id"]), (&json!("77"), &json!("99")));
        let github = connect(&simulation, &whole.to_string(), RepositoryAccess::WriteContents, &clock);
        assert_eq!(github.permission_problems(&shop()).await.unwrap(), []);
    }
    let none = connector(r#"{"token": "t"}"#.into());
    assert_eq!(
        (app.installed)(&none, &configuration.projects[0]).await.unwrap_err().kind,
        ErrorKind::Rejected
    );
    assert_eq!(simulation.violations(), []);
}
