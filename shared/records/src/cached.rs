//! In-memory caches: documents, contents that never change, and hints.

use domain::configuration::InstanceName;
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, VecDeque};
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

/// A cached value whose validity is checked elsewhere.
#[derive(Debug)]
pub(crate) struct Last<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Last<T> {
    /// The cached value.
    pub(crate) fn last(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the cached value.
    pub(crate) fn keep(&self, value: Arc<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }
}

/// Recently read values that never change under their name, such as those named by their hash: at most [`MOST_CONTENTS`] bytes.
#[derive(Debug, Default)]
pub(crate) struct Contents(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_name: HashMap<String, Arc<[u8]>>,
    /// The names, oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

/// So many bytes of contents are in memory at most, and half of it of one.
const MOST_CONTENTS: usize = 8 * 1024 * 1024;

impl Contents {
    /// The value under this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<[u8]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_name.get(name).cloned()
    }

    /// Keeps a value under a name, replacing the oldest ones if there is no room. Large values are not kept.
    pub(crate) fn keep(&self, name: &str, content: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if content.len() > MOST_CONTENTS / 2 || kept.by_name.contains_key(name) {
            return;
        }
        kept.bytes += content.len();
        kept.by_name.insert(name.to_owned(), content.into());
        kept.order.push_back(name.to_owned());
        while kept.bytes > MOST_CONTENTS {
            let Some(first) = kept.order.pop_front() else { return };
            let freed = kept.by_name.remove(&first);
            kept.bytes -= freed.map_or(0, |freed| freed.len());
        }
    }
}

/// When the last turn that was seen of each provider was due, in microseconds. Nothing is decided by it.
#[derive(Debug, Default)]
pub(crate) struct LastTurns(Mutex<HashMap<InstanceName, u64>>);

impl LastTurns {
    /// When it was due; zero where none was seen.
    pub(crate) fn get(&self, provider: &InstanceName) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(provider).copied().unwrap_or_default()
    }

    /// Notes a name.
    pub(crate) fn set(&self, provider: &InstanceName, tat: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(provider.clone(), tat);
    }
}

impl<T> Cached<T> {
    /// The document, if it was read within a minute.
    pub(crate) fn fresh(&self, now: Timestamp) -> Option<Arc<T>> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, value) = cached.as_ref()?;
        // A clock that was set back must not keep an old document forever.
        (now.duration_since(*read_at).abs() < DOCUMENT_CACHED).then(|| Arc::clone(value))
    }

    /// Keeps a document, or forgets it.
    pub(crate) fn set(&self, entry: Option<(Timestamp, Arc<T>)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_kept_until_others_need_their_room() {
        let contents = Contents::default();
        let quarter = vec![0; MOST_CONTENTS / 4];
        for name in ["a", "b", "c", "d"] {
            contents.keep(name, &quarter);
        }
        assert!(["a", "b", "c", "d"].iter().all(|name| contents.get(name).is_some()));
        contents.keep("e", b"x");
        assert!(contents.get("a").is_none() && contents.get("b").is_some());
        assert_eq!(contents.get("e").as_deref(), Some(&b"x"[..]));
        contents.keep("large", &vec![0; MOST_CONTENTS / 2 + 1]);
        assert!(contents.get("large").is_none() && contents.get("b").is_some());
    }
}
