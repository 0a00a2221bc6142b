//! `ticketsmith token`: machine tokens.

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};

const COLUMNS: &[Column] = &[
    ("id", "id"),
    ("name", "name"),
    ("owner", "owner"),
    ("state", "state"),
    ("roles", "roles"),
    ("projects", "projects"),
    ("expires", "expires_at"),
];

/// `ticketsmith token …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List machine tokens: your own, or everyone's for an admin.
    List {
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Create a machine token. It is shown once.
    Create {
        /// Its purpose.
        name: String,
        /// One of your roles that it may use. May be repeated.
        #[arg(long = "role", value_name = "ROLE", required = true, value_parser = ["viewer", "developer", "approver", "admin"])]
        roles: Vec<String>,
        /// A project that it is limited to, by its key. May be repeated. Default: all.
        #[arg(long = "project", value_name = "KEY")]
        projects: Vec<String>,
        /// For how many days it is valid.
        #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=90))]
        days: u16,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Revoke a machine token, at once and for good.
    Revoke {
        /// Its id.
        id: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// How to use a token: shell lines that work as they are. The token is read from standard input, so that it is not in the shell's history.
fn uses(url: &str) -> String {
    format!(
        "  IFS= read -rs TICKETSMITH_API_TOKEN\n  export TICKETSMITH_API_TOKEN TICKETSMITH_API_URL='{url}'\n  \
         ticketsmith execution list\n  curl -sS -H \"Authorization: Bearer $TICKETSMITH_API_TOKEN\" \"$TICKETSMITH_API_URL/executions\""
    )
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] =
    &[("list_tokens", "token list"), ("create_token", "token create"), ("revoke_token", "token revoke")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { page, client } => client.list(&Call::get("/tokens", &[]), &page, COLUMNS).await,
        Arguments::Create { name, roles, projects, days, client } => {
            let mut body = json!({ "name": name, "roles": roles, "valid_days": days });
            if !projects.is_empty() {
                body["projects"] = json!(projects);
            }
            let api = client.client()?;
            let answer = api.send(&Call::post("/tokens", &[]).body(body)).await?;
            if !client.is_for_people() {
                return client.print(answer, COLUMNS);
            }
            // Only the token is on standard output, for `$(…)`.
            let token = answer.get("token").and_then(Value::as_str).unwrap_or_default();
            let until = answer.get("expires_at").and_then(Value::as_str).unwrap_or_default();
            println!("{token}");
            eprintln!(
                "It is shown only once, and is valid until {until}. To enter it in a shell:\n\n{}",
                uses(api.base())
            );
            Ok(())
        }
        Arguments::Revoke { id, client } => {
            client.show(&Call::new(Method::DELETE, "/tokens/{}", &[&id]), COLUMNS).await
        }
    }
}
