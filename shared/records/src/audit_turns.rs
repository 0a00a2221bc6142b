//! Whose turn it is to add to the chains of the audit.

use crate::audit_chain::AuditHead;
use crate::audit_record::AUDIT_CHAINS;
use tokio::sync::Mutex;

/// Whose turn it is to add to each chain in this process, with the chain's last record if it is the one that this process added. Another process may
/// have added to it since: the table decides.
#[derive(Debug)]
pub(crate) struct Turns(pub(crate) Vec<Mutex<Option<AuditHead>>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..AUDIT_CHAINS).map(|_| Mutex::default()).collect())
    }
}
