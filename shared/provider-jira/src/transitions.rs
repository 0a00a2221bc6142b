//! Moving a ticket to another status.

use crate::fields::Named;
use crate::jira::{Jira, is_early};
use domain::ActionError;
use domain::configuration::same_status;
use domain::plugins::StatusChange;
use http_client::Failure;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Transitions {
    transitions: Vec<Transition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transition {
    id: String,
    to: Named,
    /// Whether Jira shows people a screen with fields, some of which may be required.
    #[serde(default)]
    has_screen: Option<bool>,
}

impl Transition {
    fn asks_for_fields(&self) -> bool {
        self.has_screen == Some(true)
    }
}

impl Jira {
    pub(crate) async fn move_to_status(&self, key: &str, status: &str) -> Result<StatusChange, ActionError> {
        let issue = self.issue(key, &["status"], is_early).await?;
        let previous = issue.fields.status.map(|status| status.name).ok_or_else(|| {
            ActionError::rejected(format!(
                "Jira shows no status of {key} to the account of the configured secret"
            ))
        })?;
        if same_status(&previous, status) {
            return Ok(StatusChange { status: previous.clone(), previous });
        }
        let path = "/rest/api/3/issue/{key}/transitions";
        let found: Transitions = self.client.get(path, &[key]).send().await?.json()?;
        let Some(transition) = leading_to(status, &found.transitions) else {
            return Err(unreachable(key, &previous, status, &found.transitions));
        };
        let body = json!({"transition": {"id": transition.id}});
        let sent = self.client.post(path, &[key]).json(&body).send().await;
        sent.map_err(|failure| refused(failure, transition))?;
        Ok(StatusChange { previous, status: transition.to.name.clone() })
    }
}

/// The transition to a status. Of several, one without a screen comes first: no fields of screens are filled in.
fn leading_to<'found>(status: &str, transitions: &'found [Transition]) -> Option<&'found Transition> {
    let leading = transitions.iter().filter(|transition| same_status(&transition.to.name, status));
    leading.min_by_key(|transition| transition.asks_for_fields())
}

/// Why a ticket was not moved, with what helps if the transition has a screen.
fn refused(failure: Failure, transition: &Transition) -> ActionError {
    let Failure { status, error, .. } = failure;
    if status != Some(400) || !transition.asks_for_fields() {
        return error;
    }
    let message = format!(
        "{}; the transition to `{}` has a screen in Jira, whose fields are not filled in: make them optional, or add a transition without a screen",
        error.message, transition.to.name
    );
    ActionError { message, ..error }
}

fn unreachable(key: &str, previous: &str, status: &str, transitions: &[Transition]) -> ActionError {
    let mut reachable: Vec<_> = transitions.iter().map(|transition| transition.to.name.as_str()).collect();
    reachable.dedup();
    let reachable = match reachable.as_slice() {
        [] => "nothing can be reached from there by the account of the configured secret".to_owned(),
        names => format!("reachable from there: {}", names.join(", ")),
    };
    ActionError::rejected(format!("{key} is `{previous}` and cannot move to `{status}`; {reachable}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn transitions(found: Value) -> Vec<Transition> {
        serde_json::from_value::<Transitions>(json!({ "transitions": found })).unwrap().transitions
    }

    #[test]
    fn of_several_transitions_to_a_status_one_without_a_screen_is_taken() {
        let found = transitions(json!([
            {"id": "11", "name": "Start", "to": {"name": "In Progress"}},
            {"id": "21", "name": "Close with a reason", "to": {"name": "Done"}, "hasScreen": true},
            {"id": "31", "name": "Close", "to": {"name": "Done"}, "hasScreen": false},
            {"id": "41", "name": "Finish", "to": {"name": "Done"}, "hasScreen": null},
        ]));
        let taken = |status| leading_to(status, &found).map(|transition| transition.id.as_str());
        assert_eq!((taken("done"), taken("In Progress"), taken("Lost")), (Some("31"), Some("11"), None));
        let only = leading_to("Done", &found[1..2]).map(|transition| transition.id.as_str());
        assert_eq!(only, Some("21"), "its fields may be optional");
    }

    #[test]
    fn a_refusal_says_what_to_do_about_a_screen() {
        let found = transitions(json!([
            {"id": "21", "to": {"name": "Done"}, "hasScreen": true},
            {"id": "31", "to": {"name": "Done"}},
        ]));
        let told = |status, transition| {
            let error = ActionError::rejected("Jira: POST failed (400): resolution: Resolution is required.");
            let failure = Failure { status: Some(status), body: Value::Null, error, was_sent: true };
            refused(failure, transition).message
        };
        let advised = told(400, &found[0]);
        assert!(
            advised.contains("Resolution is required") && advised.contains("without a screen"),
            "{advised}"
        );
        for (status, transition) in [(400, &found[1]), (502, &found[0])] {
            assert!(!told(status, transition).contains("screen"), "{status}");
        }
    }
}
