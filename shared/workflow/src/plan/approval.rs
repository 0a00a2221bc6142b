//! Steps of type `approval`: a question parked on a task token.

use super::planned::{Approval, PlannedKind};
use super::walk::{Made, Walk};
use crate::model::{Approval as Written, Form, Given, OnError, Step};
use crate::types::{Kind, Type};
use domain::configuration::same_status;
use domain::folded;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How long a question is open by default: seven days.
pub(super) const USUAL_TIMEOUT_SECONDS: u64 = 7 * 24 * 3600;

impl Walk<'_, '_, '_> {
    pub(super) fn approval(&mut self, step: &Step, approval: &Written) -> Made {
        let text = Type::text();
        self.is_a_question(approval);
        let question = self.checker.fit(&approval.question, &text, true, "`question`");
        let details = approval.details.as_ref().map_or(Value::Null, |given| {
            self.checker.fit(given, &text.clone().nullable(), false, "`details`")
        });
        let approvers = self.approvers(approval.approvers.as_ref());
        self.enough_approvers(approval);
        if approval.approvers.as_ref().is_none_or(is_empty) {
            self.checker
                .problems
                .warning(
                    step.name.span,
                    format!(
                        "`{}` names no approvers: anyone who may approve in the project can answer",
                        step.name.value
                    ),
                )
                .help("write `approvers: [name-of-a-group]`");
        }
        let nullable = Type::text().nullable();
        let fields = BTreeMap::from([
            ("by".to_owned(), nullable.clone()),
            ("via".to_owned(), Type::text()),
            ("at".to_owned(), nullable.clone()),
            ("comment".to_owned(), nullable),
        ]);
        let sets = self.receive(step, "an approval", &fields, |field| format!("$states.result.{field}"));
        let approved_by_timeout = step
            .outputs
            .iter()
            .map(|(field, target)| {
                let text = if field.value == "via" { "'timeout'" } else { "null" };
                (self.checker.scope.compiled_path(&target.value), text.to_owned())
            })
            .collect();
        let mut input = json!({"question": question, "details": details, "approvers": approvers});
        for (name, status) in
            [("approve_status", &approval.approve_status), ("decline_status", &approval.decline_status)]
        {
            if let Some(given) = status {
                input[name] = self.checker.fit(given, &text, true, &format!("`{name}`"));
            }
        }
        if approval.not_by_requester {
            input["not_by"] = json!("requester");
        }
        if let Some(count) = approval.count {
            input["count"] = json!(count);
        }
        if let Some(seconds) = approval.remind_seconds {
            input["remind_seconds"] = json!(seconds);
        }
        let planned = Approval {
            input,
            timeout_seconds: step.timeout_seconds.as_ref().map_or(USUAL_TIMEOUT_SECONDS, |given| given.value),
            on_timeout: approval.on_timeout,
            retry: (step.retry.is_some() || step.on_error == OnError::Retry)
                .then(|| step.retry.clone().unwrap_or_default()),
            approved_by_timeout,
        };
        let whole = Type::object(fields);
        Made::new(Some(PlannedKind::Approval(planned)), sets).giving("$states.result", whole)
    }

    /// Reports an approval that nobody could understand, or answer by moving the ticket.
    fn is_a_question(&mut self, approval: &Written) {
        let is_blank = |text: String| text.trim().is_empty();
        if approval.question.literal_text().is_some_and(is_blank) {
            self.checker
                .problems
                .error(approval.question.span, "`question` is empty: say what people are asked");
        }
        let status = |given: &Option<Given>| given.as_ref().and_then(Given::literal_text);
        if let (Some(given), Some(yes), Some(no)) =
            (&approval.decline_status, status(&approval.approve_status), status(&approval.decline_status))
            && same_status(&yes, &no)
        {
            self.checker
                .problems
                .error(given.span, format!("`{yes}` cannot mean both yes and no"))
                .help("name another status, or leave one of the two out");
        }
    }

    /// Those who may answer, as an action takes them.
    pub(super) fn approvers(&mut self, given: Option<&Given>) -> Value {
        let names = Type::new(Kind::List(Box::new(Type::text()))).nullable();
        self.known_approvers(given);
        given.map_or(Value::Null, |given| self.checker.fit(given, &names, false, "`approvers`"))
    }

    /// Whom the configuration does not know cannot answer.
    fn known_approvers(&mut self, given: Option<&Given>) {
        let Some(known) = &self.checker.environment.approvers else { return };
        let Some(Given { form: Form::List(items), .. }) = given else { return };
        for item in items {
            let Some(name) = item.literal_text().filter(|name| !known.contains_key(name)) else { continue };
            self.checker
                .problems
                .error(item.span, format!("`{name}` is neither a person nor a group of the configuration"))
                .accepted(&name, known.keys().map(String::as_str));
        }
    }

    /// Warns of a question that needs more people than it names: it is open until its time is over.
    fn enough_approvers(&mut self, approval: &Written) {
        let (Some(count), Some(known)) = (approval.count, &self.checker.environment.approvers) else {
            return;
        };
        let Some(Given { form: Form::List(items), span }) = &approval.approvers else { return };
        let mut people = BTreeSet::new();
        for item in items {
            let Some(meant) = item.literal_text().and_then(|name| known.get(&name)) else { return };
            people.extend(meant.iter().map(|name| folded(name)));
        }
        let named = people.len();
        if u64::try_from(named).is_ok_and(|named| (1..count).contains(&named)) {
            self.checker
                .problems
                .warning(*span, format!("`count` is {count}, but `approvers` names fewer people: {named}"))
                .help("name more people or groups, or lower `count`");
        }
    }
}

fn is_empty(given: &Given) -> bool {
    matches!(&given.form, Form::List(items) if items.is_empty())
        || matches!(given.form, Form::Literal(Value::Null))
}
