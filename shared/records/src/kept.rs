//! JSON that belongs to a record and may be large: in the record's own item if it is small, otherwise stored before, by its hash, so that a
//! transaction holds only the reference.

use crate::error::RecordsError;
use crate::item::{Item, attribute, number, text, whole_number};
use crate::keys::{self, Key, PK, SK};
use crate::stored::{compress, decompress};
use crate::table::Table;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Stored;

/// More bytes than this, compressed, are stored before.
const LARGEST_INSIDE: usize = 16 * 1024;
/// No kept JSON is larger.
const LIMIT: u64 = 64 * 1024 * 1024;

const BYTES: &str = "bytes";
const SIZE: &str = "size";
const REFERENCE: &str = "stored";

impl Table {
    /// The item of `json` under `key`. If it does not fit, it is first stored for `owner`.
    pub(crate) async fn kept(
        &self,
        key: Key,
        json: &[u8],
        owner: &str,
        expires_at: i64,
    ) -> Result<Item, RecordsError> {
        let mut item = Item::from([
            (PK.to_owned(), text(key.pk)),
            (SK.to_owned(), text(key.sk)),
            (keys::EXPIRES_AT.to_owned(), number(expires_at)),
        ]);
        let compressed = compress(json)?;
        if compressed.len() <= LARGEST_INSIDE {
            item.insert(BYTES.to_owned(), AttributeValue::B(Blob::new(compressed)));
            item.insert(SIZE.to_owned(), number(json.len() as u64));
            return Ok(item);
        }
        let stored: Stored<()> = self.store_json(owner, json, &compressed, expires_at).await?;
        let reference = serde_json::to_string(&stored)
            .map_err(|error| RecordsError::Invalid(format!("a reference cannot be kept: {error}")))?;
        item.insert(REFERENCE.to_owned(), text(reference));
        Ok(item)
    }

    /// The JSON of an item that [`Table::kept`] made, byte for byte.
    pub(crate) async fn read_kept(&self, item: &Item) -> Result<Vec<u8>, RecordsError> {
        let key = attribute(item, SK).unwrap_or_default();
        let corrupt = |why: &str| RecordsError::Corrupt(format!("the record `{key}` {why}"));
        if let Some(reference) = attribute(item, REFERENCE) {
            let stored: Stored<()> =
                serde_json::from_str(reference).map_err(|_| corrupt("does not say where it is stored"))?;
            return self.load_json(&stored).await;
        }
        let size = whole_number(item, SIZE)?.min(LIMIT);
        let bytes = item.get(BYTES).and_then(|bytes| bytes.as_b().ok());
        bytes
            .and_then(|bytes| decompress(bytes.as_ref(), size))
            .ok_or_else(|| corrupt("cannot be decompressed to its size"))
    }
}
