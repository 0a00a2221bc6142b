//! The input of an effect's step, so that a rollback can look for an effect whose response was lost.

use crate::error::RecordsError;
use crate::item::{Item, number, text, whole_number};
use crate::keys::{self, PK, SK};
use crate::stored::{compress, decompress};
use crate::table::Table;
use crate::write::Write;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::execution::Inverse;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;

/// The largest request that is kept, compressed, in bytes. Step Functions passes smaller payloads to a function.
const REQUEST_LIMIT: usize = 350 * 1024;

const REQUEST_ATTRIBUTE: &str = "request";
const SIZE_ATTRIBUTE: &str = "size";

/// A step's input: enough to look for its effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectRequest {
    /// The action's input.
    pub input: Value,
    /// The step's own inverse, in place of the action's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Inverse>,
}

impl EffectRequest {
    /// The write that keeps it under an effect's key; `None` if it is too large, and then the effect cannot be looked for.
    pub(crate) fn write(&self, run: &str, key: &str, expires_at: i64) -> Result<Option<Write>, RecordsError> {
        let json = serde_json::to_vec(self)
            .map_err(|error| RecordsError::Invalid(format!("a request cannot be stored: {error}")))?;
        let compressed = compress(&json)?;
        if compressed.len() > REQUEST_LIMIT {
            return Ok(None);
        }
        let key = keys::effect_request(run, key);
        let item: Item = HashMap::from([
            (PK.to_owned(), text(key.pk)),
            (SK.to_owned(), text(key.sk)),
            (REQUEST_ATTRIBUTE.to_owned(), AttributeValue::B(Blob::new(compressed))),
            (SIZE_ATTRIBUTE.to_owned(), number(json.len() as u64)),
            (keys::EXPIRES_AT.to_owned(), number(expires_at)),
        ]);
        Ok(Some(Write::Put { item, condition: None }))
    }
}

impl Table {
    /// The input of the step under the key; `None` if it was not kept.
    ///
    /// # Errors
    /// [`RecordsError::Corrupt`] when it cannot be read; [`RecordsError`] when the table does not answer.
    pub async fn effect_request(&self, run: &str, key: &str) -> Result<Option<EffectRequest>, RecordsError> {
        let item = self.get(keys::effect_request(run, key)).await?;
        item.map(|item| request_in(&item, key)).transpose()
    }
}

/// The request of the effect with this key, from its item.
pub(crate) fn request_in(item: &Item, key: &str) -> Result<EffectRequest, RecordsError> {
    let corrupt = || RecordsError::Corrupt(format!("the request of effect `{key}` cannot be read"));
    let bytes = item.get(REQUEST_ATTRIBUTE).and_then(|bytes| bytes.as_b().ok()).ok_or_else(corrupt)?;
    let json = decompress(bytes.as_ref(), whole_number(item, SIZE_ATTRIBUTE)?).ok_or_else(corrupt)?;
    serde_json::from_slice(&json).map_err(|_| corrupt())
}
