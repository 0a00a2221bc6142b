//! Whether the starter of an execution may start work: according to the configuration, or because they may push to the repository.

use crate::context::Context;
use crate::done::NoOutput;
use crate::scope::Scope;
use control::{Authorization, Operation, authorize};
use domain::configuration::{InstanceName, Project};
use domain::plugins::{RepositoryAccess, RepositoryPermission, VersionControl};
use domain::{ActionError, Actor, Grant, PluginType, RepositoryName, SourceName};

/// Somebody who may start work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Starter {
    /// Their name: the code host's if it was asked, or else ours.
    pub(crate) name: String,
    /// Why they may: `group`, `write` or `admin`; `schedule` for executions that the workflow's schedule starts.
    pub(crate) permission: &'static str,
    /// The same, as it is recorded.
    pub(crate) grant: Grant,
}

/// What can be decided from the configuration alone.
#[derive(Debug, PartialEq)]
enum Decision {
    /// They may.
    Granted(Starter),
    /// Only the code host knows: ask it what this login may do in the repository.
    Ask {
        /// The repository.
        repository: RepositoryName,
        /// Their login at the code host.
        login: String,
        /// Their name for people.
        name: String,
    },
}

/// Checks that the starter may start work in `project`. If it cannot be checked, they may not.
///
/// # Errors
/// `Rejected` with a reason that the person understands; the code host's errors.
pub(crate) async fn check(context: &Context<'_>, project: &Project) -> Result<Starter, NoOutput> {
    let (repository, login, name) = match decide(context.scope(), project)? {
        Decision::Granted(starter) => return Ok(starter),
        Decision::Ask { repository, login, name } => (repository, login, name),
    };
    match context.code_host(RepositoryAccess::ReadContents).await {
        Ok(host) => Ok(ask(&*host, &repository, login, &name).await?),
        Err(NoOutput::Skipped(reason)) => Err(ActionError::rejected(format!(
            "{name} may not start work: it cannot be checked whether they may push to {repository}, because {reason}"
        ))
        .into()),
        Err(other) => Err(other),
    }
}

/// Whether somebody with this `login` at the project's code host may start work. If it is unknown, they may not.
///
/// # Errors
/// The code host's errors.
pub(crate) async fn may_start(
    context: &Context<'_>,
    project: &Project,
    login: &str,
) -> Result<bool, ActionError> {
    let configuration = &context.scope().configuration;
    let host = project.providers.get(&PluginType::VersionControl);
    let Some(source) = host.and_then(|host| host.as_str().parse::<SourceName>().ok()) else {
        return Ok(false);
    };
    let actor = Actor { source, id: login.to_owned(), display_name: None, person: None };
    let actor = configuration.identify(actor);
    match authorize(configuration, &Operation::Start { project }, Some(&actor)) {
        Authorization::Allowed => Ok(true),
        Authorization::Denied(_) => Ok(false),
        Authorization::AskProvider => match context.code_host(RepositoryAccess::ReadContents).await {
            Ok(host) => {
                let permission = host.permission(&project.repository, login).await?;
                Ok(permission >= RepositoryPermission::Write)
            }
            Err(NoOutput::Failed(error)) => Err(error),
            Err(NoOutput::Skipped(_) | NoOutput::Parked) => Ok(false),
        },
    }
}

/// Decides from the configuration: roles and groups first, then who they are at the code host.
///
/// # Errors
/// `Rejected` with a reason that the person understands.
fn decide(scope: &Scope, project: &Project) -> Result<Decision, ActionError> {
    let Some(actor) = &scope.actor else {
        return Err(ActionError::rejected(format!(
            "it is not known who started this execution, and only people named under may_trigger may start work on {}",
            project.key
        )));
    };
    let granted = |permission, grant| Decision::Granted(Starter { name: actor.account(), permission, grant });
    match authorize(&scope.configuration, &Operation::Start { project }, Some(actor)) {
        Authorization::Allowed if actor.source == SourceName::SCHEDULE => {
            Ok(granted("schedule", Grant::Schedule))
        }
        Authorization::Allowed => Ok(granted("group", Grant::Configuration)),
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
) -> Result<Starter, ActionError> {
    let permission = match host.permission(repository, &login).await? {
        RepositoryPermission::Admin => "admin",
        RepositoryPermission::Write => "write",
        RepositoryPermission::Read | RepositoryPermission::None => {
            return Err(ActionError::rejected(format!(
                "{name} may not start work on {repository}: only people who may push to it may, and {login} may not"
            )));
        }
    };
    Ok(Starter { name: login, permission, grant: Grant::Writer })
}

/// The actor's account at the project's code host.
fn login(scope: &Scope, project: &Project, actor: &Actor, name: &str) -> Result<String, ActionError> {
    let denied = |reason: &str| {
        ActionError::rejected(format!(
            "{name} may not start work on {}: only people who may push to {} may, and {reason}",
            project.key, project.repository
        ))
    };
    let configuration = &scope.configuration;
    let host = project.providers.get(&PluginType::VersionControl).map(InstanceName::as_str);
    let host = host.ok_or_else(|| denied("the project has no code host to ask"))?;
    // The same login at another instance of the same provider is somebody else.
    if configuration.account_names(host).any(|name| name == actor.source.as_str()) {
        return Ok(actor.id.clone());
    }
    let user = configuration.users.iter().find(|user| Some(&user.name) == actor.person.as_ref());
    let login = user.and_then(|user| user.account_at(configuration.account_names(host)));
    login.map(str::to_owned).ok_or_else(|| {
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
        decide(&scope, &scope.project).map_err(|error| error.message)
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
        let ada = Starter { name: "ada".into(), permission: "group", grant: Grant::Configuration };
        assert_eq!(granted, Decision::Granted(ada));
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
