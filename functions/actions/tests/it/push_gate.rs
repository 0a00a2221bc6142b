//! The gate before a push: strangers' text, and a yes that counts for only one change.

use crate::world::{BRANCH, EXECUTION, RUN, World};
use domain::execution::execution_of;
use domain::{Clock, ErrorKind, SourceName};
use jiff::SignedDuration;
use records::{Answer, Moves, StrangerWords, Timeliness, Topic, Waiter};
use serde_json::{Value, json};

const SESSION: &str = "0123456789abcdef";

impl World {
    async fn review(&self, implementation: &Value) -> Value {
        self.step("Review", "review_push", json!({"implementation": implementation})).await.unwrap()
    }

    async fn takes_in(&self, by: &str) {
        let words = StrangerWords { by: by.into(), place: "a comment on #2".into(), at: self.clock.now() };
        self.table.note_stranger(SESSION, &words).await.unwrap();
    }

    /// Ada says yes to a question, and the step continues with it.
    pub(crate) async fn approves(&self, question: &Value) {
        let waiter = self.says_yes(question).await;
        self.table.mark_told(&waiter, Timeliness::InTime).await.unwrap();
    }

    /// Ada says yes to a question, and what came of it is not recorded yet.
    pub(crate) async fn says_yes(&self, question: &Value) -> Waiter {
        let waiter = Waiter {
            topic: Topic::Approval(EXECUTION.into()).to_string(),
            key: format!("{RUN}/Approve.{question}"),
            execution: EXECUTION.into(),
            token: "token".into(),
            since: self.clock.now(),
            until: None,
            telling: None,
            over: None,
            question: question.as_str().map(str::to_owned),
            approvers: Vec::new(),
            moves: Moves::default(),
            message: None,
            answer: None,
            told: None,
            details: None,
            terms: records::Terms::default(),
            votes: Vec::new(),
            reminded_at: None,
        };
        self.table.put_waiter(&waiter).await.unwrap();
        let answer = Answer {
            approved: true,
            by: "ada".into(),
            via: SourceName::from_static("slack"),
            at: self.clock.now(),
            comment: None,
            delivery: String::new(),
            choice: None,
        };
        self.table.answer_waiter(&waiter, &answer).await.unwrap();
        waiter
    }
}

#[tokio::test]
async fn words_of_strangers_hold_back_a_push_until_somebody_approves_this_change() {
    let world = World::start().await;
    world.begin().await;
    let mut implementation = world.implementation().await.unwrap();
    implementation["session"] = json!(SESSION);
    assert_eq!(world.review(&implementation).await["needed"], false, "nobody else had a say in it");

    world.takes_in("grace").await;
    let asked = world.review(&implementation).await;
    assert_eq!(asked["needed"], true);
    let details = asked["details"].as_str().unwrap();
    assert!(
        details.contains("grace (a comment on #2)") && details.contains("ticketsmith session"),
        "{details}"
    );
    assert!(details.contains("`src/shop/discounts.py`: new, +"), "{details}");

    let commit = async |state: &str, implementation: &Value| {
        let input = json!({"branch": BRANCH, "implementation": implementation});
        world.step(state, "commit_changes", input).await
    };
    let refused = commit("Commit", &implementation).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.message.contains("nobody approved this change"), "{refused}");
    assert_eq!(world.branch(BRANCH).await, None, "nothing was pushed");

    // A yes to another change does not count for this one.
    world.approves(&json!(asked["question"].as_str().unwrap().replace('?', "0?"))).await;
    assert!(commit("Again", &implementation).await.is_err());
    world.assert_no_violations();
}

#[tokio::test]
async fn an_approved_change_is_pushed_and_settles_the_words_before_it() {
    let world = World::start().await;
    world.begin().await;
    let mut implementation = world.implementation().await.unwrap();
    implementation["session"] = json!(SESSION);
    world.takes_in("grace").await;
    let asked = world.review(&implementation).await;
    world.approves(&asked["question"]).await;
    world.clock.advance(SignedDuration::from_secs(1));
    let input = json!({"branch": BRANCH, "implementation": implementation});
    world.step("Commit", "commit_changes", input).await.unwrap();
    assert!(world.branch(BRANCH).await.is_some());
    assert_eq!(world.review(&implementation).await["needed"], false);
    world.clock.advance(SignedDuration::from_secs(1));
    world.takes_in("mallory").await;
    let again = world.review(&implementation).await;
    let details = again["details"].as_str().unwrap();
    assert!(
        again["needed"] == true && details.contains("mallory") && !details.contains("grace"),
        "{details}"
    );
    world.assert_no_violations();
}

#[tokio::test]
async fn what_people_approved_is_not_joined_with_what_they_have_not_seen() {
    // Not every change was made in a session.
    for session in [Value::Null, json!(SESSION)] {
        let world =
            World::start_with(|world| world.configuration["projects"][0]["ci_gate"] = json!("always")).await;
        world.begin().await;
        let mut implementation = world.implementation().await.unwrap();
        implementation["session"] = session.clone();
        let asked = world.review(&implementation).await;
        world.approves(&asked["question"]).await;
        let path = "src/shop/cart.py";
        let original = world.file("main", path).await.unwrap();
        let files =
            json!([{"path": path, "content": original.replacen("The cart.", "The shopping cart.", 1)}]);
        let theirs = json!({"branch": BRANCH, "message": "m", "files": files});
        world.step("Theirs", "commit_changes", theirs).await.unwrap();
        let input = json!({"branch": BRANCH, "implementation": implementation});
        let refused = world.step("Commit", "commit_changes", input).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Conflict, "{session}: {refused}");
        world.assert_no_violations();
    }
}

#[tokio::test]
async fn a_yes_counts_before_it_is_recorded_that_the_step_goes_on_and_one_that_is_too_late_does_not() {
    for told in [None, Some(Timeliness::TooLate)] {
        let world = World::start().await;
        world.begin().await;
        let mut implementation = world.implementation().await.unwrap();
        implementation["session"] = json!(SESSION);
        world.takes_in("grace").await;
        let asked = world.review(&implementation).await;
        let waiter = world.says_yes(&asked["question"]).await;
        if let Some(told) = told {
            world.table.mark_told(&waiter, told).await.unwrap();
        }
        let input = json!({"branch": BRANCH, "implementation": implementation});
        let pushed = world.step("Commit", "commit_changes", input).await;
        assert_eq!(pushed.is_ok(), told.is_none(), "{told:?}: {pushed:?}");
    }
}

#[tokio::test]
async fn a_project_may_ask_never() {
    let world =
        World::start_with(|world| world.configuration["projects"][0]["ci_gate"] = json!("never")).await;
    world.begin().await;
    let mut implementation = world.implementation().await.unwrap();
    implementation["session"] = json!(SESSION);
    world.takes_in("grace").await;
    let input = json!({"branch": BRANCH, "implementation": implementation});
    world.step("Commit", "commit_changes", input).await.unwrap();
    world.assert_no_violations();
}

#[tokio::test]
async fn an_edit_of_the_ticket_after_the_start_holds_back_a_push() {
    let world = World::start().await;
    world.begin().await;
    let mut implementation = world.implementation().await.unwrap();
    implementation["session"] = json!(SESSION);
    let ticket = execution_of(RUN);
    let note = async |by: &str| {
        let words = StrangerWords { by: by.into(), place: "an edit of SHOP-1".into(), at: world.clock.now() };
        world.table.note_outside_words(ticket, &words).await.unwrap();
    };
    assert_eq!(world.review(&implementation).await["needed"], false);
    note("grace").await;
    let asked = world.review(&implementation).await;
    let details = asked["details"].as_str().unwrap();
    assert!(asked["needed"] == true && details.contains("grace (an edit of SHOP-1)"), "{details}");
    let input = json!({"branch": BRANCH, "implementation": implementation});
    let refused = world.step("Commit", "commit_changes", input.clone()).await.unwrap_err();
    assert!(refused.message.contains("nobody approved this change"), "{refused}");
    world.approves(&asked["question"]).await;
    world.clock.advance(SignedDuration::from_secs(1));
    world.step("Commit", "commit_changes", input).await.unwrap();
    assert_eq!(world.review(&implementation).await["needed"], false, "it was approved");
    world.assert_no_violations();
}
