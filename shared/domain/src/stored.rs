//! Large values that are passed by reference.

use crate::text::{TextLimit, cut};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Longer strings are cut (with a note) before they are put inline in state data; in bytes of UTF-8.
pub const INLINE_STRING_LIMIT: usize = 32 * 1024;

/// The largest output of an action, in bytes of JSON. State data over 256 KiB would end an execution in a way that cannot be
/// caught: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
pub const OUTPUT_LIMIT: usize = 200 * 1024;

/// A reference to a value of type `T` kept in the table as compressed chunks. It passes whole between steps, cannot be
/// read in expressions, and is restored by the dispatcher of the action that receives it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored<T> {
    /// The key of its chunks.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its size as JSON, in bytes, before compression.
    pub bytes: u64,
    /// The SHA-256 of its JSON, in hex.
    pub sha256: String,
    #[serde(skip)]
    kind: PhantomData<fn() -> T>,
}

impl<T> Stored<T> {
    /// A reference to a value whose chunks are stored under `reference`.
    pub fn new(reference: impl Into<String>, bytes: u64, sha256: impl Into<String>) -> Self {
        Self { reference: reference.into(), bytes, sha256: sha256.into(), kind: PhantomData }
    }
}

impl<T> Clone for Stored<T> {
    fn clone(&self) -> Self {
        Self::new(self.reference.clone(), self.bytes, self.sha256.clone())
    }
}

impl<T> fmt::Debug for Stored<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Stored({}, {} bytes)", self.reference, self.bytes)
    }
}

impl<T> PartialEq for Stored<T> {
    fn eq(&self, other: &Self) -> bool {
        self.reference == other.reference && self.sha256 == other.sha256
    }
}

impl<T: JsonSchema> JsonSchema for Stored<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Stored{}", T::schema_name()).into()
    }

    /// An object that says with `x-stored` what it refers to; the compiler refuses to read inside it and compares the names.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "x-stored": T::schema_name(),
            "properties": {
                "ref": { "type": "string" },
                "bytes": { "type": "integer", "minimum": 0 },
                "sha256": { "type": "string" }
            },
            "required": ["ref", "bytes", "sha256"],
            "additionalProperties": false
        })
    }
}

/// Cuts a text to [`INLINE_STRING_LIMIT`] and notes it at the end; shorter texts are unchanged.
pub fn cut_inline(text: &str) -> String {
    cut(text, TextLimit::bytes(INLINE_STRING_LIMIT), "\n… (cut: the text is longer than 32 KiB)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_keeps_characters_whole() {
        let text = "ä".repeat(INLINE_STRING_LIMIT);
        let cut = cut_inline(&text);
        assert!(cut.len() <= INLINE_STRING_LIMIT);
        assert!(cut.ends_with("(cut: the text is longer than 32 KiB)"));
        assert_eq!(cut_inline("short"), "short");
    }
}
