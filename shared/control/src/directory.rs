//! Finds projects and tickets.

use crate::control::Control;
use domain::configuration::{Configuration, Instance, KnownProvider, Project};
use domain::reference::{ProjectReference, References, TrackerReferences};
use domain::text::{TextLimit, cut_line};
use domain::{PULL_REQUEST, PluginType};
use jiff::Timestamp;
use records::{Archived, Configured, ManagedProject, RecordsError, Table};
use std::sync::Arc;

/// How much of a text errors repeat.
pub(crate) const SHOWN: TextLimit = TextLimit::characters(100);

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
    version: u64,
}

/// Hints at the wanted project. The first field that is set decides; if none is, the only project is used.
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
        /// The given name.
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
        /// The error if it had never existed: for people who may not know that it did.
        unknown: Box<DirectoryError>,
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
        /// Examples of accepted values.
        accepted: String,
    },
    /// The text does not match any tracker's tickets.
    #[error("`{typed}` is not a ticket; accepted: {accepted}")]
    NotATicket {
        /// The typed text.
        typed: String,
        /// Examples of accepted values.
        accepted: String,
    },
}

impl DirectoryError {
    /// The error for somebody who may not know of the project that a query leads to: the same as if that project did not exist, with an
    /// empty list of known projects.
    pub fn hidden(directory: &Directory, query: &ProjectQuery<'_>) -> Self {
        let known = String::new();
        if let Some(named) = query.named {
            return Self::UnknownProject { named: cut_line(named, SHOWN), known };
        }
        let ticket = query.ticket.map(|typed| directory.canonical(typed));
        match ticket.or_else(|| query.place.map(str::to_owned)) {
            Some(held) => Self::Outside { held: cut_line(&held, SHOWN), known },
            None => Self::Ambiguous { known },
        }
    }

    /// The same for somebody who may see the projects with these keys alone: it names no other, and one that is archived was never there.
    pub fn for_whoever_sees(self, keys: &[&str]) -> Self {
        let known = if keys.is_empty() { "none that you may see".to_owned() } else { keys.join(", ") };
        let accepted = || "the name of a ticket, or a link to it".to_owned();
        match self {
            Self::UnknownProject { named, .. } => Self::UnknownProject { named, known },
            Self::Archived { unknown, .. } => unknown.for_whoever_sees(keys),
            Self::Outside { held, .. } => Self::Outside { held, known },
            Self::Ambiguous { .. } => Self::Ambiguous { known },
            Self::TooLong { length, .. } => Self::TooLong { length, accepted: accepted() },
            Self::NotATicket { typed, .. } => Self::NotATicket { typed, accepted: accepted() },
        }
    }
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

    /// The projects and tickets of a configuration.
    pub fn of(configured: Configured) -> Self {
        let Configured { configuration, references, archived, version } = configured;
        Self { archived, version, ..Self::new(configuration, references) }
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
        Self { configuration, references, archived: Arc::new([]), version: 0 }
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
            version: self.version,
        }
    }

    /// The version of the items managed by the API. A write that was checked against them names it to the table.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Every existing provider, for checks of a project's choice; empty if an earlier version put the configuration in force.
    pub fn known_providers(&self) -> &[KnownProvider] {
        &self.references.providers
    }

    /// What people call a pull request of a project, within a sentence: `pull request` if its code host is not known.
    pub fn pull_request_name(&self, project: &Project) -> &str {
        self.called_in(project).unwrap_or(PULL_REQUEST)
    }

    /// The same where it is said to everybody: as the service or instance `place` calls it, or if that is no code host, as the code hosts of all
    /// projects do.
    pub fn pull_request_name_at(&self, place: &str) -> &str {
        let of_projects = || {
            let mut names = self.configuration.projects.iter().filter_map(|project| self.called_in(project));
            let first = names.next()?;
            names.all(|name| name == first).then_some(first)
        };
        let provider = self.configuration.instance(place).map_or(place, Instance::provider);
        self.called_at(provider).or_else(of_projects).unwrap_or(PULL_REQUEST)
    }

    fn called_in(&self, project: &Project) -> Option<&str> {
        let name = project.providers.get(&PluginType::VersionControl)?;
        self.called_at(self.configuration.instance(name.as_str())?.provider())
    }

    fn called_at(&self, provider: &str) -> Option<&str> {
        self.known_providers().iter().find(|known| known.id == provider)?.pull_request.as_deref()
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
        let project =
            project.ok_or_else(|| self.gone(&reference.project, self.outside(&reference.task_id)))?;
        Ok(Ticket { task_id: reference.task_id, project })
    }

    /// Whether a text is written as a ticket of a configured tracker is, in whichever project.
    pub(crate) fn is_written_as_ticket(&self, typed: &str) -> bool {
        self.references.read(typed).is_some()
    }

    /// The ticket's canonical name, or the text as typed if it is not a ticket.
    pub fn canonical(&self, typed: &str) -> String {
        self.references.canonical(typed)
    }

    /// The tracker's name for a project, as [`References::name_in_tracker`] returns it.
    pub fn name_in_tracker<'a>(&self, project: &'a Project) -> &'a str {
        self.references.name_in_tracker(project)
    }

    /// Refuses a text that is longer than any ticket: records are neither read nor kept under it.
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
    /// [`DirectoryError`], which lists the known ones.
    pub fn project(&self, query: &ProjectQuery<'_>) -> Result<&Project, DirectoryError> {
        if let Some(named) = query.named {
            return self.by_key_or_repository(named).ok_or_else(|| {
                let unknown = DirectoryError::UnknownProject {
                    named: cut_line(named, SHOWN),
                    known: self.known_projects(),
                };
                self.gone(named, unknown)
            });
        }
        if let Some(typed) = query.ticket {
            return self.ticket(typed).map(|ticket| ticket.project);
        }
        if let Some(place) = query.place {
            return self.by_key_or_repository(place).ok_or_else(|| self.gone(place, self.outside(place)));
        }
        match self.configuration.projects.as_slice() {
            [only] => Ok(only),
            _ => Err(DirectoryError::Ambiguous { known: self.known_projects() }),
        }
    }

    fn by_key_or_repository(&self, name: &str) -> Option<&Project> {
        self.configuration.project(name).or_else(|| self.configuration.project_of_repository(name))
    }

    /// The error about a key or repository that no project in force has: that its project is archived, or `unknown` if it never had one.
    fn gone(&self, name: &str, unknown: DirectoryError) -> DirectoryError {
        let is_it = |managed: &&ManagedProject| {
            let ManagedProject { item: project, .. } = managed;
            project.key.eq_ignore_ascii_case(name) || project.repository.as_str().eq_ignore_ascii_case(name)
        };
        let Some(managed) = self.archived.iter().find(is_it) else { return unknown };
        let (by, at) = (&managed.changed_by, managed.changed_at.strftime("%Y-%m-%d %H:%M UTC"));
        let why = match managed.archived {
            Some(Archived::Deleted) => format!("{by} deleted it at {at}"),
            Some(Archived::File) => format!("the configuration file had the same key at {at}"),
            None => return unknown,
        };
        DirectoryError::Archived { key: managed.item.key.clone(), why, unknown: Box::new(unknown) }
    }

    fn outside(&self, held: &str) -> DirectoryError {
        DirectoryError::Outside { held: cut_line(held, SHOWN), known: self.known_projects() }
    }

    fn known_projects(&self) -> String {
        let keys: Vec<_> = self.configuration.projects.iter().map(|project| project.key.as_str()).collect();
        keys.join(", ")
    }

    /// Examples of how people write tickets, for a message that says what is accepted.
    pub fn accepted_tickets(&self) -> String {
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
mod tests;
