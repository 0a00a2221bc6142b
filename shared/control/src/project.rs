//! Which project is meant.

use domain::configuration::{Configuration, Project};

/// What is known of the project that is meant. The first field that is set decides; with none, the only project there is.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProjectQuery<'a> {
    /// Its key or repository, where somebody named it.
    pub named: Option<&'a str>,
    /// A ticket of it.
    pub ticket: Option<&'a str>,
    /// The tracker's key or the repository of what an event or an input is about.
    pub place: Option<&'a str>,
}

/// Why it cannot be told which project is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// No project has the key or repository that was named.
    #[error("there is no project `{named}`; known: {known}")]
    Unknown {
        /// What was named.
        named: String,
        /// The keys of all projects.
        known: String,
    },
    /// The ticket or repository belongs to no project.
    #[error("no project in the configuration holds {held}; known: {known}")]
    Outside {
        /// The ticket or repository.
        held: String,
        /// The keys of all projects.
        known: String,
    },
    /// Nothing says which of several projects is meant.
    #[error("it is not said which project is meant; known: {known}")]
    Ambiguous {
        /// The keys of all projects.
        known: String,
    },
}

/// Finds the project that is meant. Keys and repositories are compared ignoring case.
///
/// # Errors
/// [`ProjectError`], which lists the known projects.
pub fn project<'a>(
    configuration: &'a Configuration,
    query: &ProjectQuery<'_>,
) -> Result<&'a Project, ProjectError> {
    let known =
        || configuration.projects.iter().map(|project| project.key.as_str()).collect::<Vec<_>>().join(", ");
    let by_key_or_repository =
        |name: &str| configuration.project(name).or_else(|| configuration.project_of_repository(name));
    let outside = |held: &str| ProjectError::Outside { held: held.to_owned(), known: known() };
    if let Some(named) = query.named {
        return by_key_or_repository(named)
            .ok_or_else(|| ProjectError::Unknown { named: named.to_owned(), known: known() });
    }
    if let Some(ticket) = query.ticket {
        return configuration.project_of_task(ticket).ok_or_else(|| outside(ticket));
    }
    if let Some(place) = query.place {
        return by_key_or_repository(place).ok_or_else(|| outside(place));
    }
    match configuration.projects.as_slice() {
        [only] => Ok(only),
        _ => Err(ProjectError::Ambiguous { known: known() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(keys: &[&str], query: ProjectQuery<'_>) -> Result<String, String> {
        let projects: Vec<_> = keys
            .iter()
            .map(|key| json!({"key": key, "repository": format!("acme/{}", key.to_lowercase())}))
            .collect();
        let configuration = serde_json::from_value(json!({ "projects": projects })).unwrap();
        let found = project(&configuration, &query);
        found.map(|project| project.key.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_said_first_decides() {
        let none = ProjectQuery::default();
        let both = ["SHOP", "WEB"];
        for (query, expected) in [
            (ProjectQuery { named: Some("web"), ticket: Some("SHOP-1"), place: None }, "WEB"),
            (ProjectQuery { named: Some("Acme/Web"), ..none }, "WEB"),
            (ProjectQuery { ticket: Some("shop-1"), place: Some("WEB"), ..none }, "SHOP"),
            (ProjectQuery { ticket: Some("acme/web#3"), ..none }, "WEB"),
            (ProjectQuery { place: Some("acme/shop"), ..none }, "SHOP"),
            (ProjectQuery { place: Some("WEB"), ..none }, "WEB"),
        ] {
            assert_eq!(found(&both, query).as_deref(), Ok(expected), "{query:?}");
        }
        assert_eq!(found(&["SHOP"], none).as_deref(), Ok("SHOP"));
    }

    #[test]
    fn what_cannot_be_told_lists_what_is_known() {
        let none = ProjectQuery::default();
        for (query, expected) in [
            (ProjectQuery { named: Some("X"), ..none }, "there is no project `X`; known: SHOP, WEB"),
            (
                ProjectQuery { ticket: Some("TES-1"), place: Some("WEB"), ..none },
                "no project in the configuration holds TES-1; known: SHOP, WEB",
            ),
            (
                ProjectQuery { place: Some("acme/x"), ..none },
                "no project in the configuration holds acme/x; known: SHOP, WEB",
            ),
            (none, "it is not said which project is meant; known: SHOP, WEB"),
        ] {
            assert_eq!(found(&["SHOP", "WEB"], query), Err(expected.to_owned()), "{query:?}");
        }
    }
}
