//! `ticketsmith project`: the projects of the configuration file, and those that the API manages.

mod settings;

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use crate::managed::Kind;
use clap::Subcommand;
use reqwest::Method;
use settings::SettingsArguments;

const COLUMNS: &[Column] = &[
    ("project", "key"),
    ("repository", "repository"),
    ("branch", "base_branch"),
    ("may start work", "may_trigger"),
    ("managed by", "managed_by"),
];

/// A project. The command names its key.
const PROJECT: Kind = Kind {
    name: "project",
    path: "/projects/{}",
    not_sent: &["id", "key", "managed_by", "archived_at", "archived_by"],
};

/// The fields shown for a project that is being planned.
const PLANNED: &[Column] = &[("execution", "execution"), ("state", "state")];

/// `ticketsmith project …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List the projects.
    List {
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show a project.
    View {
        /// Its key.
        key: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Create a project. It is in force at once, without changing the configuration file.
    #[command(after_help = EXAMPLES_OF_CREATE)]
    Create {
        /// Its key in the tracker: `SHOP` in Jira, `owner/name` for GitHub Issues.
        key: String,
        #[command(flatten)]
        settings: SettingsArguments,
        /// The project's purpose: the workflow `planning` plans it.
        #[arg(long, value_name = "TEXT")]
        requirements: Option<String>,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Change a project that the API manages; fields that are not given stay as they are.
    #[command(after_help = EXAMPLES_OF_EDIT)]
    Edit {
        /// Its key.
        key: String,
        #[command(flatten)]
        settings: SettingsArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Archive a project that the API manages: nothing starts there anymore.
    Delete {
        /// Its key.
        key: String,
        /// Do not prompt.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        client: ClientArguments,
    },
}

const EXAMPLES_OF_CREATE: &str = "\
Examples:
  ticketsmith project create GIFT --repository acme/gift --provider task_management=jira --provider version_control=github
  ticketsmith project create GIFT --file gift.yaml --channel '#gift'

The file has what a project has under `projects:` in the configuration file; what is named beside it counts more.

Exit codes: 0 created · 2 something is not accepted · 4 sign-in needed · 5 not allowed · 6 there is such a project already";

const EXAMPLES_OF_EDIT: &str = "\
Examples:
  ticketsmith project edit GIFT --channel '#gifts'
  ticketsmith project edit GIFT --file gift.yaml

With a file, the project is what the file says; other arguments override it.

Exit codes: 0 changed · 2 something is not accepted · 4 sign-in needed · 5 not allowed, or no such project · 6 the configuration file manages it, or
somebody else changed it at the same time";

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[
    ("list_projects", "project list"),
    ("get_project", "project view"),
    ("create_project", "project create"),
    ("replace_project", "project edit"),
    ("delete_project", "project delete"),
];

/// Runs the command.
///
/// # Errors
/// The API's refusal; usage for a file that cannot be read; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { page, client } => client.list(&Call::get("/projects", &[]), &page, COLUMNS).await,
        Arguments::View { key, client } => client.show(&PROJECT.call(Method::GET, &key), COLUMNS).await,
        Arguments::Create { key, settings, requirements, client } => {
            let mut body = settings.over(settings.of_file()?.unwrap_or_default())?;
            body.insert("key".to_owned(), key.into());
            let columns = if requirements.is_some() { PLANNED } else { COLUMNS };
            body.extend(requirements.map(|text| ("requirements".to_owned(), text.into())));
            client.show(&Call::post("/projects", &[]).body(body.into()), columns).await
        }
        Arguments::Edit { key, settings, client } => {
            let api = client.client()?;
            let (present, tag) = PROJECT.read(&api, &key).await?;
            let before = match settings.of_file()? {
                Some(file) => file,
                None => PROJECT.of_answer(&present),
            };
            let mut body = settings.over(before)?;
            body.insert("key".to_owned(), present["key"].clone());
            let call = PROJECT.call(Method::PUT, &key).if_match(&tag).body(body.into());
            client.print(api.send(&call).await?, COLUMNS)
        }
        Arguments::Delete { key, yes, client } => PROJECT.archive(&key, yes, &client, COLUMNS).await,
    }
}
