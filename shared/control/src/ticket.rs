//! Which ticket is meant, by the name that its tracker gives it.

use crate::project::{ProjectError, ProjectQuery, project};
use domain::configuration::{Configuration, Project};

/// A ticket of a configured project. What people type (`shop-7`) and what the tracker writes (`SHOP-7`) are one ticket, one
/// claim and one record, so operations on tickets take this and not text.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket<'a> {
    task_id: String,
    project: &'a Project,
}

/// Why it cannot be told which ticket is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It belongs to no project.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// It belongs to a project, but is not a ticket's name.
    #[error("`{typed}` is not a ticket; accepted: `{accepted}`")]
    Malformed {
        /// What was typed.
        typed: String,
        /// A name that is accepted.
        accepted: String,
    },
}

impl<'a> Ticket<'a> {
    /// Reads a ticket as people type it.
    ///
    /// # Errors
    /// [`TicketError`] when it belongs to no project or is not a ticket's name.
    pub fn read(configuration: &'a Configuration, typed: &str) -> Result<Self, TicketError> {
        let query = ProjectQuery { ticket: Some(typed), ..ProjectQuery::default() };
        let project = project(configuration, &query)?;
        Ok(Self { task_id: canonical(project, typed)?, project })
    }

    /// The name by which the tracker and our records know it: `SHOP-7`, `acme/shop#12`.
    pub fn task_id(&self) -> &str {
        &self.task_id
    }

    /// The project that it belongs to.
    pub fn project(&self) -> &'a Project {
        self.project
    }
}

fn canonical(project: &Project, typed: &str) -> Result<String, TicketError> {
    let (separator, name) = match typed.contains('#') {
        true => ('#', project.repository.as_str()),
        false => ('-', project.key.as_str()),
    };
    typed
        .rsplit_once(separator)
        .map(|(_, number)| number)
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()) && (1..=18).contains(&number.len()))
        .map(|number| format!("{name}{separator}{number}"))
        .ok_or_else(|| TicketError::Malformed {
            typed: typed.to_owned(),
            accepted: format!("{name}{separator}12"),
        })
}
