//! Forgets executions that ended long ago, with everything that they left but their costs: of those, the copies of tasks, projects and people
//! stay. In an account, the table's time to live does that later.

use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::{Item, attribute};
use crate::keys::{self, Key, PK, SK};
use crate::table::Table;
use crate::timestamp::{fixed_width, month, months_back};
use crate::write::Write;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// How many months before are looked at. An execution may be open for a year.
const MONTHS: i64 = 15;
/// DynamoDB takes as many writes in one transaction.
const AT_A_TIME: usize = 100;
/// As many hexadecimal digits has the digest in a reference to a stored value.
const DIGEST: usize = 64;

impl Table {
    /// Forgets every execution that ended before `moment`, and gives their number. Open ones stay, however old, and so do those that
    /// they continue. The next call finishes interrupted work.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn forget_ended_before(&self, moment: Timestamp) -> Result<usize, RecordsError> {
        let mut count = 0;
        for month in months_back(moment, MONTHS).into_iter().rev() {
            let partition = keys::month_partition(&month);
            let mut after = String::new();
            loop {
                let listed =
                    self.query_after(partition.clone(), keys::LISTED_EXECUTION, &after, AT_A_TIME).await?;
                let Some(last) = listed.last().and_then(|item| attribute(item, SK)) else { break };
                after = last.to_owned();
                let names = listed.iter().filter_map(|item| attribute(item, "name").map(str::to_owned));
                for execution in self.executions_named(names.collect()).await? {
                    if execution.ended_at.is_some_and(|ended| ended < moment) {
                        // What continues it works with its journal and its admission.
                        let continued = self.continued(&execution.name).await?;
                        if continued.iter().any(|later| later.ended_at.is_none_or(|ended| ended >= moment)) {
                            continue;
                        }
                        self.forget(&execution).await?;
                        count += 1;
                    }
                }
                let begun = format!("{}{}", keys::LISTED_EXECUTION, fixed_width(moment));
                if listed.len() < AT_A_TIME || after > begun {
                    break;
                }
            }
        }
        Ok(count)
    }

    async fn forget(&self, execution: &ExecutionRecord) -> Result<(), RecordsError> {
        let mut items = self.query(keys::execution_partition(&execution.name), "").await?;
        if let Some(arn) = &execution.arn {
            items.extend(self.query(keys::run_partition(arn), "").await?);
        }
        let told = self.query_fields(keys::feed(&execution.name).pk, "", &[PK, SK]).await?;
        let mut left: Vec<Key> = told.iter().filter_map(key).collect();
        for reference in references(&items, &execution.name) {
            left.extend(
                self.query_fields(keys::stored_partition(&reference), "", &[PK, SK])
                    .await?
                    .iter()
                    .filter_map(key),
            );
        }
        let lists = [
            execution.project.as_deref().map(keys::project_partition),
            execution.task_id.as_deref().map(keys::task_partition),
            Some(keys::month_partition(&month(execution.begun_at))),
        ];
        let listed = |partition| keys::listed_execution(partition, execution.begun_at, &execution.name);
        // The items that lead to the others go last.
        let own = keys::execution(&execution.name);
        left.extend(items.iter().filter_map(key).filter(|key| *key != own));
        left.push(own);
        left.extend(lists.into_iter().flatten().map(listed));
        for some in left.chunks(AT_A_TIME) {
            let writes = some.iter().map(|key| Write::Delete { key: key.clone() }).collect();
            // Without a condition nothing can refuse it.
            let _ = self.transact("forget an execution", writes).await?;
        }
        Ok(())
    }
}

fn key(item: &Item) -> Option<Key> {
    Some(Key { pk: attribute(item, PK)?.to_owned(), sk: attribute(item, SK)?.to_owned() })
}

/// The references to values that were stored for an execution, which its items hold in their texts.
fn references(items: &[Item], execution: &str) -> BTreeSet<String> {
    let start = format!("{execution}/");
    let texts = items.iter().flat_map(|item| item.values()).filter_map(|value| value.as_s().ok());
    let found = texts.flat_map(|text| {
        text.match_indices(&start).filter_map(|(at, _)| {
            let reference = text.get(at..at + start.len() + DIGEST)?;
            let digest = reference.get(start.len()..)?;
            digest.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| reference.to_owned())
        })
    });
    found.collect()
}
