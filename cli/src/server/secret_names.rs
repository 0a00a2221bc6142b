//! Which secrets each function may read: those that the configuration names for what the function does.

use super::aws_error::AwsError;
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
    ///
    /// # Errors
    /// `InternalServiceError` if the configuration cannot be read: a refusal would be taken for a missing permission.
    pub(crate) async fn allow(&self, grant: &Grant, secret: &str) -> Result<bool, AwsError> {
        if grant.allows_secret(secret) {
            return Ok(true);
        }
        let (Caller::Function(name), Some(table)) = (grant.caller, self.0.get()) else { return Ok(false) };
        let configuration = table.configuration(Timestamp::now()).await.map_err(|error| {
            tracing::warn!(caller = name, %error, "cannot tell whether a secret may be read");
            AwsError::new(500, "InternalServiceError", "the configuration is not available")
        })?;
        let functions = crate::functions::all();
        let function = functions.iter().find(|function| function.name == name);
        let is_named = function
            .is_some_and(|function| secrets_of(&configuration, function).iter().any(|name| name == secret));
        Ok(is_named)
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
    use super::super::caller::Grants;
    use super::super::functions::StepTargets;
    use super::super::in_process::InProcess;
    use super::super::private::Private;
    use super::super::sdk::sdk_config;
    use super::super::table_file::TableFile;
    use super::*;
    use domain::configuration::Project;
    use domain::{PluginInstance, SystemClock};
    use runtime::Services;
    use serde_json::json;

    /// A table in a folder, as `serve` has it.
    async fn table(folder: &std::path::Path) -> Table {
        let (clock, steps) = (Arc::new(engine::SystemClock), Arc::new(StepTargets::new(1)));
        let engine = engine::Engine::in_memory(clock, steps, engine::Settings::default()).unwrap();
        let file = TableFile::open(&folder.join("table.db")).unwrap();
        let mut grants = Grants::default();
        let server = grants.admit(Grant::of_server());
        let router = Private::of(grants, file, &engine, folder).router();
        let config = sdk_config("http://127.0.0.1:1", server.caller.name(), server.token());
        let config = config.into_builder().http_client(InProcess(router)).build();
        let table = Services::new(config, TABLE, None, Arc::new(SystemClock)).table();
        table.create_table().await.unwrap();
        table
    }

    #[tokio::test]
    async fn what_the_api_adds_is_readable_at_once_and_only_by_those_who_use_it() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path()).await;
        table.put_configuration(&serde_json::from_value(json!({"projects": []})).unwrap()).await.unwrap();
        let functions = crate::functions::all();
        let grant = |name: &str| {
            Grant::of_function(functions.iter().find(|function| function.name == name).unwrap(), [])
        };
        let (reads, thinks, serves) = (grant("get_task"), grant("think"), grant("api"));
        let names = SecretNames::default();
        assert!(
            !names.allow(&reads, "ticketsmith/work").await.unwrap(),
            "nothing is allowed before there is a table"
        );
        names.read_from(&table);
        let section = json!({"provider": "jira", "base_url": "https://acme.atlassian.net", "secret": "ticketsmith/work#desk"});
        let plugin: PluginInstance =
            serde_json::from_value(json!({"name": "desk", "section": section})).unwrap();
        let _written = table.create_managed(&plugin, 0, "ada", Timestamp::now()).await.unwrap();
        assert!(!names.allow(&reads, "ticketsmith/work").await.unwrap(), "no project uses it yet");
        let providers = json!({"task_management": "desk"});
        let project = json!({"key": "SHOP", "repository": "acme/shop", "providers": providers});
        let project: Project = serde_json::from_value(project).unwrap();
        let _written = table.create_managed(&project, 1, "ada", Timestamp::now()).await.unwrap();
        assert!(names.allow(&reads, "ticketsmith/work").await.unwrap());
        for (grant, secret) in [
            (&reads, "ticketsmith/sign-in"),
            (&reads, "ticketsmith/desk"),
            (&thinks, "ticketsmith/work"),
            (&serves, "ticketsmith/work"),
        ] {
            assert!(!names.allow(grant, secret).await.unwrap(), "{} {secret}", grant.caller.name());
        }
    }

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
        check("get_task", &["ticketsmith/work", "ticketsmith/github"]);
        check("think", &["ticketsmith/claude"]);
        check("webhooks", &["ticketsmith/signing"]);
    }
}
