//! How many requests to a provider failed one after another, and whether its circuit is open.

use crate::error::RecordsError;
use crate::item::{Item, whole_number};
use jiff::SignedDuration;

/// How many requests fail one after another before the circuit opens.
pub(crate) const OPENS_AFTER: u64 = 5;
/// How long it stays open before one request may try.
pub(crate) const STAYS_OPEN: SignedDuration = SignedDuration::from_secs(60);

/// The state of the circuit after a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circuit {
    pub(crate) failures: u64,
}

impl Circuit {
    /// Reads it from the provider's item.
    pub(crate) fn of(item: &Item) -> Result<Self, RecordsError> {
        Ok(Self { failures: whole_number(item, "failures")? })
    }

    /// Whether no call passes.
    pub fn is_open(self) -> bool {
        self.failures >= OPENS_AFTER
    }

    /// Whether the last request failed.
    pub(crate) fn has_failures(self) -> bool {
        self.failures > 0
    }
}
