//! `check_actor`: refuses an execution whose starter may not write to the repository.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::scope::Scope;
use crate::spec::ActionSpec;
use control::{Authorization, Operation, authorize};
use domain::configuration::{InstanceName, Project};
use domain::plugins::{RepositoryAccess, RepositoryPermission, VersionControl};
use domain::{ActionError, Actor, PluginType, RepositoryName, SourceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = ["repository_path", "repository_url"]))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Who started the execution: by the code host's name where it was asked, else by ours.
    pub actor: String,
    /// Why they may: `group`, `write` or `admin`; `schedule` for what the workflow itself starts.
    pub permission: String,
}

/// Lets through who may start work: by the configuration, or because they may push to the repository.
///
/// # Errors
/// `Rejected` with a reason that the person understands; the code host's errors.
pub struct CheckActor;

impl Action for CheckActor {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("check_actor", PluginType::VersionControl).never_skipped();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (repository, login, name) = match decide(context.scope(), &input)? {
            Decision::Granted(output) => return Ok(Done::for_good(output)),
            Decision::Ask { repository, login, name } => (repository, login, name),
        };
        match context.code_host(RepositoryAccess::ReadContents).await {
            Ok(host) => Ok(Done::for_good(ask(&*host, &repository, login, &name).await?)),
            // A check that cannot be made is not passed.
            Err(NoOutput::Skipped(reason)) => Err(ActionError::rejected(format!(
                "{name} may not start work: it cannot be checked whether they may push to {repository}, because {reason}"
            ))
            .into()),
            Err(other) => Err(other),
        }
    }
}

/// What the configuration alone can tell.
#[derive(Debug, PartialEq)]
enum Decision {
    /// They may.
    Granted(Output),
    /// Only the code host knows: ask it what this login may do in the repository.
    Ask {
        /// The repository.
        repository: RepositoryName,
        /// Their login at the code host.
        login: String,
        /// What people call them.
        name: String,
    },
}

/// Decides from the configuration: groups first, then who they are at the code host.
///
/// # Errors
/// `Rejected` with a reason that the person understands.
fn decide(scope: &Scope, input: &Input) -> Result<Decision, ActionError> {
    let project = scope.project_of(input.repository.as_ref())?;
    let Some(actor) = &scope.actor else {
        return Err(ActionError::rejected(format!(
            "it is not known who started this execution, and only people named under may_trigger may start work on {}",
            project.key
        )));
    };
    let granted = |permission: &str| {
        Decision::Granted(Output { actor: actor.account(), permission: permission.to_owned() })
    };
    match authorize(&scope.configuration, &Operation::Start { project }, Some(actor)) {
        Authorization::Allowed if actor.source == SourceName::SCHEDULE => Ok(granted("schedule")),
        Authorization::Allowed => Ok(granted("group")),
        Authorization::Denied(reason) => Err(ActionError::rejected(reason)),
        Authorization::AskProvider => {
            let name = actor.display_name.clone().unwrap_or_else(|| actor.id.clone());
            let login = login(scope, project, actor, &name)?;
            Ok(Decision::Ask { repository: project.repository.clone(), login, name })
        }
    }
}

/// Asks the code host.
///
/// # Errors
/// `Rejected` when they may not push; the code host's errors.
async fn ask(
    host: &dyn VersionControl,
    repository: &RepositoryName,
    login: String,
    name: &str,
) -> Result<Output, ActionError> {
    let permission = match host.permission(repository, &login).await? {
        RepositoryPermission::Admin => "admin",
        RepositoryPermission::Write => "write",
        RepositoryPermission::Read | RepositoryPermission::None => {
            return Err(ActionError::rejected(format!(
                "{name} may not start work on {repository}: only people who may push to it may, and {login} may not"
            )));
        }
    };
    Ok(Output { actor: login, permission: permission.to_owned() })
}

/// What the project's code host calls the actor.
fn login(scope: &Scope, project: &Project, actor: &Actor, name: &str) -> Result<String, ActionError> {
    let denied = |reason: &str| {
        ActionError::rejected(format!(
            "{name} may not start work on {}: only people who may push to {} may, and {reason}",
            project.key, project.repository
        ))
    };
    let host = project.providers.get(&PluginType::VersionControl).map(InstanceName::as_str);
    let host = host.ok_or_else(|| denied("the project has no code host that could be asked"))?;
    scope.account_at(host, actor).map(str::to_owned).ok_or_else(|| {
        denied(&format!(
            "the configuration does not say who {name} is at {host}; add them to `users` with their `{host}` login"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use control::Directory;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn decided(may_trigger: Value, actor: Value) -> Result<Decision, String> {
        let configuration = serde_json::from_value(json!({
            "projects": [{
                "key": "SHOP", "repository": "acme/shop", "may_trigger": may_trigger, "providers": {"version_control": "github"}
            }],
            "plugins": {"github": {}, "ghe": {"provider": "github"}},
            "groups": {"engineering": ["ada"]},
            "users": [{"name": "ada", "github": "ada-l", "jira": "j1"}, {"name": "bob", "jira": "j2"}]
        }))
        .unwrap();
        let payload =
            json!({"v": 1, "run": "a:x", "key": "a:x/S", "project": "SHOP", "actor": actor, "input": {}});
        let payload = crate::scope::read_payload(payload).unwrap();
        let scope = Scope::new(Directory::new(Arc::new(configuration), Arc::default()), &payload).unwrap();
        decide(&scope, &Input { repository: None }).map_err(|error| error.message)
    }

    fn asks(decision: Result<Decision, String>) -> String {
        match decision.unwrap() {
            Decision::Ask { login, .. } => login,
            granted => panic!("{granted:?}"),
        }
    }

    #[test]
    fn groups_come_first() {
        let granted = decided(json!(["engineering"]), json!({"source": "jira", "id": "j1"})).unwrap();
        assert_eq!(granted, Decision::Granted(Output { actor: "ada".into(), permission: "group".into() }));
        let denied =
            decided(json!(["engineering"]), json!({"source": "jira", "id": "j2", "display_name": "Bob"}));
        assert!(denied.unwrap_err().contains("Bob may not start work on SHOP"));
    }

    #[test]
    fn writers_are_asked_for_by_their_login() {
        let writers = || json!(["repository-writers"]);
        assert_eq!(asks(decided(writers(), json!({"source": "jira", "id": "j1"}))), "ada-l");
        assert_eq!(asks(decided(writers(), json!({"source": "github", "id": "eve"}))), "eve");
        let elsewhere = decided(writers(), json!({"source": "ghe", "id": "ada-l"})).unwrap_err();
        assert!(elsewhere.contains("does not say who ada-l is at github"), "{elsewhere}");
        let unknown = decided(writers(), json!({"source": "jira", "id": "j2"})).unwrap_err();
        assert!(unknown.contains("`github` login"), "{unknown}");
        assert!(decided(writers(), json!(null)).is_err());
    }
}
