//! `ticketsmith task`: tickets that are or were worked on.

use crate::api_client::{Call, ClientArguments, Column, PageArguments, task_id};
use crate::commands::execution::WaitArgument;
use crate::exit::Outcome;
use crate::typed_input::{typed_by, written_input};
use clap::{ArgGroup, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

const COLUMNS: &[Column] = &[
    ("task", "task_id"),
    ("project", "project"),
    ("state", "state"),
    ("at work", "open_execution"),
    ("latest", "latest_execution"),
    ("changed", "updated_at"),
];

/// The API's default workflow for a ticket.
const USUAL_WORKFLOW: &str = "development";

/// Of an execution that was accepted.
const ACCEPTED: &[Column] = &[("execution", "execution"), ("state", "state")];

/// `ticketsmith task …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List the tickets of a project in a state, the latest change first.
    List {
        /// The project's key. Default: the only project.
        #[arg(long, value_name = "KEY")]
        project: Option<String>,
        /// The state.
        #[arg(long, value_name = "STATE", default_value = "at_work", value_parser = ["at_work", "succeeded", "failed", "rolled_back", "stopped"])]
        state: String,
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show a ticket with its spending.
    View {
        /// The ticket's name in its tracker.
        ticket: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Create a ticket. Prints the execution that does it; its output, which `execution view` shows, names the ticket.
    Create {
        /// The title.
        title: String,
        /// The description in Markdown.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// The project's key. Default: the only project.
        #[arg(long, value_name = "KEY")]
        project: Option<String>,
        /// The ticket's type by the tracker's name. Default: Task.
        #[arg(long = "type", value_name = "TYPE")]
        task_type: Option<String>,
        /// A label. May be repeated.
        #[arg(long = "label", value_name = "LABEL")]
        labels: Vec<String>,
        /// The key of the epic that it belongs to.
        #[arg(long, value_name = "TICKET")]
        epic: Option<String>,
        #[command(flatten)]
        wait: WaitArgument,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Move a ticket to another status, comment on it, or both.
    #[command(group(ArgGroup::new("change").required(true).multiple(true).args(["status", "comment"])))]
    Edit {
        /// The ticket's name in its tracker.
        ticket: String,
        /// The status, as the tracker or the configuration names it.
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// A comment in Markdown.
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
        #[command(flatten)]
        wait: WaitArgument,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Have an agent work on a ticket.
    Assign {
        /// The ticket's name in its tracker.
        ticket: String,
        /// The workflow. Default: `development`.
        #[arg(long, value_name = "NAME")]
        workflow: Option<String>,
        /// An input of the workflow in addition to the ticket: NAME=VALUE, read by its type: text is taken literally, anything else is JSON. `@FILE`
        /// reads it from a file. May be repeated.
        #[arg(long = "input", value_name = "NAME=VALUE", value_parser = written_input)]
        inputs: Vec<(String, String)>,
        #[command(flatten)]
        wait: WaitArgument,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[
    ("list_tasks", "task list"),
    ("show_task", "task view"),
    ("post_task", "task create"),
    ("put_task", "task edit"),
    ("assign_task_to_agent", "task assign"),
];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { project, state, page, client } => {
            let call = Call::get("/tasks", &[]).query("project", project).query("state", Some(state));
            client.list(&call, &page, COLUMNS).await
        }
        Arguments::View { ticket, client } => {
            client.show(&Call::get("/tasks/{}", &[&task_id(&ticket)]), COLUMNS).await
        }
        Arguments::Create { title, description, project, task_type, labels, epic, wait, client } => {
            let mut body = given([
                ("title", Some(title)),
                ("description", description),
                ("project", project),
                ("task_type", task_type),
                ("epic", epic),
            ]);
            if !labels.is_empty() {
                body["labels"] = labels.into();
            }
            wait.show(&client, &Call::post("/tasks", &[]).body(body), ACCEPTED).await
        }
        Arguments::Edit { ticket, status, comment, wait, client } => {
            let body = given([("status", status), ("comment", comment)]);
            let call = Call::new(Method::PUT, "/tasks/{}", &[&task_id(&ticket)]).body(body);
            wait.show(&client, &call, ACCEPTED).await
        }
        Arguments::Assign { ticket, workflow, inputs, wait, client } => {
            let usual = workflow.as_deref().unwrap_or(USUAL_WORKFLOW);
            let mut body = json!({ "inputs": typed_by(&client.client()?, usual, &inputs).await? });
            if let Some(workflow) = workflow {
                body["workflow"] = workflow.into();
            }
            let call = Call::post("/tasks/{}/assign-to-agent", &[&task_id(&ticket)]).body(body);
            wait.show(&client, &call, COLUMNS).await
        }
    }
}

/// A body with the given fields.
fn given<const COUNT: usize>(fields: [(&str, Option<String>); COUNT]) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Value::Object(fields.collect())
}

#[cfg(test)]
mod tests {
    use crate::Arguments as All;
    use clap::Parser;

    #[test]
    fn where_one_of_two_is_needed_both_are_named() {
        for (line, named) in [
            ("task edit SHOP-1", ["--status <STATUS>", "--comment <TEXT>"]),
            ("restore --stage prod", ["--at <TIME>", "--from <TABLE>"]),
            ("try", ["TICKET", "--ticket-file <FILE>"]),
        ] {
            let refused =
                All::try_parse_from(["ticketsmith"].into_iter().chain(line.split(' '))).unwrap_err();
            let refused = refused.to_string();
            let missing = refused.split("Usage").next().unwrap_or_default();
            assert!(named.iter().all(|named| missing.contains(named)), "{refused}");
        }
        let parses = |line: &str| All::try_parse_from(line.split(' ')).is_ok();
        for line in [
            "ticketsmith task edit SHOP-1 --status Done --comment x",
            "ticketsmith restore --stage prod --from copy",
            "ticketsmith try --ticket-file t.md --repository .",
        ] {
            assert!(parses(line), "{line}");
        }
        for line in [
            "ticketsmith restore --stage prod --from copy --at 2026-11-22T10:00:00Z",
            "ticketsmith try https://github.com/acme/shop/issues/1 --ticket-file t.md --repository .",
        ] {
            assert!(!parses(line), "{line}");
        }
    }
}
