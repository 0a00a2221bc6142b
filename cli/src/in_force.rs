//! What is in force is changed with a record in the audit.

use crate::exit::{Exit, Outcome};
use jiff::Timestamp;
use records::{AuditKind, AuditRecord, Table};

/// Puts documents in force, and records each that has changed: the configuration, the workflows, the prompts or the agents. `by` says how:
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
        let record = AuditRecord {
            id: format!("{name}-{version}"),
            kind: AuditKind::Configuration,
            at: Timestamp::now(),
            who: "operator".to_owned(),
            by: by.to_owned(),
            what: format!("put version {version} of the {name} in force"),
            about: None,
            whence: None,
            status: None,
        };
        table.audit(&record).await.map_err(Exit::unreachable)?;
    }
    Ok(put)
}
