//! Lists of executions in pages, each of which begins after the previous one.

use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::{Item, attribute, text};
use crate::keys::{self, GSI1, GSI1_PK, GSI1_SK, PK, SK};
use crate::table::Table;
use crate::timestamp::months_back;
use aws_sdk_dynamodb::operation::query::QueryInput;
use jiff::Timestamp;
use std::collections::HashMap;
use std::fmt;

/// The most records a page has.
pub(crate) const PAGE_LIMIT: usize = 100;

/// How many months' lists one page reads: after a longer gap, a page is empty and says where to continue.
const MONTHS_AT_ONCE: usize = 3;

/// So many months there may be executions in: pointers to them do not live longer.
const MONTHS: i64 = 27;

/// A list of executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionList {
    /// Everybody's, the newest first.
    OfAll,
    /// Those of a project, by its key, the newest first.
    OfProject(String),
    /// Those of a ticket, by its canonical name, the newest first.
    OfTask(String),
    /// Those that have not ended, in the order of the sweeper's checks.
    Open,
}

impl ExecutionList {
    /// The position after an execution, in the lists of its project and its ticket.
    pub fn position_behind(execution: &ExecutionRecord) -> String {
        keys::position_of_listed(execution.begun_at, &execution.name)
    }
}

impl fmt::Display for ExecutionList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfAll => formatter.write_str("all"),
            Self::OfProject(key) => write!(formatter, "project {key}"),
            Self::OfTask(id) => write!(formatter, "task {id}"),
            Self::Open => formatter.write_str("open"),
        }
    }
}

/// Some records of a list, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The records.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end of the list.
    pub next: Option<String>,
}

impl Table {
    /// A page of a list of executions, which begins after the page that returned `after`; at most `limit` (up to 100). A position that is
    /// not in the list means its beginning or its end.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn list_executions(
        &self,
        list: &ExecutionList,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page<ExecutionRecord>, RecordsError> {
        let limit = limit.clamp(1, PAGE_LIMIT);
        let (names, next) = match list {
            ExecutionList::OfAll => self.names_by_month(after, limit, now).await?,
            ExecutionList::OfProject(key) => {
                self.listed_names(keys::project_partition(key), after, limit).await?
            }
            ExecutionList::OfTask(id) => self.listed_names(keys::task_partition(id), after, limit).await?,
            ExecutionList::Open => self.open_names(after, limit).await?,
        };
        Ok(Page { items: self.executions_named(names).await?, next })
    }

    /// Names of executions in a partition's list, and where the rest begins.
    async fn listed_names(
        &self,
        partition: String,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<String>, Option<String>), RecordsError> {
        let start = after.map(|after| {
            HashMap::from([
                (PK.to_owned(), text(partition.clone())),
                (SK.to_owned(), text(format!("{}{after}", keys::LISTED_EXECUTION))),
            ])
        });
        let page = self
            .query_page(
                "list executions",
                QueryInput::builder()
                    .consistent_read(true)
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":pk", text(partition))
                    .expression_attribute_values(":prefix", text(keys::LISTED_EXECUTION))
                    .set_exclusive_start_key(start)
                    .scan_index_forward(false)
                    .limit(i32::try_from(limit).unwrap_or(i32::MAX)),
            )
            .await?;
        let next = page.last_evaluated_key.as_ref().and_then(|last| attribute(last, SK));
        let next = next.and_then(|sk| sk.strip_prefix(keys::LISTED_EXECUTION)).map(str::to_owned);
        let items = page.items.unwrap_or_default();
        Ok((items.iter().filter_map(|item| attribute(item, "name").map(str::to_owned)).collect(), next))
    }

    /// The same of all months, from that of `now` backward. A position is `MONTH` or `MONTH POSITION`.
    async fn names_by_month(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<(Vec<String>, Option<String>), RecordsError> {
        let mut names = Vec::new();
        let mut months = months_back(now, MONTHS).into_iter().peekable();
        let mut position = None;
        if let Some(after) = after {
            let (from, rest) = after.split_once(' ').map_or((after, None), |(from, rest)| (from, Some(rest)));
            while months.next_if(|month| month.as_str() > from).is_some() {}
            position = rest.map(str::to_owned);
        }
        for _ in 0..MONTHS_AT_ONCE {
            let Some(month) = months.next() else { return Ok((names, None)) };
            let partition = keys::month_partition(&month);
            let left = limit - names.len();
            let (found, next) = self.listed_names(partition, position.take().as_deref(), left).await?;
            names.extend(found);
            if let Some(next) = next {
                return Ok((names, Some(format!("{month} {next}"))));
            }
            if names.len() == limit {
                break;
            }
        }
        Ok((names, months.next()))
    }

    /// The same of those that have not ended.
    async fn open_names(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<String>, Option<String>), RecordsError> {
        let start: Option<Item> = after.map(|after| {
            let name = after.split_once('#').map_or("", |(_, name)| name);
            let key = keys::execution(name);
            HashMap::from([
                (GSI1_PK.to_owned(), text(keys::OPEN)),
                (GSI1_SK.to_owned(), text(after)),
                (PK.to_owned(), text(key.pk)),
                (SK.to_owned(), text(key.sk)),
            ])
        });
        let page = self
            .query_page(
                "list the open executions",
                QueryInput::builder()
                    .index_name(GSI1)
                    .key_condition_expression("gsi1pk = :open")
                    .expression_attribute_values(":open", text(keys::OPEN))
                    .set_exclusive_start_key(start)
                    .limit(i32::try_from(limit).unwrap_or(i32::MAX)),
            )
            .await?;
        let next = page.last_evaluated_key.as_ref().and_then(|last| attribute(last, GSI1_SK));
        let items = page.items.unwrap_or_default();
        let names = items.iter().filter_map(|item| attribute(item, PK)?.strip_prefix("EXECUTION#"));
        Ok((names.map(str::to_owned).collect(), next.map(str::to_owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_go_back_as_far_as_pointers_live() {
        let now: Timestamp = "2026-03-31T23:59:59Z".parse().unwrap();
        let months = months_back(now, MONTHS);
        let oldest: Timestamp = format!("{}-01T00:00:00Z", months.last().unwrap()).parse().unwrap();
        assert!(oldest <= now - crate::retention::LISTED, "pointers live longer than lists go back");
    }
}
