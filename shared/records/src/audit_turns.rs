//! The chains of the audit, and whose turn it is to add to them.

use crate::audit_chain::AuditHead;
use tokio::sync::Mutex;

/// How many chains there are.
pub const AUDIT_CHAINS: u8 = 16;

/// Whose turn it is to add to each chain in this process, with the chain's last record if it is the one that this process added. Another process may
/// have added to it since: the table decides.
#[derive(Debug)]
pub(crate) struct Turns(pub(crate) Vec<Mutex<Option<AuditHead>>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..AUDIT_CHAINS).map(|_| Mutex::default()).collect())
    }
}
