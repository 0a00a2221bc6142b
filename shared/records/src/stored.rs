//! Stored values: values too large to pass inline, as compressed chunks.

use crate::error::RecordsError;
use crate::item::{Item, number, text};
use crate::keys::{self, PK, SK};
use crate::retention;
use crate::table::Table;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Stored;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{Read, Write};

/// The largest value that can be stored, in bytes of JSON.
pub const STORED_LIMIT: usize = 64 * 1024 * 1024;

/// An item holds 400 KB, names and keys included.
pub(crate) const CHUNK_SIZE: usize = 350 * 1024;

/// What is shorter has the same form and is not compressed: setting up a compressor takes more time than the bytes are worth.
const COMPRESSED_FROM: usize = 1024;

const CHUNK_ATTRIBUTE: &str = "bytes";

impl Table {
    /// Stores a value for an execution and returns the reference to pass instead. The same value stored again has the same
    /// reference.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when it is over [`STORED_LIMIT`] or is not JSON.
    pub async fn store<T: Serialize>(
        &self,
        execution: &str,
        value: &T,
        now: Timestamp,
    ) -> Result<Stored<T>, RecordsError> {
        let json = serde_json::to_vec(value)
            .map_err(|error| RecordsError::Invalid(format!("a value cannot be stored: {error}")))?;
        let compressed = compress(&json)?;
        self.store_json(execution, &json, &compressed, retention::expires_at(now, retention::EXECUTION)).await
    }

    /// Stores JSON, which is also given compressed, for an owner: an execution or a session.
    pub(crate) async fn store_json<T>(
        &self,
        owner: &str,
        json: &[u8],
        compressed: &[u8],
        expires_at: i64,
    ) -> Result<Stored<T>, RecordsError> {
        if json.len() > STORED_LIMIT {
            return Err(RecordsError::Invalid(format!(
                "a value of {} bytes cannot be stored; at most {STORED_LIMIT} are accepted",
                json.len()
            )));
        }
        let sha256 = hex::encode(Sha256::digest(json));
        let reference = format!("{owner}/{sha256}");
        for (number_of, chunk) in compressed.chunks(CHUNK_SIZE).enumerate() {
            let key = keys::chunk(&reference, number_of);
            let item: Item = HashMap::from([
                (PK.to_owned(), text(key.pk)),
                (SK.to_owned(), text(key.sk)),
                (CHUNK_ATTRIBUTE.to_owned(), AttributeValue::B(Blob::new(chunk))),
                (keys::EXPIRES_AT.to_owned(), number(expires_at)),
            ]);
            // Without a condition nothing can refuse it.
            let _ = self.put("store a chunk", item, None).await?;
        }
        Ok(Stored::new(reference, json.len() as u64, sha256))
    }

    /// Restores a stored value and verifies that it is the one that was stored.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it has expired or never was; [`RecordsError::Corrupt`] when it is another value.
    pub async fn load<T: DeserializeOwned>(&self, stored: &Stored<T>) -> Result<T, RecordsError> {
        let json = self.load_json(stored).await?;
        serde_json::from_slice(&json).map_err(|error| {
            RecordsError::Corrupt(format!("the stored value `{}` cannot be read: {error}", stored.reference))
        })
    }

    /// The JSON of a stored value. Recently read values are in memory: the content under a hash never changes.
    pub(crate) async fn load_json<T>(&self, stored: &Stored<T>) -> Result<Vec<u8>, RecordsError> {
        // By its place, too: knowing only a hash reveals nothing.
        let name = format!("stored {} {} {}", stored.reference, stored.bytes, stored.sha256);
        if let Some(json) = self.contents.get(&name) {
            return Ok(json.to_vec());
        }
        let chunks = self.query(keys::stored_partition(&stored.reference), keys::CHUNK).await?;
        let corrupt =
            |why: &str| RecordsError::Corrupt(format!("the stored value `{}` {why}", stored.reference));
        if chunks.is_empty() {
            return Err(RecordsError::Missing(format!(
                "stored value `{}`; it may have expired",
                stored.reference
            )));
        }
        let mut compressed = Vec::new();
        for chunk in &chunks {
            let bytes = chunk.get(CHUNK_ATTRIBUTE).and_then(|bytes| bytes.as_b().ok());
            compressed.extend_from_slice(bytes.ok_or_else(|| corrupt("has a chunk without bytes"))?.as_ref());
        }
        let json = decompress(&compressed, stored.bytes.min(STORED_LIMIT as u64))
            .ok_or_else(|| corrupt("cannot be decompressed to its size"))?;
        if hex::encode(Sha256::digest(&json)) != stored.sha256 {
            return Err(corrupt("does not have its SHA-256"));
        }
        self.contents.keep(&name, &json);
        Ok(json)
    }
}

pub(crate) fn compress(bytes: &[u8]) -> Result<Vec<u8>, RecordsError> {
    if bytes.len() < COMPRESSED_FROM
        && let Ok(length) = u16::try_from(bytes.len())
    {
        return Ok(uncompressed(bytes, length));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|error| RecordsError::Invalid(format!("a value cannot be compressed: {error}")))
}

/// A gzip file (RFC 1952) with one block that is not compressed (RFC 1951, section 3.2.4).
fn uncompressed(bytes: &[u8], length: u16) -> Vec<u8> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    const LAST_BLOCK: u8 = 1;
    let mut crc = Crc::new();
    crc.update(bytes);
    let mut file = HEAD.to_vec();
    file.push(LAST_BLOCK);
    file.extend(length.to_le_bytes());
    file.extend((!length).to_le_bytes());
    file.extend(bytes);
    file.extend(crc.sum().to_le_bytes());
    file.extend(u32::from(length).to_le_bytes());
    file
}

/// The bytes, if they are exactly `size`: compressed data from outside must not fill our memory.
pub(crate) fn decompress(compressed: &[u8], size: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(compressed).take(size + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == size).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_any_length_is_what_it_was() {
        for length in [0, 1, COMPRESSED_FROM - 1, COMPRESSED_FROM, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|number| b'a' + (number % 7) as u8).collect();
            let file = compress(&bytes).unwrap();
            // What reads every kind of gzip file reads ours.
            let mut read = Vec::new();
            flate2::read::MultiGzDecoder::new(file.as_slice()).read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes);
            assert_eq!(decompress(&file, length as u64), Some(bytes));
            assert_eq!(decompress(&file, length as u64 + 1), None);
            assert!(file.len() < length + 30, "{length} became {}", file.len());
        }
    }
}
