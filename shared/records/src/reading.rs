//! Content that never changes, such as the files of a commit: stored for a week, compressed, in chunks, for every step and
//! every run that reads the same.

use crate::error::RecordsError;
use crate::item::{Item, number, text, whole_number};
use crate::keys::{self, PK, SK};
use crate::retention;
use crate::stored::{CHUNK_SIZE, compress, decompress};
use crate::table::Table;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// More than this, in bytes of JSON, is not kept.
const LARGEST: usize = 16 * 1024 * 1024;

const BYTES: &str = "bytes";
/// The size of the whole in bytes of JSON.
const SIZE: &str = "size";

/// What identifies a reading: who may read, what, and which state of it.
#[derive(Debug, Clone, Copy)]
pub struct ReadingOf<'a> {
    /// The provider instance that returned it: content readable with one credential is not shown to another.
    pub instance: &'a str,
    /// The repository.
    pub repository: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// The paths that were read, in their order; none for the tree itself.
    pub paths: &'a [String],
}

impl ReadingOf<'_> {
    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let parts = [self.instance, self.repository, self.commit];
        for part in parts.into_iter().chain(self.paths.iter().map(String::as_str)) {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        hex::encode(digest.finalize())
    }
}

impl Table {
    /// The stored content; `None` if none is stored or it cannot be used.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn reading<T: DeserializeOwned>(&self, of: ReadingOf<'_>) -> Result<Option<T>, RecordsError> {
        let json = self.reading_json(&of.digest()).await?;
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// Like [`Table::reading`], from memory if it was read recently: a commit does not change. The content may have expired in the table since,
    /// so it does not say that others find it there.
    ///
    /// # Errors
    /// As [`Table::reading`].
    pub async fn reading_lately<T: DeserializeOwned>(
        &self,
        of: ReadingOf<'_>,
    ) -> Result<Option<T>, RecordsError> {
        let digest = of.digest();
        let name = format!("reading {digest}");
        if let Some(json) = self.contents.get(&name) {
            return Ok(serde_json::from_slice(&json).ok());
        }
        let Some(json) = self.reading_json(&digest).await? else { return Ok(None) };
        self.contents.keep(&name, &json);
        Ok(serde_json::from_slice(&json).ok())
    }

    async fn reading_json(&self, digest: &str) -> Result<Option<Vec<u8>>, RecordsError> {
        let chunks = self.query(keys::reading_partition(digest), keys::CHUNK).await?;
        let Some(first) = chunks.first() else { return Ok(None) };
        let size = whole_number(first, SIZE)?.min(LARGEST as u64);
        let mut compressed = Vec::new();
        for chunk in &chunks {
            if let Some(bytes) = chunk.get(BYTES).and_then(|bytes| bytes.as_b().ok()) {
                compressed.extend_from_slice(bytes.as_ref());
            }
        }
        Ok(decompress(&compressed, size))
    }

    /// Stores content; content that is too large is left out.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn keep_reading<T: Serialize>(
        &self,
        of: ReadingOf<'_>,
        value: &T,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        let json = serde_json::to_vec(value)
            .map_err(|error| RecordsError::Invalid(format!("a reading cannot be kept: {error}")))?;
        if json.len() > LARGEST {
            return Ok(());
        }
        let (partition, compressed) = (of.digest(), compress(&json)?);
        for (index, chunk) in compressed.chunks(CHUNK_SIZE).enumerate() {
            let key = keys::reading_chunk(&partition, index);
            let item: Item = HashMap::from([
                (PK.to_owned(), text(key.pk)),
                (SK.to_owned(), text(key.sk)),
                (BYTES.to_owned(), AttributeValue::B(Blob::new(chunk))),
                (SIZE.to_owned(), number(json.len() as u64)),
                (keys::EXPIRES_AT.to_owned(), number(retention::expires_at(now, retention::READING))),
            ]);
            // Without a condition nothing can refuse it.
            let _ = self.put("keep what was read", item, None).await?;
        }
        Ok(())
    }
}
