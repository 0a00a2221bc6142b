//! People's requests about running executions. They are recorded; `events` acts on them.

use crate::world::{World, configuration, labelled, routes};
use domain::Clock;
use domain::configuration::Role;
use domain::execution::Inverse;
use jiff::SignedDuration;
use records::{EffectEnd, ExecutionRecord, Moves, NewEffect, Topic, Waiter};
use serde_json::{Value, json};

/// A world in which ada may approve, and `undo` is deployed.
pub(crate) async fn world() -> World {
    let mut configuration = configuration();
    configuration.users[0].roles = [Role::Approver].into_iter().collect();
    let mut routes = routes();
    let undo = json!({"title": "Undo", "inputs": {"run": {"type": "string"}}, "triggers": []});
    routes.workflows.insert("undo".into(), serde_json::from_value(undo).unwrap());
    World::with(configuration, routes).await
}

impl World {
    pub(crate) async fn execution_on(&self, task_id: &str) -> ExecutionRecord {
        self.table.executions_of_task(task_id, None, 1).await.unwrap().remove(0)
    }

    /// Begins work on a ticket, which then asks a question.
    pub(crate) async fn ask(&self, task_id: &str, approvers: &[&str]) -> Waiter {
        let named = approvers.iter().map(|name| (*name).to_owned()).collect();
        self.ask_with(task_id, |waiter| waiter.approvers = named).await
    }

    pub(crate) async fn ask_with(&self, task_id: &str, more: impl FnOnce(&mut Waiter)) -> Waiter {
        self.jira(task_id, &labelled(task_id, "agent", "5b10")).await;
        let execution = self.execution_on(task_id).await;
        self.ask_in(execution, more).await
    }

    /// An execution asks a question.
    pub(crate) async fn ask_in(&self, execution: ExecutionRecord, more: impl FnOnce(&mut Waiter)) -> Waiter {
        let mut waiter = Waiter {
            topic: Topic::Approval(execution.name.clone()).to_string(),
            key: format!("{}/AskPeople", execution.arn.unwrap()),
            execution: execution.name,
            token: "token".to_owned().into(),
            since: self.clock.now(),
            question: Some("Ship it?".into()),
            approvers: Vec::new(),
            moves: Moves::default(),
            message: None,
            answer: None,
            told: None,
            details: None,
            terms: records::Terms::default(),
            votes: Vec::new(),
            reminded_at: None,
            until: None,
            telling: None,
            over: None,
        };
        more(&mut waiter);
        self.table.put_waiter(&waiter).await.unwrap();
        waiter
    }

    pub(crate) async fn answer_to(&self, waiter: &Waiter) -> Option<(bool, String, Option<String>)> {
        let found = self.table.waiter(&waiter.topic, &waiter.key).await.unwrap().unwrap();
        found.answer.map(|answer| (answer.approved, answer.by, answer.comment))
    }

    /// An execution creates a branch.
    pub(crate) async fn branch_was_made(&self, execution: &ExecutionRecord, branch: &str) {
        let (run, at) = (execution.run().unwrap(), self.clock.now());
        let new = NewEffect {
            run: run.to_owned(),
            key: format!("{run}/{branch}"),
            action: "create_branch".parse().unwrap(),
            existed: false,
            holder: "holder".into(),
            at,
            lease_until: at + SignedDuration::from_secs(1),
            request: None,
        };
        self.table.intend(&new).await.unwrap();
        let inverse = Inverse { action: "delete_branch".parse().unwrap(), input: json!({"branch": branch}) };
        let end = EffectEnd {
            output: json!({"url": format!("https://github.com/acme/shop/tree/{branch}")}),
            inverse: Some(inverse),
            cost: None,
            at,
        };
        self.table.effect_done(run, &new.key, "holder", &end).await.unwrap();
    }

    /// The payload of the button under an answer.
    pub(crate) fn confirmation(answer: &Value) -> String {
        let blocks = answer["blocks"].as_array().unwrap();
        blocks.last().unwrap()["elements"][0]["value"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn press(&self, user: &str, action: &str, value: &str) -> Value {
        let payload = json!({"type": "block_actions", "trigger_id": format!("{user}{action}"),
            "user": {"id": user, "username": "somebody"}, "actions": [{"action_id": action, "value": value}]});
        let form = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap();
        let (status, answer) = self.slack("application/x-www-form-urlencoded", &form).await;
        assert_eq!(status, 200);
        answer["results"][0].clone()
    }
}

pub(crate) fn text(answer: &Value) -> &str {
    answer["blocks"][0]["text"]["text"].as_str().unwrap()
}

pub(crate) fn comment(task_id: &str, words: &str, account: &str) -> Value {
    json!({
        "webhookEvent": "comment_created",
        "issue": {"key": task_id, "fields": {"project": {"key": task_id.split('-').next()}}},
        "comment": {"id": "1", "author": {"accountId": account}, "body": words},
    })
}

#[tokio::test]
async fn the_first_answer_counts() {
    let world = world().await;
    let waiter = world.ask("SHOP-1", &[]).await;
    let (_, answer) = world.command("U1", "approve SHOP-1 looks good", "t1").await;
    assert_eq!((text(&answer), &answer["response_type"]), ("approved: “Ship it?”", &json!("in_channel")));
    assert_eq!(world.answer_to(&waiter).await, Some((true, "ada".into(), Some("looks good".into()))));
    let late = world.press("U1", "deny", &format!("{} {}", waiter.execution, waiter.key)).await;
    let faster = "ada already answered “Ship it?”: approved, via slack at ";
    assert!(late["reason"].as_str().unwrap().starts_with(faster), "{late}");
    let (_, again) = world.command("U1", "deny SHOP-1", "t2").await;
    assert!(text(&again).starts_with(&format!(":no_entry: {faster}")), "{again}");
    assert!(world.answer_to(&waiter).await.unwrap().0);
}

#[tokio::test]
async fn a_button_answers_the_step_that_asked() {
    let world = world().await;
    let waiter = world.ask("SHOP-1", &["engineering"]).await;
    let value = format!("{} {}", waiter.execution, waiter.key);
    let stranger = world.press("U9", "approve", &value).await;
    assert_eq!(stranger["reason"], "somebody may not answer “Ship it?”; engineering may");
    assert_eq!(world.answer_to(&waiter).await, None);
    for value in ["", "x y", &waiter.execution] {
        let nothing = world.press("U1", "approve", value).await;
        assert_eq!(nothing, json!({"result": "refused", "reason": "nothing is waiting for this button"}));
    }
    assert_eq!(world.press("U1", "deny", &value).await, json!({"result": "recorded"}));
    assert_eq!(world.answer_to(&waiter).await, Some((false, "ada".into(), None)));
}

#[tokio::test]
async fn a_comment_on_the_ticket_answers() {
    let world = world().await;
    let waiter = world.ask("SHOP-1", &[]).await;
    let approve = |account| comment("SHOP-1", "@ticketsmith approve: ship it on Monday", account);
    let (_, refused) = world.jira("d1", &approve("mallory")).await;
    assert!(refused["results"][0]["reason"].as_str().unwrap().contains("may not answer"), "{refused}");
    assert_eq!(world.jira("d2", &approve("5b10")).await.1["results"][0]["result"], "recorded");
    assert_eq!(world.answer_to(&waiter).await, Some((true, "ada".into(), Some("ship it on Monday".into()))));
}

pub(crate) fn moved(task_id: &str, to: &str, account: &str) -> Value {
    json!({
        "webhookEvent": "jira:issue_updated",
        "user": {"accountId": account},
        "issue": {"key": task_id, "fields": {"project": {"key": task_id.split('-').next()}}},
        "changelog": {"items": [{"field": "status", "fromString": "To Do", "toString": to}]},
    })
}

#[tokio::test]
async fn a_move_of_the_ticket_answers_where_the_question_says_so() {
    let world = world().await;
    let waiter = world
        .ask_with("SHOP-1", |waiter| {
            waiter.moves = Moves { approve: Some("Approved".into()), decline: Some("Not Now".into()) }
        })
        .await;
    let (_, elsewhere) = world.jira("d1", &moved("SHOP-1", "In Progress", "5b10")).await;
    assert_ne!(elsewhere["results"][0]["result"], "recorded", "{elsewhere}");
    let (_, refused) = world.jira("d2", &moved("SHOP-1", "approved", "mallory")).await;
    assert!(refused["results"][0]["reason"].as_str().unwrap().contains("may not answer"), "{refused}");
    assert_eq!(world.answer_to(&waiter).await, None);
    let mut both = [moved("SHOP-1", "not now", "5b10"), moved("SHOP-1", "Approved", "5b10")];
    for payload in &mut both {
        payload["timestamp"] = json!(world.clock.now().as_millisecond());
    }
    let (_, answered) = world.jira("d3", &both[0]).await;
    assert_eq!(answered["results"][0]["result"], "recorded", "{answered}");
    assert_eq!(world.answer_to(&waiter).await, Some((false, "ada".into(), None)));
    // A person who moved it at the same moment learns on the ticket who was faster, even if the work has ended by then.
    let end = records::ExecutionEnd {
        outcome: domain::execution::Outcome::Failed,
        error: None,
        cause: None,
        output: None,
        at: world.clock.now(),
    };
    world.table.finish(&waiter.execution, &end).await.unwrap();
    for _ in 0..2 {
        let (_, late) = world.jira("d4", &both[1]).await;
        let reason = late["results"][0]["reason"].as_str().unwrap();
        assert!(reason.starts_with("ada already answered “Ship it?”: declined, via jira at "), "{late}");
    }
    // A later move is not an answer.
    let (_, later) = world.jira("d5", &moved("SHOP-1", "Approved", "5b10")).await;
    assert_eq!(later["results"][0]["result"], "ignored", "{later}");
}

#[tokio::test]
async fn a_label_that_shows_a_status_answers_where_issues_are_tickets() {
    let world = world().await;
    let labelled = |label: &str, by: &str| {
        json!({"action": "labeled", "sender": {"login": by}, "repository": {"full_name": "acme/tes"},
            "label": {"name": label}, "issue": {"number": 7, "state": "open", "labels": [{"name": label}]}})
    };
    world.github("issues", "d1", &labelled("agent", "ada-hub")).await;
    let execution = world.execution_on("acme/tes#7").await;
    let waiter = world
        .ask_in(execution, |waiter| {
            waiter.moves = Moves { approve: Some("ready_to_ship".into()), decline: Some("Not Now".into()) }
        })
        .await;
    for (label, by) in
        [("status: in review", "ada-hub"), ("ready to ship", "ada-hub"), ("status: ready to ship", "mallory")]
    {
        world.github("issues", &format!("{label} {by}"), &labelled(label, by)).await;
        assert_eq!(world.answer_to(&waiter).await, None, "{label} by {by}");
    }
    let (_, answered) = world.github("issues", "d2", &labelled("status: ready to ship", "ada-hub")).await;
    assert!(answered.to_string().contains("recorded"), "{answered}");
    assert_eq!(world.answer_to(&waiter).await, Some((true, "ada".into(), None)));
}

#[tokio::test]
async fn people_who_may_stop_work() {
    let world = world().await;
    let (_, nothing) = world.command("U1", "stop SHOP-1", "t0").await;
    assert_eq!(text(&nothing), ":no_entry: nothing is running on SHOP-1");
    world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await;
    let (_, stranger) = world.command("U9", "stop SHOP-1", "t1").await;
    assert!(text(&stranger).contains("somebody may not steer work on SHOP"), "{stranger}");
    assert_eq!(world.execution_on("SHOP-1").await.stop_requested_by, None);
    let (_, stopped) = world.command("U1", "stop shop-1", "t2").await;
    assert!(text(&stopped).starts_with("development on SHOP-1 is being stopped."), "{stopped}");
    assert_eq!(world.execution_on("SHOP-1").await.stop_requested_by.as_deref(), Some("ada"));
    let (_, first) = world.command("U1", "undo SHOP-1", "t3").await;
    assert_eq!(text(&first), ":no_entry: development is at work on SHOP-1; use `stop SHOP-1` first");
}

#[tokio::test]
async fn a_ticket_that_we_created_is_recorded_by_its_mark() {
    let world = world().await;
    let digest = "0123456789abcdef0123456789abcdef";
    let created = |labels: Value| {
        json!({
            "webhookEvent": "jira:issue_created",
            "user": {"accountId": "bot-1"},
            "issue": {"key": "SHOP-9", "fields": {"project": {"key": "SHOP"}, "labels": labels}},
        })
    };
    for labels in [json!([]), json!(["ticketsmith-short"]), json!(["agent"])] {
        world.jira("d1", &created(labels)).await;
    }
    assert_eq!(world.table.creation(digest).await.unwrap(), None);
    let ours = created(json!(["agent", format!("ticketsmith-{digest}")]));
    let mut copied = ours.clone();
    copied["user"]["accountId"] = json!("mallory");
    world.jira("d3", &copied).await;
    assert_eq!(world.table.creation(digest).await.unwrap(), None, "anybody can give a ticket our label");
    world.jira("d2", &ours).await;
    assert_eq!(world.table.creation(digest).await.unwrap().as_deref(), Some("SHOP-9"));
}

#[tokio::test]
async fn what_happens_is_kept_for_whoever_waits() {
    let world = world().await;
    let words = comment("TES-1", "@ticketsmith what do you think?", "5b10");
    world.jira("d1", &words).await;
    let kept = world.table.occurrences("jira.commented/tes-1").await.unwrap().remove(0);
    assert_eq!(kept.fields["text"], "what do you think?");
    assert!(world.starts().is_empty());
}

#[tokio::test]
async fn a_failed_run_is_continued_by_command_and_by_comment() {
    let world = world().await;
    world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await;
    let first = world.execution_on("SHOP-1").await;
    let (_, running) = world.command("U1", "redrive SHOP-1", "t1").await;
    assert!(text(&running).contains("is running"), "{running}");
    let fail = async |name: &str| {
        let (outcome, at) = (domain::execution::Outcome::Failed, world.clock.now());
        let end = records::ExecutionEnd { outcome, error: None, cause: None, output: None, at };
        world.table.finish(name, &end).await.unwrap();
        world.clock.advance(1);
    };
    fail(&first.name).await;
    let (_, stranger) = world.command("U9", "redrive SHOP-1", "t2").await;
    assert!(text(&stranger).contains("may not start work on SHOP"), "{stranger}");
    let (_, answer) = world.command("U1", "redrive SHOP-1", "t3").await;
    let second = world.execution_on("SHOP-1").await;
    assert!(text(&answer).contains(&format!("`{}` continues `{}`", second.name, first.name)), "{answer}");
    assert_eq!((second.continues.as_ref(), second.run()), (Some(&first.name), first.run()));
    let (_, status) = world.command("U1", "status SHOP-1", "t4").await;
    for words in ["continues", "continued by"] {
        assert!(status.to_string().contains(words), "{status}");
    }
    fail(&second.name).await;
    let (_, result) = world.jira("c1", &comment("SHOP-1", "@ticketsmith redrive", "5b10")).await;
    assert_eq!(result["results"][0], json!({"result": "recorded"}), "{result}");
    let third = world.execution_on("SHOP-1").await;
    assert_eq!((third.continues.as_ref(), third.run()), (Some(&second.name), first.run()));
    let (_, named) = world.command("U1", &format!("redrive {}", first.name), "t5").await;
    assert!(text(&named).contains("already continued by"), "{named}");
    let (_, unknown) = world.command("U1", "redrive nonsense", "t6").await;
    assert!(text(&unknown).contains("no execution is named `nonsense`"), "{unknown}");
    let (_, help) = world.command("U1", "help", "t7").await;
    assert!(help.to_string().contains("/ticketsmith redrive ticket"), "{help}");
    assert_eq!(world.starts().len(), 3);
}
