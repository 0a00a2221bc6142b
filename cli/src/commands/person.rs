//! `ticketsmith person`: the people of the configuration file, and those whom the API manages.

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use crate::managed::{Kind, pair};
use clap::Subcommand;
use reqwest::Method;
use serde_json::{Map, Value, json};

const COLUMNS: &[Column] = &[
    ("name", "name"),
    ("roles", "roles"),
    ("projects", "project_roles"),
    ("accounts", "accounts"),
    ("managed by", "managed_by"),
];

/// A person. The command names them; their groups are the configuration file's.
const PERSON: Kind = Kind {
    name: "person",
    path: "/people/{}",
    not_sent: &["id", "name", "groups", "managed_by", "archived_at", "archived_by"],
};

/// `ticketsmith person …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List people, with their roles and accounts.
    List {
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show a person.
    #[command(alias = "show")]
    View {
        /// Their name.
        name: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Add a person. They are known everywhere at once, without changing the configuration file.
    #[command(after_help = EXAMPLES_OF_CREATE)]
    Create {
        /// Our name for them.
        name: String,
        #[command(flatten)]
        settings: SettingsArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Change a person whom the API manages; fields that are not given stay as they are.
    #[command(after_help = EXAMPLES_OF_EDIT)]
    Edit {
        /// Their name.
        name: String,
        #[command(flatten)]
        settings: SettingsArguments,
        /// Remove all roles.
        #[arg(long, conflicts_with_all = ["roles", "project_roles"])]
        no_roles: bool,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Archive a person whom the API manages: they may no longer do anything.
    Delete {
        /// Their name.
        name: String,
        /// Do not prompt.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The configuration of a person.
#[derive(Debug, clap::Args)]
pub(crate) struct SettingsArguments {
    /// Their account at a service, by the service's name under `plugins:` or its provider's. May be repeated. An empty value removes an account.
    #[arg(long = "account", value_name = "SERVICE=ACCOUNT")]
    accounts: Vec<String>,
    /// A role in all projects: viewer, developer, approver or admin. May be repeated, and replaces the previous roles.
    #[arg(long = "role", value_name = "ROLE", conflicts_with = "project_roles")]
    roles: Vec<String>,
    /// A role in one project. May be repeated, and replaces the previous roles.
    #[arg(long = "project-role", value_name = "PROJECT=ROLE")]
    project_roles: Vec<String>,
}

impl SettingsArguments {
    /// These fields, overridden by the given ones.
    ///
    /// # Errors
    /// Usage for an argument that is not of the form `NAME=VALUE`.
    fn over(&self, mut fields: Map<String, Value>) -> Outcome<Map<String, Value>> {
        let accounts = fields.entry("accounts").or_insert_with(|| json!({}));
        for written in &self.accounts {
            let accepted = "SERVICE=ACCOUNT, with a name under `plugins:` or a provider's";
            let (service, account) = pair(written, "--account", accepted)?;
            match accounts {
                Value::Object(accounts) if account.is_empty() => {
                    accounts.remove(service);
                }
                Value::Object(accounts) => {
                    accounts.insert(service.to_owned(), json!(account));
                }
                _ => {}
            }
        }
        if !self.roles.is_empty() {
            fields.insert("roles".to_owned(), json!(self.roles));
            fields.remove("project_roles");
        }
        if !self.project_roles.is_empty() {
            let mut projects = Map::new();
            for written in &self.project_roles {
                let accepted = "PROJECT=ROLE, with a project's key";
                let (project, role) = pair(written, "--project-role", accepted)?;
                if let Value::Array(roles) = projects.entry(project).or_insert_with(|| json!([])) {
                    roles.push(json!(role));
                }
            }
            fields.insert("project_roles".to_owned(), projects.into());
            fields.remove("roles");
        }
        Ok(fields)
    }
}

const EXAMPLES_OF_CREATE: &str = "\
Examples:
  ticketsmith person create grace --account github=grace-h --account slack=U012AB3CD --role developer
  ticketsmith person create linus --account jira=712020:a1b2c3 --project-role SHOP=developer --project-role SHOP=approver

Exit codes: 0 added · 2 something is not accepted · 4 sign-in needed · 5 not allowed · 6 there is such a person already";

const EXAMPLES_OF_EDIT: &str = "\
Examples:
  ticketsmith person edit grace --role developer --role approver
  ticketsmith person edit grace --account gitlab=grace --account slack=

Exit codes: 0 changed · 2 something is not accepted · 4 sign-in needed · 5 not allowed, or no such person · 6 the configuration file manages them, or
somebody else changed them at the same time";

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[
    ("list_people", "person list"),
    ("get_person", "person view"),
    ("create_person", "person create"),
    ("replace_person", "person edit"),
    ("delete_person", "person delete"),
];

/// Runs the command.
///
/// # Errors
/// The API's refusal; usage for an argument in the wrong form; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { page, client } => client.list(&Call::get("/people", &[]), &page, COLUMNS).await,
        Arguments::View { name, client } => client.show(&PERSON.call(Method::GET, &name), COLUMNS).await,
        Arguments::Create { name, settings, client } => {
            let mut body = settings.over(Map::new())?;
            body.insert("name".to_owned(), name.into());
            client.show(&Call::post("/people", &[]).body(body.into()), COLUMNS).await
        }
        Arguments::Edit { name, settings, no_roles, client } => {
            let api = client.client()?;
            let (present, tag) = PERSON.read(&api, &name).await?;
            let mut body = settings.over(PERSON.of_answer(&present))?;
            if no_roles {
                body.retain(|field, _| !["roles", "project_roles"].contains(&field.as_str()));
            }
            body.insert("name".to_owned(), present["name"].clone());
            let call = PERSON.call(Method::PUT, &name).if_match(&tag).body(body.into());
            client.print(api.send(&call).await?, COLUMNS)
        }
        Arguments::Delete { name, yes, client } => PERSON.archive(&name, yes, &client, COLUMNS).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::testing::read;

    fn over(arguments: &[&str], fields: &Value) -> Outcome<Value> {
        read::<SettingsArguments>(arguments).over(PERSON.of_answer(fields)).map(Value::Object)
    }

    #[test]
    fn what_is_named_counts_more_and_the_rest_stays() {
        let grace = json!({
            "id": "Z3JhY2U", "name": "grace", "roles": ["viewer"], "groups": ["leads"], "managed_by": "api",
            "accounts": {"github": "grace-h", "slack": "U1"},
        });
        let kept = json!({"roles": ["viewer"], "accounts": {"github": "grace-h", "slack": "U1"}});
        assert_eq!(over(&[], &grace).unwrap(), kept);
        let changed = over(&["--account", "github=grace", "--account", "slack=", "--role", "admin"], &grace);
        assert_eq!(changed.unwrap(), json!({"roles": ["admin"], "accounts": {"github": "grace"}}));
        let in_projects = ["--project-role", "SHOP=viewer", "--project-role", "SHOP=approver"];
        let expected =
            json!({"project_roles": {"SHOP": ["viewer", "approver"]}, "accounts": kept["accounts"]});
        assert_eq!(over(&in_projects, &grace).unwrap(), expected);
        let back = over(&["--role", "viewer"], &over(&in_projects, &grace).unwrap());
        assert_eq!(back.unwrap(), kept);
        for (wrong, accepted) in [("--account", "SERVICE=ACCOUNT"), ("--project-role", "PROJECT=ROLE")] {
            let refused = over(&[wrong, "github"], &grace).unwrap_err().to_string();
            assert!(refused.contains(&format!("after {wrong}; accepted: {accepted}")), "{refused}");
        }
    }
}
