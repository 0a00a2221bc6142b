//! Which secrets each function may read: those that the configuration names for what the function does.

use super::caller::{Caller, Grant};
use super::sdk::TABLE;
use domain::PluginType;
use domain::configuration::{Configuration, Instance, secret_id};
use jiff::Timestamp;
use records::Table;
use runtime::{FunctionSpec, SecretUse};
use std::sync::{Arc, OnceLock};

/// The configuration in force, once there is a table with it. The API adds to it while `serve` runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct SecretNames(Arc<OnceLock<Table>>);

impl SecretNames {
    /// Takes the configuration from this table from now on.
    pub(crate) fn read_from(&self, table: &Table) {
        // It is set once, when `serve` starts.
        let _already = self.0.set(table.clone());
    }

    /// Whether a caller may read a secret, by its grant or by the configuration in force now.
    pub(crate) async fn allow(&self, grant: &Grant, secret: &str) -> bool {
        if grant.allows_secret(secret) {
            return true;
        }
        let (Caller::Function(name), Some(table)) = (grant.caller, self.0.get()) else { return false };
        let configuration = match table.configuration(Timestamp::now()).await {
            Ok(configuration) => configuration,
            Err(error) => {
                tracing::warn!(caller = name, %error, "cannot tell whether a secret may be read, so it may not");
                return false;
            }
        };
        let functions = crate::functions::all();
        let function = functions.iter().find(|function| function.name == name);
        function.is_some_and(|function| secrets_of(&configuration, function).iter().any(|name| name == secret))
    }
}

/// The secrets that a function may read: for a plugin type, those of the providers that serve it in any project.
pub(crate) fn secrets_of(configuration: &Configuration, function: &FunctionSpec) -> Vec<String> {
    let of_use = |secret: &SecretUse| match secret {
        SecretUse::Signing => vec![configuration.webhooks.secret.clone()],
        SecretUse::Credentials(plugin) => configuration
            .projects
            .iter()
            .filter_map(|project| configuration.instance(project.providers.get(plugin)?.as_str()))
            .chain(stand_ins(configuration, *plugin))
            .map(|instance| instance.secret().into_owned())
            .collect(),
        SecretUse::SignIn => vec![sign_in::secret_name(TABLE)],
        SecretUse::EvidenceKey => Vec::new(),
    };
    function.secrets.iter().flat_map(of_use).map(|name| secret_id(&name).to_owned()).collect()
}

/// The instances that agents may fall back to if a project's own model provider is overloaded or refuses.
fn stand_ins(configuration: &Configuration, plugin: PluginType) -> impl Iterator<Item = Instance<'_>> {
    let serves = move |instance: &Instance<'_>| {
        plugin == PluginType::AiProvider
            && providers::find(instance.provider()).is_ok_and(|spec| spec.serves.contains(&plugin))
    };
    configuration.instances().filter(serves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_function_reads_the_secrets_of_what_projects_use_for_what_it_does() {
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop",
                "providers": {"task_management": "old-jira", "version_control": "github"}}],
            "plugins": {
                "jira": {"base_url": "https://acme.atlassian.net"},
                "old-jira": {"provider": "jira", "base_url": "https://jira.acme.example", "secret": "ticketsmith/work#old-jira"},
                "github": {}, "claude": {},
            },
        }))
        .unwrap();
        let check = |name: &str, expected: &[&str]| {
            let functions = crate::functions::all();
            let function = functions.iter().find(|function| function.name == name).unwrap();
            assert_eq!(secrets_of(&configuration, function), expected, "{name}");
        };
        check("get_task", &["ticketsmith/work"]);
        check("think", &["ticketsmith/claude"]);
        check("webhooks", &["ticketsmith/signing"]);
    }
}
