//! Documents kept in memory for a while.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};

/// How long a document is read from memory.
pub const DOCUMENT_CACHED: SignedDuration = SignedDuration::from_secs(60);

/// A document as it was read last.
#[derive(Debug)]
pub(crate) struct Cached<T>(Mutex<Option<(Timestamp, Arc<T>)>>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

/// Something as it was read last, of which something else says whether it is still so.
#[derive(Debug)]
pub(crate) struct Last<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Last<T> {
    /// What was kept last.
    pub(crate) fn last(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps this in place of what was kept before.
    pub(crate) fn keep(&self, value: Arc<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }
}

impl<T> Cached<T> {
    /// The document, if it was read within a minute.
    pub(crate) fn fresh(&self, now: Timestamp) -> Option<Arc<T>> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, value) = cached.as_ref()?;
        // A clock that was set back must not keep an old document for ever.
        (now.duration_since(*read_at).abs() < DOCUMENT_CACHED).then(|| Arc::clone(value))
    }

    /// Keeps a document, or forgets it.
    pub(crate) fn set(&self, entry: Option<(Timestamp, Arc<T>)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = entry;
    }
}
