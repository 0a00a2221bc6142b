//! `ticketsmith plugin`: the services of the configuration file, and those that the API manages.

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use crate::managed::{Kind, pair};
use clap::Subcommand;
use reqwest::Method;
use serde_json::{Map, Value, json};

const COLUMNS: &[Column] = &[
    ("type", "type"),
    ("name", "name"),
    ("provider", "provider"),
    ("projects", "projects"),
    ("managed by", "managed_by"),
];

const SETTINGS: &[Column] = &[
    ("name", "name"),
    ("provider", "provider"),
    ("secret", "secret"),
    ("rate", "rate_limit"),
    ("settings", "settings"),
    ("managed by", "managed_by"),
];

/// The settings of a service. The command names it.
const PLUGIN: Kind = Kind {
    name: "plugin",
    path: "/plugins/{}/{}/config",
    not_sent: &["managed_by", "archived_at", "archived_by"],
};

/// `ticketsmith plugin …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List the services that projects use; for admins, all of them.
    List {
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show the settings of a service, without its credentials.
    View {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Add a service that projects can use, without changing the configuration file.
    #[command(after_help = EXAMPLES_OF_CREATE)]
    Create {
        /// The name that projects use it by.
        name: String,
        /// The provider. Default: the one with this name.
        #[arg(long)]
        provider: Option<String>,
        #[command(flatten)]
        settings: SettingsArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Change a service that the API manages; settings that are not given stay as they are.
    #[command(after_help = EXAMPLES_OF_EDIT)]
    Edit {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        settings: SettingsArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Archive a service that the API manages: no project can use it anymore.
    Delete {
        #[command(flatten)]
        named: Named,
        /// Do not prompt.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// Which service.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Its purpose, as `plugin list` shows it.
    #[arg(value_name = "TYPE")]
    kind: String,
    /// Its name in the configuration.
    name: String,
}

impl Named {
    fn call(&self, method: Method) -> Call {
        Call::new(method, PLUGIN.path, &[&self.kind, &self.name])
    }
}

/// The settings of a service.
#[derive(Debug, clap::Args)]
pub(crate) struct SettingsArguments {
    /// Requests in a second, a minute or an hour: `2/s`, `5000/h`.
    #[arg(long, value_name = "RATE")]
    rate_limit: Option<String>,
    /// A setting as under `plugins:` of the configuration file. May be repeated. Numbers, true, false and JSON are read as such. An empty value
    /// removes a setting, which then has its default.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl SettingsArguments {
    /// These fields, overridden by the given ones.
    ///
    /// # Errors
    /// Usage for an argument that is not of the form `KEY=VALUE`.
    fn over(&self, mut fields: Map<String, Value>) -> Outcome<Map<String, Value>> {
        if let Some(rate) = &self.rate_limit {
            fields.insert("rate_limit".to_owned(), json!(rate));
        }
        let settings = fields.entry("settings").or_insert_with(|| json!({}));
        for written in &self.set {
            let accepted = "KEY=VALUE, with a key of the provider";
            let (key, value) = pair(written, "--set", accepted)?;
            let Value::Object(settings) = &mut *settings else { continue };
            if value.is_empty() {
                settings.remove(key);
            } else {
                settings.insert(key.to_owned(), value_of(value));
            }
        }
        Ok(fields)
    }
}

/// A setting's value: JSON, except that text needs no quotes.
fn value_of(written: &str) -> Value {
    serde_json::from_str(written).unwrap_or_else(|_| written.into())
}

const EXAMPLES_OF_CREATE: &str = "\
Examples:
  ticketsmith plugin create old-jira --provider jira --set base_url=https://jira.acme.example --rate-limit 1/s
  ticketsmith plugin create ghe --provider github --set base_url=https://git.acme.example/api/v3

Set its credentials with `ticketsmith secrets set`, under the name that is shown as its secret.

Exit codes: 0 added · 2 something is not accepted · 4 sign-in needed · 5 not allowed · 6 there is such a service already, or the rest of the
configuration conflicts with it";

const EXAMPLES_OF_EDIT: &str = "\
Examples:
  ticketsmith plugin edit task_management old-jira --rate-limit 2/s
  ticketsmith plugin edit ai_provider claude --set model=claude-opus-5 --set max_output_tokens=

Exit codes: 0 changed · 2 something is not accepted · 4 sign-in needed · 5 not allowed, or no such service · 6 the configuration file manages it, or
somebody else changed it at the same time";

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[
    ("list_plugins", "plugin list"),
    ("get_plugin_config", "plugin view"),
    ("create_plugin", "plugin create"),
    ("replace_plugin_config", "plugin edit"),
    ("delete_plugin", "plugin delete"),
];

/// Runs the command.
///
/// # Errors
/// The API's refusal; usage for an argument in the wrong form; negative when the person at the terminal declines; unreachable when nothing
/// answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { page, client } => client.list(&Call::get("/plugins", &[]), &page, COLUMNS).await,
        Arguments::View { named, client } => client.show(&named.call(Method::GET), SETTINGS).await,
        Arguments::Create { name, provider, settings, client } => {
            let mut body = settings.over(Map::new())?;
            body.insert("name".to_owned(), name.into());
            if let Some(provider) = provider {
                body.insert("provider".to_owned(), provider.into());
            }
            client.show(&Call::post("/plugins", &[]).body(body.into()), SETTINGS).await
        }
        Arguments::Edit { named, settings, client } => {
            let api = client.client()?;
            let (present, tag) = PLUGIN.read_by(&api, &named.call(Method::GET)).await?;
            let body = settings.over(PLUGIN.of_answer(&present))?;
            let call = named.call(Method::PUT).if_match(&tag).body(body.into());
            client.print(api.send(&call).await?, SETTINGS)
        }
        Arguments::Delete { named, yes, client } => {
            PLUGIN.archive_by(|method| named.call(method), &named.name, yes, &client, SETTINGS).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::testing::read;

    fn over(arguments: &[&str], fields: &Value) -> Outcome<Value> {
        read::<SettingsArguments>(arguments).over(PLUGIN.of_answer(fields)).map(Value::Object)
    }

    #[test]
    fn what_is_given_counts_more_and_the_rest_stays() {
        let claude = json!({
            "name": "claude", "provider": "claude", "rate_limit": "1/s", "managed_by": "api",
            "settings": {"model": "claude-sonnet-5-5", "max_output_tokens": 32000},
        });
        let mut kept = claude.clone();
        kept.as_object_mut().unwrap().remove("managed_by");
        assert_eq!(over(&[], &claude).unwrap(), kept);
        let given = ["--set", "model=claude-opus-5", "--set", "max_output_tokens=", "--rate-limit", "2/s"];
        let changed = over(&given, &claude).unwrap();
        assert_eq!(changed["settings"], json!({"model": "claude-opus-5"}));
        assert_eq!(changed["rate_limit"], "2/s");
        let typed =
            over(&["--set", "max_output_tokens=9", "--set", "custom_fields={\"team\":\"a\"}"], &json!({}));
        let expected = json!({"max_output_tokens": 9, "custom_fields": {"team": "a"}});
        assert_eq!(typed.unwrap()["settings"], expected);
        let refused = over(&["--set", "model"], &claude).unwrap_err().to_string();
        assert!(refused.contains("after --set; accepted: KEY=VALUE"), "{refused}");
    }
}
