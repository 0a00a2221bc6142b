//! Finds projects and tickets.

use crate::control::Control;
use domain::configuration::{Configuration, KnownProvider, Project};
use domain::reference::{ProjectReference, References, TrackerReferences};
use domain::text::{TextLimit, cut_line};
use jiff::Timestamp;
use records::{Archived, Configured, ManagedProject, RecordsError, Table};
use std::sync::Arc;

/// How much of a text errors repeat.
const SHOWN: TextLimit = TextLimit::characters(100);

/// The forms of tickets if the configuration was applied by a version that did not store its trackers' forms: a tracker's
/// instance and its canonical form.
const EARLIER_TRACKERS: [(&str, &str); 2] =
    [("tracker", "{PROJECT}-{number}"), ("repository", "{owner}/{name}#{number}")];

/// No ticket's name or link is longer.
const MOST_CHARACTERS: usize = 500;

/// The configured projects and the ways to write their tickets.
#[derive(Debug, Clone)]
pub struct Directory {
    configuration: Arc<Configuration>,
    references: Arc<References>,
    archived: Arc<[ManagedProject]>,
}

/// What is known about the wanted project. The first field that is set decides; if none is, the only project is used.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProjectQuery<'a> {
    /// Its key or repository, if someone named it.
    pub named: Option<&'a str>,
    /// One of its tickets, as typed.
    pub ticket: Option<&'a str>,
    /// The tracker's key or the repository that an event or an input is about.
    pub place: Option<&'a str>,
}

/// A ticket in a configured project. `shop-7`, `SHOP-7` and a link to it are one ticket, one claim and one record, so operations
/// on tickets take this type instead of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket<'a> {
    task_id: String,
    project: &'a Project,
}

/// Why a project or ticket could not be determined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// No project has the key or repository that was named.
    #[error("unknown project `{named}`; known: {known}")]
    UnknownProject {
        /// What was named.
        named: String,
        /// The keys of all projects.
        known: String,
    },
    /// The ticket or repository belongs to no project.
    #[error("{held} does not belong to any configured project; known: {known}")]
    Outside {
        /// The ticket or repository.
        held: String,
        /// The keys of all projects.
        known: String,
    },
    /// The project was in force, and is archived.
    #[error("the project `{key}` is archived: {why}; nothing starts there")]
    Archived {
        /// Its key.
        key: String,
        /// Who archived it, and when.
        why: String,
    },
    /// Several projects are possible.
    #[error("no project was specified; known: {known}")]
    Ambiguous {
        /// The keys of all projects.
        known: String,
    },
    /// The text is longer than any ticket's name or link.
    #[error(
        "a text of {length} characters is not a ticket; accepted: at most {MOST_CHARACTERS}, such as {accepted}"
    )]
    TooLong {
        /// How many characters were given.
        length: usize,
        /// Examples of what is accepted.
        accepted: String,
    },
    /// The text does not match any tracker's tickets.
    #[error("`{typed}` is not a ticket; accepted: {accepted}")]
    NotATicket {
        /// What was typed.
        typed: String,
        /// Examples of what is accepted.
        accepted: String,
    },
}

impl Control {
    /// The projects and tickets of the configuration in force, at most a minute old.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn directory(&self) -> Result<Directory, RecordsError> {
        Directory::read(&self.table, self.clock.now()).await
    }
}

impl Directory {
    /// The projects and tickets of the configuration in force, at most a minute old.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn read(table: &Table, now: Timestamp) -> Result<Self, RecordsError> {
        Ok(Self::of(table.configured(now).await?))
    }

    /// The projects and tickets of what is configured.
    pub fn of(configured: Configured) -> Self {
        let Configured { configuration, references, archived } = configured;
        Self { archived, ..Self::new(configuration, references) }
    }

    /// The projects of this configuration, with these forms of tickets. If `references` has no trackers, the canonical forms
    /// `SHOP-1` and `acme/shop#7` are accepted.
    pub fn new(configuration: Arc<Configuration>, references: Arc<References>) -> Self {
        let references = match references.trackers.is_empty() {
            true => {
                let providers = references.providers.clone();
                Arc::new(References { providers, ..earlier_references(&configuration) })
            }
            false => references,
        };
        Self { configuration, references, archived: Arc::new([]) }
    }

    /// The same, as if this project were in force, too.
    pub fn with_project(&self, project: &Project) -> Self {
        let mut configuration = Configuration::clone(&self.configuration);
        configuration.projects.push(project.clone());
        let mut references = References::clone(&self.references);
        references.projects.push(ProjectReference::from(project));
        Self {
            configuration: Arc::new(configuration),
            references: Arc::new(references),
            archived: Arc::clone(&self.archived),
        }
    }

    /// Every provider that exists, for whoever checks what a project chooses; empty where an earlier version put the configuration in force.
    pub fn known_providers(&self) -> &[KnownProvider] {
        &self.references.providers
    }

    /// The configuration.
    pub fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// Parses a ticket as people type or paste it.
    ///
    /// # Errors
    /// [`DirectoryError`] when the text is not a ticket, or the ticket does not belong to any project.
    pub fn ticket(&self, typed: &str) -> Result<Ticket<'_>, DirectoryError> {
        self.check_length(typed)?;
        let reference = self.references.read(typed).ok_or_else(|| DirectoryError::NotATicket {
            typed: cut_line(typed, SHOWN),
            accepted: self.accepted_tickets(),
        })?;
        let project = self.by_key_or_repository(&reference.project);
        let project = project.ok_or_else(|| {
            self.gone(&reference.project).unwrap_or_else(|| self.outside(&reference.task_id))
        })?;
        Ok(Ticket { task_id: reference.task_id, project })
    }

    /// The ticket's canonical name, or the text as typed if it is not a ticket.
    pub fn canonical(&self, typed: &str) -> String {
        self.references.canonical(typed)
    }

    /// Refuses a text that is longer than any ticket: no record is found or kept under it.
    ///
    /// # Errors
    /// [`DirectoryError::TooLong`].
    pub fn check_length(&self, typed: &str) -> Result<(), DirectoryError> {
        let length = typed.chars().count();
        let accepted = || self.accepted_tickets();
        if length > MOST_CHARACTERS {
            return Err(DirectoryError::TooLong { length, accepted: accepted() });
        }
        Ok(())
    }

    /// Finds a project. Keys and repositories are compared ignoring case.
    ///
    /// # Errors
    /// [`DirectoryError`], which lists what is known.
    pub fn project(&self, query: &ProjectQuery<'_>) -> Result<&Project, DirectoryError> {
        if let Some(named) = query.named {
            return self.by_key_or_repository(named).ok_or_else(|| {
                let unknown = || DirectoryError::UnknownProject {
                    named: cut_line(named, SHOWN),
                    known: self.known_projects(),
                };
                self.gone(named).unwrap_or_else(unknown)
            });
        }
        if let Some(typed) = query.ticket {
            return self.ticket(typed).map(|ticket| ticket.project);
        }
        if let Some(place) = query.place {
            return self
                .by_key_or_repository(place)
                .ok_or_else(|| self.gone(place).unwrap_or_else(|| self.outside(place)));
        }
        match self.configuration.projects.as_slice() {
            [only] => Ok(only),
            _ => Err(DirectoryError::Ambiguous { known: self.known_projects() }),
        }
    }

    fn by_key_or_repository(&self, name: &str) -> Option<&Project> {
        self.configuration.project(name).or_else(|| self.configuration.project_of_repository(name))
    }

    /// Why a project of this key or repository is in force no longer; `None` where it never was.
    fn gone(&self, name: &str) -> Option<DirectoryError> {
        let is_it = |managed: &&ManagedProject| {
            let ManagedProject { project, .. } = managed;
            project.key.eq_ignore_ascii_case(name) || project.repository.as_str().eq_ignore_ascii_case(name)
        };
        let managed = self.archived.iter().find(is_it)?;
        let (by, at) = (&managed.changed_by, managed.changed_at.strftime("%Y-%m-%d %H:%M UTC"));
        let why = match managed.archived? {
            Archived::Deleted => format!("{by} deleted it at {at}"),
            Archived::File => format!("the configuration file had the same key at {at}"),
        };
        Some(DirectoryError::Archived { key: managed.project.key.clone(), why })
    }

    fn outside(&self, held: &str) -> DirectoryError {
        DirectoryError::Outside { held: cut_line(held, SHOWN), known: self.known_projects() }
    }

    fn known_projects(&self) -> String {
        let keys: Vec<_> = self.configuration.projects.iter().map(|project| project.key.as_str()).collect();
        keys.join(", ")
    }

    fn accepted_tickets(&self) -> String {
        let examples = self.references.examples();
        let mut accepted: Vec<_> = examples.iter().map(|example| format!("`{example}`")).collect();
        accepted.push("a link to a ticket".to_owned());
        accepted.join(", ")
    }
}

impl<'a> Ticket<'a> {
    /// The ticket's name in the tracker and in our records: `SHOP-7`, `acme/shop#12`.
    pub fn task_id(&self) -> &str {
        &self.task_id
    }

    /// The project that it belongs to.
    pub fn project(&self) -> &'a Project {
        self.project
    }
}

fn earlier_references(configuration: &Configuration) -> References {
    let trackers = EARLIER_TRACKERS.iter().filter_map(|(instance, pattern)| {
        Some(TrackerReferences { instance: instance.parse().ok()?, patterns: vec![pattern.parse().ok()?] })
    });
    let projects = configuration.projects.iter().map(|project| ProjectReference {
        names: vec![project.key.clone(), project.repository.to_string()],
        trackers: Vec::new(),
    });
    References { trackers: trackers.collect(), projects: projects.collect(), providers: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn directory(keys: &[&str], references: References) -> Directory {
        let projects: Vec<_> = keys
            .iter()
            .map(|key| json!({"key": key, "repository": format!("acme/{}", key.to_lowercase())}))
            .collect();
        let configuration = serde_json::from_value(json!({ "projects": projects })).unwrap();
        Directory::new(Arc::new(configuration), Arc::new(references))
    }

    fn found(keys: &[&str], query: ProjectQuery<'_>) -> Result<String, String> {
        let directory = directory(keys, References::default());
        let found = directory.project(&query);
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
            (ProjectQuery { named: Some("X"), ..none }, "unknown project `X`; known: SHOP, WEB"),
            (
                ProjectQuery { ticket: Some("TES-1"), place: Some("WEB"), ..none },
                "TES-1 does not belong to any configured project; known: SHOP, WEB",
            ),
            (
                ProjectQuery { place: Some("acme/x"), ..none },
                "acme/x does not belong to any configured project; known: SHOP, WEB",
            ),
            (none, "no project was specified; known: SHOP, WEB"),
        ] {
            assert_eq!(found(&["SHOP", "WEB"], query), Err(expected.to_owned()), "{query:?}");
        }
    }

    #[test]
    fn whatever_is_archived_says_why() {
        let archived = ManagedProject {
            project: serde_json::from_value(json!({"key": "GIFT", "repository": "acme/gift"})).unwrap(),
            revision: 2,
            changed_at: "2026-11-29T12:00:00Z".parse().unwrap(),
            changed_by: "ada".into(),
            archived: Some(Archived::Deleted),
        };
        let directory =
            Directory { archived: Arc::new([archived]), ..directory(&["SHOP"], References::default()) };
        let expected =
            "the project `GIFT` is archived: ada deleted it at 2026-11-29 12:00 UTC; nothing starts there";
        assert_eq!(directory.ticket("gift-7").unwrap_err().to_string(), expected);
        let none = ProjectQuery::default();
        for query in
            [ProjectQuery { named: Some("gift"), ..none }, ProjectQuery { place: Some("acme/GIFT"), ..none }]
        {
            assert_eq!(directory.project(&query).unwrap_err().to_string(), expected);
        }
        let outside = directory.ticket("WEB-7").unwrap_err();
        assert_eq!(outside.to_string(), "WEB-7 does not belong to any configured project; known: SHOP");
    }

    #[test]
    fn a_ticket_has_one_name_however_it_is_typed_or_pasted() {
        let references: References = serde_json::from_value(json!({
            "trackers": [
                {"instance": "jira", "patterns": [
                    "{PROJECT}-{number}",
                    "{site}acme.atlassian.net/browse/{PROJECT}-{number}",
                    "{site}acme.atlassian.net/{any}?{any}selectedIssue={PROJECT}-{number}",
                ]},
                {"instance": "github", "patterns": [
                    "{owner}/{name}#{number}",
                    "{site}github.com/{owner}/{name}/issues/{number}",
                ]},
            ],
            "projects": [{"names": ["SHOP", "acme/shop"], "trackers": ["jira"]}],
        }))
        .unwrap();
        let directory = directory(&["SHOP"], references);
        for (typed, expected) in [
            ("shop-7", "SHOP-7"),
            ("SHOP-007", "SHOP-7"),
            ("https://acme.atlassian.net/browse/SHOP-7", "SHOP-7"),
            ("https://acme.atlassian.net/jira/boards/1?selectedIssue=SHOP-7", "SHOP-7"),
            ("ACME/shop#007", "acme/shop#7"),
            ("<https://github.com/acme/shop/issues/7|#7>", "acme/shop#7"),
        ] {
            let ticket = directory.ticket(typed).unwrap();
            assert_eq!((ticket.task_id(), ticket.project().key.as_str()), (expected, "SHOP"), "{typed}");
        }
        let outside = directory.ticket("https://github.com/acme/web/issues/7").unwrap_err();
        assert_eq!(outside.to_string(), "acme/web#7 does not belong to any configured project; known: SHOP");
        let unreadable = directory.ticket("the cart").unwrap_err();
        assert_eq!(
            unreadable.to_string(),
            "`the cart` is not a ticket; accepted: `SHOP-12`, `acme/shop#12`, a link to a ticket"
        );
    }
}
