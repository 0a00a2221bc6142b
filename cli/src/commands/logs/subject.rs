//! What log lines are asked for: an execution's or a ticket's.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::steering::{no_execution, ticket_instead_of_execution};
use control::ExecutionFilter;
use records::ExecutionRecord;

/// The subject of the lines.
pub(super) enum Subject {
    /// One execution, by its name.
    Execution(String),
    /// All executions of a ticket, by its canonical name.
    Ticket(String),
}

impl Subject {
    /// The execution with this name, or else the ticket.
    ///
    /// # Errors
    /// Negative when there is neither; unreachable when the table does not answer.
    pub(super) async fn find(connection: &Connection, named: &str) -> Outcome<Self> {
        if connection.table.execution(named).await.map_err(Exit::unreachable)?.is_some() {
            return Ok(Self::Execution(named.to_owned()));
        }
        let directory = connection.control().directory().await.map_err(Exit::unreachable)?;
        let ticket = ticket_instead_of_execution(&connection.table, &directory, named).await?;
        Ok(Self::Ticket(ticket.task_id().to_owned()))
    }

    /// The name of the execution or of the ticket.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Execution(name) | Self::Ticket(name) => name,
        }
    }

    /// Whether the lines may be about several executions.
    pub(super) fn is_ticket(&self) -> bool {
        matches!(self, Self::Ticket(_))
    }

    /// The executions that there are now, the newest first.
    ///
    /// # Errors
    /// Negative when there is none; unreachable when the table does not answer.
    pub(super) async fn executions(&self, connection: &Connection) -> Outcome<Vec<ExecutionRecord>> {
        match self {
            Self::Execution(name) => {
                let execution = connection.table.execution(name).await.map_err(Exit::unreachable)?;
                let execution = execution.ok_or_else(|| Exit::negative(no_execution(name)))?;
                Ok(vec![execution])
            }
            Self::Ticket(task_id) => {
                let filter = ExecutionFilter { task_id: Some(task_id.clone()), ..ExecutionFilter::default() };
                let control = connection.control();
                let found =
                    control.filtered_executions(&filter, usize::MAX).await.map_err(Exit::unreachable)?;
                if found.is_empty() {
                    return Err(Exit::negative(format!("nothing has been started on {task_id} yet")));
                }
                Ok(found)
            }
        }
    }
}
