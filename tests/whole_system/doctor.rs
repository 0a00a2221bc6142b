//! What `doctor` says of credentials: each lacks one thing, or has one too many.

use crate::support::WorldFile;
use serde_json::{Value, json};

/// Runs `doctor` against a world that was changed, and gives its exit code and the findings that are not `ok`.
async fn check(change: impl FnOnce(&mut Value)) -> (i32, Vec<String>) {
    let world = WorldFile::quick_shop().edit(change).simulate().await;
    let config = world.folder().join("ticketsmith.yaml");
    let (code, printed, errors) =
        world.command(&["doctor", "--config", config.to_str().unwrap(), "--json"]).await;
    let document: Value =
        serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{code}: {printed}{errors}"));
    for secret in ["simulated-", "xoxb-"] {
        assert!(!printed.contains(secret) && !errors.contains(secret), "{printed}{errors}");
    }
    let findings = document["findings"].as_array().unwrap().iter();
    let told = findings.filter(|finding| finding["verdict"] != "ok").map(|finding| {
        let text = |field: &str| finding[field].as_str().unwrap();
        format!("{}: {}: {}", text("verdict"), text("subject"), text("problem"))
    });
    let told = told.collect();
    // Whether a service can be reached is asked of its address alone, where it need not know the path.
    let violations = world.violations().await;
    for violation in violations.as_array().unwrap() {
        assert!(violation["path"] == "/" || violation["path"] == "/api", "{violation:#}");
    }
    (code, told)
}

/// Expects one finding that begins so and holds these words.
async fn check_one(change: impl FnOnce(&mut Value), begins: &str, words: &[&str]) {
    let (code, told) = check(change).await;
    let [finding] = &told[..] else { panic!("one finding about {begins}: {told:#?}") };
    assert!(finding.starts_with(begins), "{finding}");
    for word in words {
        assert!(finding.contains(word), "{word} in {finding}");
    }
    assert_eq!(code, i32::from(begins.starts_with("wrong")), "warnings fail nothing: {finding}");
}

fn remove(list: &mut Value, word: &str) {
    list.as_array_mut().unwrap().retain(|entry| entry != word);
}

#[tokio::test]
async fn nothing_is_wrong_with_the_built_in_world() {
    assert_eq!(check(|_| {}).await, (0, Vec::new()));
}

#[tokio::test]
async fn a_tracker_that_lacks_one_permission_or_has_one_too_many() {
    let team = json!([
        "ADD_COMMENTS",
        "BROWSE_PROJECTS",
        "CREATE_ISSUES",
        "EDIT_ISSUES",
        "EDIT_OWN_COMMENTS",
        "TRANSITION_ISSUES"
    ]);
    let (mut less, mut more) = (team.clone(), team);
    remove(&mut less, "TRANSITION_ISSUES");
    more.as_array_mut().unwrap().push(json!("ADMINISTER"));
    check_one(
        |world| world["jira"]["permissions"] = less,
        "wrong: Jira, project SHOP: `TRANSITION_ISSUES` is missing",
        &["update_task_status", "project settings of SHOP under Permissions"],
    )
    .await;
    check_one(
        |world| world["jira"]["permissions"] = more,
        "warning: Jira, project SHOP: `ADMINISTER` is not needed",
        &["whole site"],
    )
    .await;
}

#[tokio::test]
async fn a_token_that_may_only_read_the_repository_or_rules_it() {
    let role = |role: &'static str| {
        move |world: &mut Value| {
            world["github"]["repositories"][0]["collaborators"]["ticketsmith-bot"] = json!(role);
        }
    };
    check_one(
        role("read"),
        "wrong: GitHub, repository acme/shop: `push to acme/shop` is missing",
        &["create_branch", "Collaborators and teams"],
    )
    .await;
    check_one(
        role("admin"),
        "warning: GitHub, repository acme/shop: `admin of acme/shop` is not needed",
        &["delete the repository"],
    )
    .await;
    check_one(
        |world| world["github"]["token_scopes"] = json!(["repo", "delete_repo"]),
        "warning: GitHub, repository acme/shop: `delete_repo` is not needed",
        &["settings/tokens"],
    )
    .await;
    check_one(
        |world| world["github"]["token_scopes"] = json!(["read:org"]),
        "wrong: GitHub, repository acme/shop: `repo` is missing",
        &["pull requests"],
    )
    .await;
}

#[tokio::test]
async fn a_bot_without_a_scope_or_outside_its_channel() {
    let scopes = ["chat:write", "commands", "app_mentions:read", "channels:read", "channels:history"];
    check_one(
        move |world| world["slack"]["app"]["scopes"] = json!(scopes),
        "wrong: Slack, channel #shop-dev: `reactions:write` is missing",
        &["OAuth & Permissions"],
    )
    .await;
    check_one(
        |world| world["slack"]["channels"][0]["bot_is_member"] = json!(false),
        "wrong: Slack, channel #shop-dev: `membership of #shop-dev` is missing",
        &["/invite"],
    )
    .await;
}

#[tokio::test]
async fn a_writer_of_pages_that_may_not_delete_them_or_rules_the_space() {
    check_one(
        |world| world["confluence"]["spaces"][0]["operations"] = json!(["read space", "create page"]),
        "wrong: Confluence, space SHOP: `delete page` is missing",
        &["delete_page", "Space permissions"],
    )
    .await;
    let ruler = json!(["read space", "create page", "delete page", "administer space"]);
    check_one(
        |world| world["confluence"]["spaces"][0]["operations"] = ruler,
        "warning: Confluence, space SHOP: `administer space` is not needed",
        &["delete it"],
    )
    .await;
}

#[tokio::test]
async fn a_key_that_may_not_use_the_model() {
    check_one(
        |world| remove(&mut world["claude"]["models"], "claude-sonnet-5-5"),
        "wrong: Claude, model claude-sonnet-5-5: `the model claude-sonnet-5-5` is missing",
        &["plugins.claude.model"],
    )
    .await;
}
