//! Lists read only the entries that they show, for any number of executions; freed pages are returned many at a time.

use rusqlite::StatementStatus;

use super::*;
use crate::log::schema;
use crate::log::{Durability, Log};

#[test]
fn a_list_reads_what_it_shows() {
    let connection = Connection::open_in_memory().unwrap();
    schema::bring_up_to_date(&connection).unwrap();
    let added = connection
        .execute(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) \
             INSERT INTO executions (arn, name, state_machine_arn, revision, status, started, input, seed, awake) \
             SELECT n, n, 'machine', 1, iif(n < 10, 'RUNNING', 'SUCCEEDED'), 0, 'input', x'00', 0 FROM n",
            [],
        )
        .unwrap();
    assert_eq!(added, 5000);
    let filter = |status: Option<&str>| Filter {
        state_machine_arn: "machine".to_owned(),
        qualifiers: Qualifiers::default(),
        status: status.map(str::to_owned),
        redriven: None,
        before: None,
        limit: 10,
    };
    for (status, expected) in [(None, 10), (Some("RUNNING"), 9), (Some("FAILED"), 0)] {
        assert_eq!(list(&connection, filter(status)).unwrap().len(), expected, "{status:?}");
    }
    for condition in ["", "AND status = 'RUNNING' ", "AND status = 'FAILED' "] {
        let query = format!(
            "SELECT key, arn, name, state_machine_arn, status, started, stopped, redrives, redriven, version_arn, alias_arn \
             FROM executions WHERE state_machine_arn = 'machine' AND key < 9999 {condition} ORDER BY key DESC LIMIT 10"
        );
        let mut statement = connection.prepare(&query).unwrap();
        let mut rows = statement.query([]).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        let steps = statement.get_status(StatementStatus::VmStep);
        assert!(steps < 1000, "{condition}: {steps} steps for ten of 5,000 executions");
        let plan = format!("EXPLAIN QUERY PLAN {query}");
        let plan: String = connection.query_row(&plan, [], |row| row.get(3)).unwrap();
        assert!(plan.contains("COVERING INDEX"), "{condition}: {plan}");
    }
}

#[tokio::test]
async fn freed_pages_are_given_back_many_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(&folder.path().join("log.db"), Durability::ProcessDeath).unwrap();
    log.run(|connection| {
        let fill_and_empty = "CREATE TABLE filler (body BLOB);
            WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
                INSERT INTO filler SELECT zeroblob(3000) FROM n;
            DELETE FROM filler;";
        Ok(connection.execute_batch(fill_and_empty)?)
    })
    .await
    .unwrap();
    let free = async || {
        let count = log.run(|connection| {
            Ok(connection.query_row("PRAGMA freelist_count", [], |row| row.get::<_, i64>(0))?)
        });
        count.await.unwrap()
    };
    let before = free().await;
    assert!(log.give_back().await.unwrap());
    assert_eq!(before - free().await, 256);
}

impl Log {
    /// Makes an entry unreadable.
    pub(crate) async fn damage(&self, execution: i64, sequence: i64) -> Result<usize, LogError> {
        self.run(move |connection| {
            let query = "UPDATE events SET body = 'damaged' WHERE execution = ?1 AND sequence = ?2";
            Ok(connection.execute(query, [execution, sequence])?)
        })
        .await
    }
}
