//! `doctor` on credentials: each lacks one permission, or has one too many.

use crate::support::WorldFile;
use serde_json::{Value, json};

/// Runs `doctor` against a changed world, and returns its exit code and the findings that are not `ok`.
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
    world.finish().await;
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
        "DELETE_ISSUES",
        "EDIT_ISSUES",
        "EDIT_OWN_COMMENTS",
        "LINK_ISSUES",
        "TRANSITION_ISSUES"
    ]);
    let (mut less, mut more) = (team.clone(), team.clone());
    for (permission, words) in
        [("LINK_ISSUES", "are not linked"), ("DELETE_ISSUES", "an undo leaves the tickets")]
    {
        let mut without = team.clone();
        remove(&mut without, permission);
        check_one(
            |world| world["jira"]["permissions"] = without,
            &format!("warning: Jira, project SHOP: `{permission}` is missing"),
            &[words],
        )
        .await;
    }
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
    let scopes = [
        "chat:write",
        "commands",
        "app_mentions:read",
        "channels:read",
        "channels:history",
        "files:read",
        "im:history",
        "im:write",
    ];
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

#[tokio::test]
async fn a_model_that_only_an_agent_names() {
    let world = WorldFile::quick_shop().simulate().await;
    let agents = world.folder().join("agents");
    std::fs::create_dir_all(&agents).unwrap();
    std::fs::write(agents.join("mine.yaml"), "models: [claude-sonnet-5-5, gpt-5.6-terra]\n").unwrap();
    let config = world.folder().join("ticketsmith.yaml");
    let (code, printed, errors) = world.command(&["doctor", "--config", config.to_str().unwrap()]).await;
    assert_eq!(code, 1, "{printed}{errors}");
    for line in [
        "ok       Claude, model claude-sonnet-5-5 of the agent mine\n",
        "WRONG    Claude, model gpt-5.6-terra of the agent mine: `the model gpt-5.6-terra` is missing: no agent can ask it; \
         set `models` of the agent mine to a model",
    ] {
        assert!(printed.contains(line), "{line}: {printed}{errors}");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_model_whose_price_nobody_knows() {
    let world = WorldFile::quick_shop().edit(|world| {
        world["secrets"]["ticketsmith/openai"] = json!({"api_key": "simulated-openai-key"});
        world["openai"] = json!({
            "secret": "ticketsmith/openai", "models": ["gpt-5.6-terra", "gpt-in-house"], "replies": [],
        });
        // The list of prices applies at the vendor's own address alone.
        world["configuration"]["plugins"]["openai"] = json!({
            "base_url": "https://api.openai.com/v1", "prices": {"gpt-5.6-terra": {"input": 2, "output": 12}},
        });
    });
    let world = world.simulate().await;
    let agents = world.folder().join("agents");
    std::fs::create_dir_all(&agents).unwrap();
    std::fs::write(agents.join("mine.yaml"), "models: [gpt-5.6-terra, gpt-in-house]\n").unwrap();
    let config = world.folder().join("ticketsmith.yaml");
    let (code, printed, errors) = world.command(&["doctor", "--config", config.to_str().unwrap()]).await;
    assert_eq!(code, 1, "{printed}{errors}");
    for line in [
        "ok       OpenAI, model gpt-5.6-terra of the agent mine\n",
        "WRONG    OpenAI, model gpt-in-house of the agent mine: ",
        "prices has no entry for the model `gpt-in-house`",
    ] {
        assert!(printed.contains(line), "{line}: {printed}{errors}");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_project_that_lacks_a_provider_or_a_channel() {
    check_one(
        |world| {
            let providers = &mut world["configuration"]["projects"][0]["providers"];
            providers.as_object_mut().unwrap().remove("ai_provider");
        },
        "wrong: project SHOP, ai_provider: no provider serves it",
        &["think", "projects.providers"],
    )
    .await;
    check_one(
        |world| {
            let providers = &mut world["configuration"]["projects"][0]["providers"];
            providers.as_object_mut().unwrap().remove("communication");
        },
        "warning: project SHOP, communication: no provider serves it",
        &["send_message"],
    )
    .await;
    check_one(
        |world| {
            world["configuration"]["projects"][0].as_object_mut().unwrap().remove("channel");
        },
        "wrong: Slack, channel of each step: `projects.channel` is missing",
        &["send_message"],
    )
    .await;
    check_one(
        |world| {
            world["configuration"]["projects"][0].as_object_mut().unwrap().remove("space");
        },
        "warning: project SHOP, documentation: `projects.space` is missing",
        &["create_page_from_template"],
    )
    .await;
}

#[tokio::test]
async fn a_signing_secret_of_one_sender_that_is_missing() {
    check_one(
        |world| {
            world["configuration"]["webhooks"]["secret"] = json!("ticketsmith/others");
            world["secrets"]["ticketsmith/others"] = json!({"jira": "simulated-a", "github": "simulated-b"});
        },
        "wrong: secret ticketsmith/others: `slack` is missing",
        &["deliveries are refused", "ticketsmith secrets set"],
    )
    .await;
    let sign_in = |secret: Value| {
        move |world: &mut Value| {
            world["configuration"]["sign_in"] = json!({"github": {"client_id": "Iv23abc"}});
            world["secrets"]["ticketsmith/sign-in"] = secret;
        }
    };
    check_one(
        sign_in(json!({"github": "simulated-c"})),
        "wrong: secret ticketsmith/sign-in#github: `client_secret` is missing",
        &["ticketsmith secrets set", "{\"client_secret\": …}"],
    )
    .await;
    // Without one, nobody signs in that way, and everything else works.
    assert_eq!(check(sign_in(json!({}))).await, (0, Vec::new()));
}

#[tokio::test]
async fn the_bots_own_account_that_is_wrong_or_missing() {
    let own = |name: &'static str, account: Value| {
        move |world: &mut Value| world["configuration"]["webhooks"]["own_accounts"][name] = account
    };
    for (name, account, begins, actual) in [
        (
            "github",
            "robot",
            "wrong: GitHub, repository acme/shop: `webhooks.own_accounts.github",
            "ticketsmith-bot",
        ),
        (
            "jira",
            "712020:robot",
            "wrong: Jira, project SHOP: `webhooks.own_accounts.jira",
            "712020:ticketsmith",
        ),
        ("slack", "U0ROBOT", "wrong: Slack, channel #shop-dev: `webhooks.own_accounts.slack", "U0LAN0Z89"),
    ] {
        check_one(own(name, json!(account)), begins, &[account, actual]).await;
    }
    check_one(
        |world| {
            world["configuration"]["webhooks"]["own_accounts"].as_object_mut().unwrap().remove("github");
        },
        "wrong: GitHub, repository acme/shop: `webhooks.own_accounts.github",
        &["ticketsmith-bot"],
    )
    .await;
}

#[tokio::test]
async fn what_the_configuration_names_and_no_service_knows() {
    let user = |service: &'static str, account: &'static str| {
        move |world: &mut Value| world["configuration"]["users"][0][service] = json!(account)
    };
    check_one(
        |world| world["configuration"]["projects"][0]["base_branch"] = json!("trunk"),
        "wrong: GitHub, repository acme/shop: `the branch trunk of acme/shop` is missing",
        &["base_branch"],
    )
    .await;
    check_one(
        |world| world["configuration"]["projects"][0]["statuses"]["in_review"] = json!("Reviewing"),
        "wrong: Jira, project SHOP: `the status Reviewing` is missing",
        &["Code Review", "projects.statuses"],
    )
    .await;
    check_one(
        |world| {
            let fields = &mut world["configuration"]["plugins"]["jira"]["custom_fields"];
            fields["team"] = json!("customfield_19999");
        },
        "wrong: Jira, project SHOP: `the custom field customfield_19999` is missing",
        &["customfield_10003 (Team)", "plugins.jira.custom_fields.team"],
    )
    .await;
    for (service, account, begins) in [
        ("jira", "712020:nobody", "wrong: Jira, project SHOP: `the account 712020:nobody of ada`"),
        ("github", "nobody", "wrong: GitHub, repository acme/shop: `the account nobody of ada`"),
        ("slack", "U0NOBODY", "wrong: Slack, channel #shop-dev: `the account U0NOBODY of ada`"),
    ] {
        check_one(user(service, account), begins, &["not recognized"]).await;
    }
    check_one(
        |world| world["configuration"]["projects"][0]["channel"] = json!("#shop-deb"),
        "wrong: Slack, channel #shop-deb: `the channel #shop-deb` is missing",
        &[],
    )
    .await;
}
