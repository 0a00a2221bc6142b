//! People as requests have them: checked in the words of `config check`, each problem at its place.

use crate::problem::{InvalidField, Problem};
use crate::routes::configured::{check_line, checked, configuration_with, known_providers};
use crate::routes::role::RoleName;
use crate::strict_json::pointer;
use control::Directory;
use domain::configuration::{Problem as ConfigurationProblem, Role, Roles, User};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// The new configuration of a person.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonSettings)]
pub(super) struct PersonBody {
    /// Our name for them; limits and costs use it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Their roles in all projects. Default: none.
    #[serde(default)]
    #[schema(max_items = 4)]
    roles: Option<Vec<RoleName>>,
    /// Their roles in single projects, by the projects' keys; for people without roles in all projects. Default: none.
    #[serde(default)]
    project_roles: Option<BTreeMap<String, Vec<RoleName>>>,
    /// Their account at each service, by the service's name or its provider's: `github`. An account belongs to
    /// one person. Default: none.
    #[serde(default)]
    accounts: Option<BTreeMap<String, String>>,
}

impl PersonBody {
    /// Our name for them.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn roles(&self) -> Roles {
        let of = |roles: &[RoleName]| -> BTreeSet<Role> { roles.iter().copied().map(Role::from).collect() };
        match self.project_roles.as_ref().filter(|projects| !projects.is_empty()) {
            Some(projects) => {
                Roles::InProjects(projects.iter().map(|(key, roles)| (key.clone(), of(roles))).collect())
            }
            None => Roles::Everywhere(of(self.roles.as_deref().unwrap_or_default())),
        }
    }
}

/// The person in a body, in place of the configured one with their name, or after the others.
///
/// # Errors
/// Invalid, with every place that is not accepted; a conflict if the existing providers are not known.
pub(super) fn person_of(directory: &Directory, body: &PersonBody) -> Result<User, Problem> {
    let mut errors = Vec::new();
    check_line("/name", &body.name, &mut errors);
    for (place, account) in body.accounts.iter().flatten() {
        check_line(&pointer("/accounts", place), account, &mut errors);
    }
    let is_somewhere = body.project_roles.as_ref().is_some_and(|projects| !projects.is_empty());
    if is_somewhere && body.roles.as_ref().is_some_and(|roles| !roles.is_empty()) {
        let detail = "roles in single projects are for people without roles in all of them; accepted: `roles` or `project_roles`";
        errors.push(InvalidField { path: "/project_roles".to_owned(), detail: detail.to_owned() });
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let accounts = body.accounts.clone().unwrap_or_default();
    let person = User { name: body.name.clone(), roles: body.roles(), accounts };
    // An earlier version stored providers without what accounts look like there.
    let known = known_providers(directory, |provider| provider.account.is_some())?;
    let (configuration, index) = configuration_with(directory, &person);
    let problems = configuration.problems_of_person(index, known);
    checked(person, problems.into_iter().map(in_the_request))
}

/// Roles in single projects have a separate field.
fn in_the_request(problem: ConfigurationProblem) -> ConfigurationProblem {
    match problem.clone().inside("/roles") {
        Some(in_a_project) => in_a_project.below(["project_roles"]),
        None => problem,
    }
}
