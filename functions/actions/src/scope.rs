//! The subject of one invocation: the configuration, the project, the starter.

use control::{Directory, ProjectQuery};
use domain::configuration::{Configuration, Project};
use domain::execution::{PAYLOAD_VERSION, PAYLOAD_VERSION_BEFORE_ADMISSION, TaskPayload};
use domain::{ActionError, Actor, PluginType, RepositoryName};
use providers::Place;
use serde_json::Value;
use std::sync::Arc;

/// What actions may know about where they run.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The configuration in force.
    pub configuration: Arc<Configuration>,
    /// Its projects and their tickets.
    pub directory: Directory,
    /// The project the execution is about.
    pub project: Project,
    /// Who started the execution, with the configured person where one matches.
    pub actor: Option<Actor>,
    /// The ticket that the input names, by its canonical name.
    pub task_id: Option<String>,
    /// The outermost execution's ARN.
    pub run: String,
    /// The name of the execution that performs the run now: the first one, or the newest redrive.
    pub execution: String,
    /// The state's name with its loop indexes.
    pub state: String,
}

impl Scope {
    /// Finds the project: the one the payload names, or the one the input's ticket or repository belongs to, or the only one.
    ///
    /// # Errors
    /// `Rejected` naming the configured projects if none can be determined.
    pub fn new(directory: Directory, payload: &TaskPayload) -> Result<Self, ActionError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let input = &payload.input;
        let task_id = text(&input["task_id"]).or_else(|| text(&input["task"]["task_id"]));
        let repository =
            input["repository"].as_str().and_then(|repository| repository.parse::<RepositoryName>().ok());
        let query = ProjectQuery {
            named: payload.project.as_deref(),
            ticket: task_id.as_deref(),
            place: repository.as_ref().map(RepositoryName::as_str),
        };
        let project =
            directory.project(&query).map_err(|error| ActionError::rejected(error.to_string()))?.clone();
        let configuration = directory.configuration();
        Ok(Self {
            project,
            task_id: task_id.map(|typed| directory.canonical(&typed)),
            actor: payload.actor.clone().map(|actor| configuration.identify(actor)),
            run: payload.run.clone(),
            execution: payload.execution().to_owned(),
            state: payload.state().to_owned(),
            configuration: Arc::clone(configuration),
            directory,
        })
    }

    /// The project whose repository this is; without one the execution's own. Only configured repositories are worked on.
    ///
    /// # Errors
    /// `Rejected` naming the configured repositories.
    pub fn project_of(&self, repository: Option<&RepositoryName>) -> Result<&Project, ActionError> {
        let Some(repository) = repository else { return Ok(&self.project) };
        if repository.as_str().eq_ignore_ascii_case(self.project.repository.as_str()) {
            return Ok(&self.project);
        }
        self.configuration.project_of_repository(repository.as_str()).ok_or_else(|| {
            let known: Vec<_> =
                self.configuration.projects.iter().map(|project| project.repository.as_str()).collect();
            ActionError::rejected(format!(
                "`{repository}` is not a configured repository; configured: {}",
                known.join(", ")
            ))
        })
    }

    /// The tracker's name for a configured project, by its key; without one, the execution's own.
    ///
    /// # Errors
    /// `Rejected` naming the configured projects.
    pub fn tracker_project(&self, key: Option<&str>) -> Result<&str, ActionError> {
        let Some(key) = key else { return Ok(self.directory.name_in_tracker(&self.project)) };
        let query = ProjectQuery { named: Some(key), ..ProjectQuery::default() };
        self.directory
            .project(&query)
            .map(|project| self.directory.name_in_tracker(project))
            .map_err(|error| ActionError::rejected(error.to_string()))
    }

    /// What people call a pull request in a project's repository, within a sentence: `pull request`.
    pub fn pull_request_name(&self, project: &Project) -> String {
        providers::pull_request_words(&self.configuration, project).name()
    }

    /// A person's account at an instance of a provider; `None` if unknown. The same login at another instance of the same
    /// provider is somebody else.
    pub fn account_at<'a>(&'a self, instance: &'a str, actor: &'a Actor) -> Option<&'a str> {
        let configuration = &self.configuration;
        if configuration.account_names(instance).any(|name| name == actor.source.as_str()) {
            return Some(&actor.id);
        }
        let user = configuration.users.iter().find(|user| Some(&user.name) == actor.person.as_ref())?;
        user.account_at(configuration.account_names(instance))
    }

    /// The account of the person who started the execution at the project's code host.
    pub fn login_at_code_host<'a>(&'a self, project: &'a Project) -> Option<&'a str> {
        let host = project.providers.get(&PluginType::VersionControl)?;
        self.account_at(host.as_str(), self.actor.as_ref()?)
    }

    /// The name that limits and costs are kept by.
    pub fn account(&self) -> String {
        self.actor.as_ref().map_or_else(|| "nobody".to_owned(), Actor::account)
    }
}

impl<'a> From<&'a Scope> for Place<'a> {
    fn from(scope: &'a Scope) -> Self {
        Self {
            configuration: &scope.configuration,
            project: &scope.project,
            task_id: scope.task_id.as_deref(),
        }
    }
}

/// Reads a state machine's payload.
///
/// # Errors
/// `Internal` if it is not a payload of a version that this function understands.
pub fn read_payload(payload: Value) -> Result<TaskPayload, ActionError> {
    let version = payload["v"].clone();
    if version != PAYLOAD_VERSION && version != PAYLOAD_VERSION_BEFORE_ADMISSION {
        return Err(ActionError::internal(format!(
            "the payload is of version {version}; this function understands versions {PAYLOAD_VERSION_BEFORE_ADMISSION} and \
             {PAYLOAD_VERSION}"
        )));
    }
    serde_json::from_value(payload)
        .map_err(|error| ActionError::internal(format!("the payload cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope(project: Value, input: Value, projects: &[&str]) -> Result<Scope, ActionError> {
        let projects: Vec<_> = projects
            .iter()
            .map(|key| json!({"key": key, "repository": format!("acme/{}", key.to_lowercase())}))
            .collect();
        let configuration = serde_json::from_value(json!({"projects": projects})).unwrap();
        let payload = json!({"v": 1, "run": "a:b:x", "key": "a:b:x/S", "project": project, "actor": null, "input": input});
        Scope::new(Directory::new(Arc::new(configuration), Arc::default()), &read_payload(payload)?)
    }

    #[test]
    fn the_project_is_told_from_what_there_is() {
        let check = |project: Value, input: Value, expected: &str| {
            assert_eq!(scope(project, input, &["SHOP", "WEB"]).unwrap().project.key, expected);
        };
        check(json!("web"), json!({"task_id": "SHOP-1"}), "WEB");
        check(json!("acme/shop"), json!({}), "SHOP");
        check(json!(null), json!({"task_id": "SHOP-1"}), "SHOP");
        check(json!(null), json!({"task": {"task_id": "acme/web#3"}}), "WEB");
        check(json!(null), json!({"repository": "https://github.com/acme/web"}), "WEB");
        assert!(scope(json!("X"), json!({}), &["SHOP"]).unwrap_err().message.contains("`X`"));
        assert!(scope(json!(null), json!({}), &["SHOP", "WEB"]).unwrap_err().message.contains("SHOP, WEB"));
        assert_eq!(scope(json!(null), json!({}), &["SHOP"]).unwrap().project.key, "SHOP");
    }

    #[test]
    fn only_configured_repositories_are_worked_on() {
        let scope = scope(json!("SHOP"), json!({}), &["SHOP", "WEB"]).unwrap();
        let project = |name: &str| scope.project_of(Some(&name.parse().unwrap())).map(|p| p.key.clone());
        assert_eq!(project("Acme/Web").unwrap(), "WEB");
        assert!(project("evil/web").unwrap_err().message.contains("acme/shop, acme/web"));
        assert_eq!(scope.project_of(None).unwrap().key, "SHOP");
    }

    #[test]
    fn only_configured_projects_are_worked_on() {
        let scope = scope(json!("SHOP"), json!({}), &["SHOP"]).unwrap();
        assert_eq!(scope.tracker_project(None).unwrap(), "SHOP");
        assert!(scope.tracker_project(Some("NOPE")).is_err());
    }

    #[test]
    fn other_versions_are_refused() {
        assert!(read_payload(json!({"v": 3})).unwrap_err().message.contains("version 3"));
        assert!(read_payload(json!(null)).is_err());
    }
}
