//! Why an execution of the demo does not end: what people are asked, and who may answer.

use records::{Topic, Waiter};
use std::time::Duration;

/// Who may answer the question of an agent.
const ANSWERS_AGENTS: &str = "everyone who may start work";

/// Who may answer when a limit is reached.
const ANSWERS_ABOUT_MONEY: &str = "approvers may add dollars to a ticket's limit, admins also to a monthly one, and whoever may stop the work may choose \
     `draft` or `rollback`";

/// Why an execution of the demo does not end.
#[derive(Debug)]
pub(super) struct Halt {
    /// The reason, in words.
    pub(super) reason: String,
    /// What people are asked, if it waits for their answer.
    pub(super) question: Option<String>,
    /// Who may answer, in words.
    pub(super) may_answer: Option<String>,
}

impl Halt {
    /// An agent asks people something.
    pub(super) fn by_agent(question: String) -> Self {
        let reason = format!(
            "the agent stopped to ask: {question}; nobody answers in a demo, so put the answer into the ticket of your --world; outside of a \
             demo, {ANSWERS_AGENTS} may answer"
        );
        Self { reason, question: Some(question), may_answer: Some(ANSWERS_AGENTS.to_owned()) }
    }

    /// A step waits for what does not happen in a demo.
    pub(super) fn by_step(waiter: &Waiter) -> Self {
        let question = waiter.question.clone().unwrap_or_default();
        let (reason, may_answer) = if is_about_money(waiter) {
            let reason = format!(
                "a limit stopped the work, and nobody answers in a demo: {question} Who may answer: {ANSWERS_ABOUT_MONEY}. Or raise `budgets` in \
                 the `configuration` of your --world"
            );
            (reason, ANSWERS_ABOUT_MONEY.to_owned())
        } else if waiter.is_question() {
            let who = who_may_answer(waiter);
            let reason = format!(
                "a step waits for an answer, and nobody answers in a demo: {question}; who may answer: {who}"
            );
            (reason, who)
        } else {
            let reason = format!("a step waits for what does not happen during the demo: {question}");
            return Self { reason, question: None, may_answer: None };
        };
        Self { reason, question: Some(question), may_answer: Some(may_answer) }
    }

    /// The time is over.
    pub(super) fn by_time(limit: Duration, waiter: Option<&Waiter>) -> Self {
        let advice = match waiter.and_then(|waiter| waiter.question.as_deref()) {
            Some(waits) => format!("it was waiting: {waits}"),
            None => "allow more time with --limit-seconds".to_owned(),
        };
        let reason =
            format!("the execution did not end within {} s and was stopped; {advice}", limit.as_secs());
        Self { reason, question: None, may_answer: None }
    }
}

/// Whether a wait never ends by itself in a demo: for people, for reviewers' capacity, or for a provider. Awaited events do happen.
pub(super) fn is_for_good(waiter: &Waiter) -> bool {
    let others = [Topic::Capacity, Topic::Provider].map(|topic| topic.to_string());
    waiter.is_question() || is_about_money(waiter) || others.contains(&waiter.topic)
}

/// Whether people are asked what to do about a limit.
fn is_about_money(waiter: &Waiter) -> bool {
    waiter.topic == Topic::Budget.to_string()
}

/// Who may answer the question of a step.
fn who_may_answer(waiter: &Waiter) -> String {
    let mut who = match waiter.approvers.as_slice() {
        [] => "every approver".to_owned(),
        named => named.join(", "),
    };
    if waiter.terms.needed() > 1 {
        who.push_str(&format!(", and {} of them must approve", waiter.terms.needed()));
    }
    if waiter.terms.not_by.is_some() {
        who.push_str(", except the person who asked for the work");
    }
    who
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn waiter(topic: &Topic, more: &Value) -> Waiter {
        let mut record = json!({
            "topic": topic.to_string(), "key": "run/State", "execution": "run", "token": "token", "since": "2026-03-02T09:00:00Z",
            "question": "Shall it?",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            record[name] = value.clone();
        }
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn a_question_says_who_may_answer() {
        let asked = |more: Value| Halt::by_step(&waiter(&Topic::Approval("run".to_owned()), &more));
        let halt = asked(json!({}));
        assert!(halt.reason.ends_with("nobody answers in a demo: Shall it?; who may answer: every approver"));
        assert_eq!(halt.question.as_deref(), Some("Shall it?"));
        let halt =
            asked(json!({"approvers": ["leads", "grace"], "terms": {"count": 2, "not_by": "github:ada"}}));
        let who = "leads, grace, and 2 of them must approve, except the person who asked for the work";
        assert_eq!(halt.may_answer.as_deref(), Some(who));
    }

    #[test]
    fn a_limit_is_a_question_and_a_wait_for_others_is_none() {
        let halt = Halt::by_step(&waiter(&Topic::Budget, &Value::Null));
        assert!(halt.reason.starts_with("a limit stopped the work, and nobody answers in a demo: Shall it?"));
        assert!(halt.reason.contains(ANSWERS_ABOUT_MONEY) && halt.reason.contains("raise `budgets`"));
        assert_eq!(halt.question.as_deref(), Some("Shall it?"));
        let halt = Halt::by_step(&waiter(&Topic::Capacity, &Value::Null));
        assert_eq!((halt.question, halt.may_answer), (None, None));
    }

    #[test]
    fn only_awaited_events_happen_in_a_demo() {
        let approval = Topic::Approval("run".to_owned());
        for topic in [approval, Topic::Budget, Topic::Capacity, Topic::Provider] {
            assert!(is_for_good(&waiter(&topic, &Value::Null)), "{topic}");
        }
        let event = waiter(&Topic::Approval(String::new()), &json!({"topic": "event/checks"}));
        assert!(!is_for_good(&event));
    }
}
