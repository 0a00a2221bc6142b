//! People's own accounts: joined by a code that both confirm, and their notices.

use crate::replies::answer;
use crate::steering::{comment, text, world};
use crate::world::World;
use domain::Clock;
use jiff::tz::TimeZone;
use records::AuditKind;

impl World {
    /// The answer to somebody in Slack; U1 is ada.
    async fn in_slack(&self, user: &str, words: &str, trigger: &str) -> String {
        let (_, answer) = self.command(user, words, trigger).await;
        let blocks = answer["blocks"].as_array().unwrap();
        blocks.iter().filter_map(|block| block["text"]["text"].as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The answer to somebody on a ticket.
    async fn on_ticket(&self, account: &str, words: &str, delivery: &str) -> String {
        let said = comment("SHOP-1", &format!("@ticketsmith {words}"), account);
        answer(self, delivery, &said).await.unwrap_or_default()
    }

    async fn code(&self, trigger: &str) -> String {
        let told = self.in_slack("U1", "link", trigger).await;
        let at = told.find("code is *").unwrap_or_else(|| panic!("{told}")) + "code is *".len();
        told[at..at + 10].to_owned()
    }

    async fn changes_of_accounts(&self) -> Vec<(String, Option<u16>)> {
        let day = self.clock.now().to_zoned(TimeZone::UTC).date().to_string();
        let page = self.table.audit_of(&day, None, 100).await.unwrap();
        let of_accounts = page.records.into_iter().filter(|record| record.kind == AuditKind::Account);
        of_accounts.map(|record| (record.what, record.status)).collect()
    }
}

#[tokio::test]
async fn two_accounts_are_joined_when_both_confirm_and_act_as_one_person() {
    let world = world().await;
    let code = world.code("t1").await;
    assert_eq!(world.code("t1").await, code, "the same delivery has one code");
    let seen = world.on_ticket("5b99", &format!("link {code}"), "d1").await;
    assert!(seen.contains("slack U1") && seen.contains(&format!("link confirm {code}")), "{seen}");
    let seen = world.in_slack("U1", &format!("link {code}"), "t2").await;
    assert!(seen.contains("jira 5b99"), "{seen}");
    let first = world.in_slack("U1", &format!("link confirm {code}"), "t3").await;
    assert!(first.contains("You confirmed") && first.contains("jira 5b99"), "{first}");
    let waiter = world.ask("SHOP-1", &["ada"]).await;
    let early = world.on_ticket("5b99", "approve", "d2").await;
    assert!(early.contains("may not answer"), "one confirmation is none: {early}");
    let second = world.on_ticket("5b99", &format!("link confirm {code}"), "d3").await;
    assert!(second.contains("is joined to ada"), "{second}");
    world.on_ticket("5b99", "approve", "d4").await;
    assert_eq!(
        world.answer_to(&waiter).await.map(|(approved, by, _)| (approved, by)),
        Some((true, "ada".into()))
    );
    assert_eq!(world.changes_of_accounts().await, [("join jira 5b99 to ada".to_owned(), Some(200))]);
    let listed = world.in_slack("U1", "link", "t4").await;
    assert!(listed.contains("Joined to you: jira 5b99"), "{listed}");

    let removed = world.in_slack("U1", "link remove jira 5b99", "t5").await;
    assert!(removed.contains("no longer joined to *ada*"), "{removed}");
    assert!(world.on_ticket("5b99", "stop", "d5").await.contains("may not steer"));
    assert_eq!(world.changes_of_accounts().await.len(), 2);
}

#[tokio::test]
async fn who_asked_with_another_account_of_theirs_does_not_answer_after_joining_it() {
    let world = world().await;
    let waiter = world.ask_with("SHOP-1", |waiter| waiter.terms.not_by = Some("jira:5b99".into())).await;
    let code = world.code("t1").await;
    world.on_ticket("5b99", &format!("link {code}"), "d1").await;
    world.in_slack("U1", &format!("link confirm {code}"), "t2").await;
    assert!(
        world.on_ticket("5b99", &format!("link confirm {code}"), "d2").await.contains("is joined to ada")
    );
    let told = world.in_slack("U1", "approve SHOP-1", "t3").await;
    assert!(told.contains("asked for the work, and may not answer"), "{told}");
    assert_eq!(world.answer_to(&waiter).await, None);
}

#[tokio::test]
async fn nobody_becomes_somebody_else_by_a_code_alone() {
    let world = world().await;
    let code = world.code("t1").await;
    // A person who only saw the code gains nothing, and the other sees whose account it is.
    let seen = world.on_ticket("mallory", &format!("link {code}"), "d1").await;
    assert!(seen.contains("slack U1"), "{seen}");
    let alone = world.on_ticket("mallory", &format!("link confirm {code}"), "d2").await;
    assert!(alone.contains("You confirmed"), "{alone}");
    assert!(
        world.on_ticket("mallory", &format!("link confirm {code}"), "d3").await.contains("You confirmed")
    );
    let waiter = world.ask("SHOP-1", &["ada"]).await;
    assert!(world.on_ticket("mallory", "approve", "d4").await.contains("may not answer"));
    // A third account has no part in it.
    let third = world.on_ticket("eve", &format!("link {code}"), "d5").await;
    assert!(third.contains("no such code"), "{third}");
    assert!(world.on_ticket("eve", &format!("link confirm {code}"), "d6").await.contains("no such code"));
    // When the time is over, it is too late to confirm.
    world.clock.advance(16 * 60);
    let late = world.in_slack("U1", &format!("link confirm {code}"), "t2").await;
    assert!(late.contains("no such code"), "{late}");
    assert!(world.on_ticket("mallory", "approve", "d7").await.contains("may not answer"));
    assert_eq!(world.answer_to(&waiter).await, None);
    assert_eq!(world.changes_of_accounts().await, []);
}

#[tokio::test]
async fn accounts_of_two_people_or_of_nobody_are_not_joined() {
    let mut configuration = crate::world::configuration();
    let grace = serde_json::json!({"name": "grace", "jira": "5b20"});
    configuration.users.push(serde_json::from_value(grace).unwrap());
    let world = World::with(configuration, crate::world::routes()).await;
    let code = world.code("t1").await;
    let two = world.on_ticket("5b20", &format!("link {code}"), "d1").await;
    assert!(two.contains("accounts of two people, ada and grace"), "{two}");
    assert!(world.on_ticket("5b10", &format!("link {code}"), "d2").await.contains("ada's already"));
    let same = world.in_slack("U2", &format!("link {code}"), "t2").await;
    assert!(same.contains("both accounts are at slack"), "{same}");
    let (_, begun) = world.command("U9", "link", "t3").await;
    let told = text(&begun).to_owned();
    let at = told.find("code is *").unwrap() + "code is *".len();
    let nobodys = world.on_ticket("5b99", &format!("link {}", &told[at..at + 10]), "d3").await;
    assert!(nobodys.contains("neither account belongs to anybody"), "{nobodys}");
}

#[tokio::test]
async fn people_choose_what_they_are_told_directly() {
    let mut configuration = crate::world::configuration();
    configuration.notify = [domain::configuration::Notice::Failed].into();
    let world = World::with(configuration, crate::world::routes()).await;
    for (words, told) in [
        ("notify", "You get direct messages about: failed, as the configuration says."),
        ("notify approval done", "You get direct messages about: approval, done."),
        ("notify", "You get direct messages about: approval, done."),
        ("notify off", "You get no direct messages."),
        ("notify default", "You get direct messages about: failed, as the configuration says."),
    ] {
        assert_eq!(world.in_slack("U1", words, &format!("{words}{told}")).await, told);
    }
    let stranger = world.in_slack("U9", "notify done", "t9").await;
    assert!(stranger.contains("does not belong to a person under `users`"), "{stranger}");
}

#[tokio::test]
async fn a_word_that_is_nearly_a_command_is_asked_about_and_does_nothing() {
    let world = world().await;
    for (typed, meant) in [("stauts SHOP-1", "status"), ("udno SHOP-1", "undo"), ("notfy", "notify")] {
        let told = world.in_slack("U1", typed, typed).await;
        assert!(told.contains(&format!("Did you mean `/ticketsmith {meant}`?")), "{told}");
    }
    let on_ticket = world.on_ticket("5b10", "aprove it", "d1").await;
    assert!(on_ticket.contains("Did you mean @ticketsmith approve?"), "{on_ticket}");
    let help = world.in_slack("U1", "help undo", "t1").await;
    assert!(help.contains("/ticketsmith undo ticket") && help.contains("until you confirm"), "{help}");
    let all = world.in_slack("U1", "help", "t2").await;
    let missing: Vec<&str> = domain::command::COMMANDS
        .iter()
        .filter(|command| !command.starts_workflows)
        .map(|command| command.name)
        .filter(|name| !all.contains(&format!("/ticketsmith {name}")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "{all}");
}

#[tokio::test]
async fn help_lists_what_starts_on_commands_of_any_chat() {
    let development = serde_json::json!({
        "title": "Development",
        "inputs": {"task_id": {"type": "string"}},
        "triggers": [{"on": "chat.command", "conditions": {"text": "run {task_id}"}}],
    });
    let routes = serde_json::json!({"workflows": {"development": development}});
    let world = World::with(crate::world::configuration(), serde_json::from_value(routes).unwrap()).await;
    for words in ["help", "help run"] {
        let told = world.in_slack("U1", words, words).await;
        assert!(told.contains("`/ticketsmith run {task_id}` Development"), "{told}");
    }
}
