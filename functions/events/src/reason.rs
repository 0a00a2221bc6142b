//! Why an execution did not succeed, in words that a person can act on.

use domain::configuration::Configuration;
use domain::naming_pull_requests;
use providers::{PullRequestWords, pull_request_words};
use records::ExecutionRecord;
use serde::Deserialize;
use serde_json::Value;

/// A function's error as a cause:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    error_message: String,
}

/// The cause that a rollback reports.
#[derive(Deserialize)]
struct Receipt {
    step: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    #[serde(default)]
    undone: Vec<String>,
    /// Effects that were already taken back.
    #[serde(default)]
    already_gone: Vec<String>,
    /// Actions in place of taking an effect back.
    #[serde(default)]
    instead: Vec<Instead>,
    #[serde(default)]
    not_undone: Vec<Stays>,
    #[serde(default)]
    kept: Vec<String>,
    /// How many more could not be taken back.
    #[serde(default)]
    others: u64,
}

#[derive(Deserialize)]
struct Instead {
    action: String,
    /// Where people see it.
    done: String,
}

#[derive(Deserialize)]
struct Stays {
    action: Option<String>,
    cause: Option<String>,
    /// Whether it was looked for and not found, so that it is uncertain whether it happened.
    #[serde(default)]
    seek: bool,
}

/// The output that an execution's workflow declares but did not produce: it is `null`. In the words of the code host.
pub(crate) fn absent(output: Option<&Value>, words: PullRequestWords) -> Option<String> {
    let outputs = output?.as_object()?;
    let of_words = [("pull_request", words.name()), ("commit", "commit".to_owned())];
    of_words.into_iter().find(|(name, _)| outputs.get(*name) == Some(&Value::Null)).map(|(_, words)| words)
}

/// What people call the pull requests of an execution's project.
pub(crate) fn words_of(configuration: &Configuration, execution: &ExecutionRecord) -> PullRequestWords {
    words_in(configuration, execution.project.as_deref())
}

/// What people call the pull requests of the project with this key.
pub(crate) fn words_in(configuration: &Configuration, project: Option<&str>) -> PullRequestWords {
    let project = project.and_then(|key| configuration.project(key));
    project.map(|project| pull_request_words(configuration, project)).unwrap_or_default()
}

/// The reason for an end, from Step Functions' status, error and cause; `None` for a success. `called` is what the code host calls a pull
/// request.
pub(crate) fn reason(status: &str, error: Option<&str>, cause: Option<&str>, called: &str) -> Option<String> {
    let cause = cause.filter(|cause| !cause.trim().is_empty());
    match (status, error) {
        ("SUCCEEDED" | "RUNNING", _) => None,
        (_, Some("UndoIncomplete")) => {
            let receipt = cause.and_then(|cause| serde_json::from_str::<Receipt>(cause).ok());
            Some(receipt.map_or_else(|| words(error, cause), |receipt| receipt.list(called)))
        }
        ("ABORTED", _) => Some(cause.unwrap_or("Someone stopped it.").to_owned()),
        ("TIMED_OUT", _) => Some("It exceeded the time limit of an execution.".to_owned()),
        (_, Some("RolledBack" | "RollbackIncomplete" | "RollbackFailed")) => Some(
            cause
                .and_then(|cause| serde_json::from_str::<Receipt>(cause).ok())
                .map_or_else(|| words(error, cause), |receipt| receipt.words(called)),
        ),
        _ => Some(words(error, cause)),
    }
}

/// What an undo took back and what stays, from its output; `None` for other outputs. `called` is as for [`reason`].
pub(crate) fn undo_receipt(output: Option<&Value>, called: &str) -> Option<String> {
    let output = output.filter(|output| output["undone"].is_array())?;
    Some(Receipt::deserialize(output).ok()?.list(called))
}

impl Receipt {
    fn words(&self, called: &str) -> String {
        let mut words = words(self.error.as_deref(), self.cause.as_deref());
        if let Some(step) = &self.step {
            words = format!("{}: {words}", title(step, called));
        }
        match self.lines(called).as_slice() {
            [] => words,
            lines => format!("{words}\n{}", lines.join("\n")),
        }
    }

    /// The results for the effects only.
    fn list(&self, called: &str) -> String {
        match self.lines(called).as_slice() {
            [] => "There was nothing to take back.".to_owned(),
            lines => lines.join("\n"),
        }
    }

    fn lines(&self, called: &str) -> Vec<String> {
        let title = |name: &str| title(name, called);
        let list =
            |actions: &[String]| actions.iter().map(|action| title(action)).collect::<Vec<_>>().join(", ");
        let mut lines = Vec::new();
        if !self.undone.is_empty() {
            lines.push(format!("Taken back: {}.", list(&self.undone)));
        }
        if !self.already_gone.is_empty() {
            lines.push(format!("Already gone: {}.", list(&self.already_gone)));
        }
        for instead in &self.instead {
            lines.push(format!("To be reverted: {} ({}).", title(&instead.action), instead.done));
        }
        for stays in &self.not_undone {
            let action = title(stays.action.as_deref().unwrap_or("a step"));
            let why = words(None, stays.cause.as_deref());
            lines.push(match stays.seek {
                true => format!("May have happened: {action} ({why})."),
                false => format!("Could not be taken back: {action} ({why})."),
            });
        }
        if self.others > 0 {
            lines.push(format!("Could not be taken back: {} more.", self.others));
        }
        if !self.kept.is_empty() {
            lines.push(format!("Stays as it is: {}.", list(&self.kept)));
        }
        lines
    }
}

/// The message inside a cause, plus advice if the message cannot include it.
fn words(error: Option<&str>, cause: Option<&str>) -> String {
    let message = cause.map(|cause| match serde_json::from_str::<FunctionError>(cause) {
        Ok(function) => function.error_message,
        Err(_) => match serde_json::from_str::<Value>(cause) {
            Ok(Value::String(text)) => text,
            _ => cause.to_owned(),
        },
    });
    let message = message.filter(|message| !message.trim().is_empty());
    let advice = match error {
        Some("BudgetExceeded") => {
            "Raise the limit under `budgets` in the configuration, then start it again."
        }
        Some("Throttled" | "Unavailable" | "ReplyLost") => "Retries did not help; start it again later.",
        Some("Conflict") => "Someone changed the same thing in the meantime; check it, then start it again.",
        Some("Internal") => "This is a bug in Ticketsmith; see its log for details.",
        Some("States.Timeout") => "A step timed out; start it again, or raise its `timeout`.",
        Some("States.DataLimitExceeded") => {
            "A step's data exceeded 256 KiB; make the workflow pass less data."
        }
        Some("States.QueryEvaluationError") => {
            "An expression in the workflow could not be evaluated; fix the workflow."
        }
        _ => "",
    };
    match (message, advice, error) {
        (Some(message), "", _) => message,
        (Some(message), advice, _) => format!("{} {advice}", sentence(&message)),
        (None, "", Some(error)) => format!("It failed with the error {error}."),
        (None, "", None) => "No reason was given.".to_owned(),
        (None, advice, _) => advice.to_owned(),
    }
}

fn sentence(message: &str) -> String {
    let message = message.trim();
    match message.ends_with(['.', '!', '?']) {
        true => message.to_owned(),
        false => format!("{message}."),
    }
}

/// The name of a step, state or action as shown to people: `CreatePullRequest` and `create_pull_request` are
/// `Create pull request`, and the state `CreatePullRequest/undo`, which takes it back, is `Undo create pull request`. A step of another
/// workflow comes after the step that runs it, and rounds count from one: `Checks/ReadChecks.0` is `Checks: read checks (1)`. A pull request is
/// `called` as its code host calls it.
pub(crate) fn title(name: &str, called: &str) -> String {
    naming_pull_requests(&plain_title(name), called)
}

fn plain_title(name: &str) -> String {
    if let Some(undone) = name.strip_suffix("/undo") {
        return format!("Undo {}", lower_first(&plain_title(undone)));
    }
    let mut parts = name.split('/').map(title_of_part);
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |title, part| format!("{title}: {}", lower_first(&part)))
}

fn title_of_part(part: &str) -> String {
    // Only states have rounds, and only they begin with a capital letter.
    let is_state = part.starts_with(char::is_uppercase);
    let (name, rounds) = part.split_once('.').filter(|_| is_state).unwrap_or((part, ""));
    let rounds: Vec<u64> = rounds.split('.').filter_map(|round| round.parse().ok()).collect();
    let mut title = String::with_capacity(part.len() + 4);
    for character in name.chars() {
        match character {
            '_' => title.push(' '),
            c if c.is_uppercase() && !title.is_empty() => {
                title.push(' ');
                title.extend(c.to_lowercase());
            }
            c if title.is_empty() => title.extend(c.to_uppercase()),
            c => title.push(c),
        }
    }
    if !rounds.is_empty() {
        let rounds: Vec<_> = rounds.iter().map(|round| round.saturating_add(1).to_string()).collect();
        title.push_str(&format!(" ({})", rounds.join(".")));
    }
    title
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_lowercase).into_iter().flatten();
    first.chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::PULL_REQUEST;
    use insta::assert_snapshot;

    fn check(status: &str, error: &str, cause: &str) -> String {
        reason(status, Some(error).filter(|e| !e.is_empty()), Some(cause), PULL_REQUEST).unwrap_or_default()
    }

    #[test]
    fn a_functions_message_is_what_people_read() {
        let cause = r#"{"errorType":"Rejected","errorMessage":"Jira has no status `Reviewd`; reachable: Code Review"}"#;
        assert_snapshot!(check("FAILED", "Rejected", cause), @"Jira has no status `Reviewd`; reachable: Code Review");
        let cause = r#"{"errorMessage":"the limit of task SHOP-1 is $10.0000"}"#;
        assert_snapshot!(check("FAILED", "BudgetExceeded", cause), @"the limit of task SHOP-1 is $10.0000. Raise the limit under `budgets` in the configuration, then start it again.");
        assert_snapshot!(check("FAILED", "States.Timeout", ""), @"A step timed out; start it again, or raise its `timeout`.");
        assert_snapshot!(check("FAILED", "LoopExhausted", ""), @"It failed with the error LoopExhausted.");
        assert_snapshot!(check("TIMED_OUT", "", ""), @"It exceeded the time limit of an execution.");
        assert_snapshot!(check("ABORTED", "", ""), @"Someone stopped it.");
        assert_eq!(reason("SUCCEEDED", None, None, PULL_REQUEST), None);
    }

    #[test]
    fn a_rollback_gives_its_receipt() {
        let cause = r#"{"step":"CommitChanges","error":"Rejected","cause":"{\"errorMessage\":\"protected path\"}",
            "undone":["create_branch"],"not_undone":[{"key":"k","action":"create_task","undone":false,"error":"Rejected",
            "cause":"{\"errorMessage\":\"it is gone\"}"}],"kept":["add_comment"]}"#;
        assert_snapshot!(check("FAILED", "RolledBack", cause), @"
        Commit changes: protected path
        Taken back: Create branch.
        Could not be taken back: Create task (it is gone).
        Stays as it is: Add comment.
        ");
    }

    #[test]
    fn an_undo_gives_its_receipt() {
        let receipt = r#"{"undone":["create_branch × 2"],"already_gone":["commit_changes"],"kept":[],"others":3,
            "instead":[{"action":"create_pull_request","done":"https://code/8"}],"not_undone":[
            {"action":"create_task","seek":true,"undone":false,"error":"Unconfirmed",
             "cause":"{\"errorMessage\":\"it is uncertain whether it happened; look at https://jira/x\"}"}]}"#;
        let expected = "Taken back: Create branch × 2.\n\
                        Already gone: Commit changes.\n\
                        To be reverted: Create pull request (https://code/8).\n\
                        May have happened: Create task (it is uncertain whether it happened; look at https://jira/x).\n\
                        Could not be taken back: 3 more.";
        assert_eq!(check("FAILED", "UndoIncomplete", receipt), expected);
        let output: Value = serde_json::from_str(receipt).unwrap();
        assert_eq!(undo_receipt(Some(&output), PULL_REQUEST).as_deref(), Some(expected));
        let elsewhere = undo_receipt(Some(&output), "merge request").unwrap();
        assert!(elsewhere.contains("To be reverted: Create merge request (https://code/8)."), "{elsewhere}");
        let nothing = serde_json::json!({"undone": []});
        let told = undo_receipt(Some(&nothing), PULL_REQUEST);
        assert_eq!(told.as_deref(), Some("There was nothing to take back."));
        assert_eq!(undo_receipt(Some(&serde_json::json!({})), PULL_REQUEST), None);
    }

    #[test]
    fn names_are_words() {
        let title = |name: &str| title(name, PULL_REQUEST);
        assert_eq!(title("CreatePullRequest.0"), "Create pull request (1)");
        assert_eq!(title("Send.1.0"), "Send (2.1)");
        assert_eq!(title("release_1.0"), "Release 1.0");
        assert_eq!(title("Checks/WaitForChecks.0"), "Checks: wait for checks (1)");
        assert_eq!(title("Checks/CommitFix.1/undo"), "Undo checks: commit fix (2)");
        assert_eq!(title("get_task"), "Get task");
        assert_eq!(title(""), "");
        assert_eq!(super::title("PullRequestChecks/undo", "merge request"), "Undo merge request checks");
    }
}
