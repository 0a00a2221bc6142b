//! Changes to the configuration in force, with a record in the audit log.

use crate::exit::{Exit, Outcome};
use domain::configuration::Configuration;
use jiff::Timestamp;
use providers::{InForce, Overruled};
use records::{AuditKind, AuditRecord, RecordsError, Table};

/// Puts a configuration file in force. Items of the API that are also in the file are archived, which is recorded and logged. Returns the configuration's
/// version.
///
/// # Errors
/// Usage when the file is too large; unreachable when the table does not answer.
pub(crate) async fn put_file(table: &Table, by: &str, file: &Configuration) -> Outcome<u64> {
    let now = Timestamp::now();
    let put = providers::put_in_force(table, file, by, now).await;
    let InForce { version, archived } = put.map_err(|error| match error {
        RecordsError::Invalid(_) => Exit::usage(error),
        error => Exit::unreachable(error),
    })?;
    for Overruled { kind, key, shared } in archived {
        tracing::warn!(kind, key, "archived an item of the API, because the configuration file now has it");
        let what = format!("archive the {kind} {key}, because the configuration file has its {shared}");
        let record = record(format!("archive-{kind}-{key}-{version}"), by, what);
        table.audit(&record).await.map_err(Exit::unreachable)?;
    }
    Ok(version)
}

/// Puts documents in force, and records each one that has changed: the configuration, the workflows, the prompts or the agents. `by` says how:
/// `serve` or `config apply`.
///
/// # Errors
/// Those of `put`; unreachable when the table does not answer.
pub(crate) async fn audited<T>(table: &Table, by: &str, put: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let before = table.document_versions().await.map_err(Exit::unreachable)?;
    let put = put.await?;
    let after = table.document_versions().await.map_err(Exit::unreachable)?;
    for (name, version) in after {
        if before.get(name) == Some(&version) {
            continue;
        }
        let what = format!("put version {version} of the {name} in force");
        table.audit(&record(format!("{name}-{version}"), by, what)).await.map_err(Exit::unreachable)?;
    }
    Ok(put)
}

fn record(id: String, by: &str, what: String) -> AuditRecord {
    AuditRecord {
        id,
        kind: AuditKind::Configuration,
        at: Timestamp::now(),
        who: "operator".to_owned(),
        by: by.to_owned(),
        what,
        about: None,
        whence: None,
        status: None,
    }
}
