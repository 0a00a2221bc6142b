//! Items, their attributes, and the translation between them and our records.

use crate::error::RecordsError;
use crate::keys::{EXPIRES_AT, GSI1_PK, GSI1_SK, Key, PK, SK, listed_at};
use crate::timestamp::fixed_width;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub(crate) fn moment(at: Timestamp) -> AttributeValue {
    AttributeValue::S(fixed_width(at))
}

/// The record as an item under its key, expiring where `expires_at` says so.
pub(crate) fn to_item<T: Serialize>(
    record: &T,
    key: Key,
    expires_at: Option<i64>,
) -> Result<Item, RecordsError> {
    let mut item: Item = serde_dynamo::aws_sdk_dynamodb_1::to_item(record)
        .map_err(|error| RecordsError::Invalid(format!("a record cannot be stored: {error}")))?;
    item.insert(PK.to_owned(), text(key.pk));
    item.insert(SK.to_owned(), text(key.sk));
    if let Some(expires_at) = expires_at {
        item.insert(EXPIRES_AT.to_owned(), number(expires_at));
    }
    Ok(item)
}

/// Puts an item into a listing.
pub(crate) fn listed(mut item: Item, partition: &str, at: Timestamp, id: &str) -> Item {
    item.insert(GSI1_PK.to_owned(), text(partition));
    item.insert(GSI1_SK.to_owned(), text(listed_at(at, id)));
    item
}

/// The record in an item. The error names the item by its sort key and holds none of its contents.
pub(crate) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, RecordsError> {
    let key = attribute(&item, SK).unwrap_or_default().to_owned();
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
        .map_err(|error| RecordsError::Corrupt(format!("the record `{key}` cannot be read: {error}")))
}

/// A text attribute.
pub(crate) fn attribute<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Whether this is the item's key.
pub(crate) fn is_under(item: &Item, key: &Key) -> bool {
    attribute(item, PK) == Some(&key.pk) && attribute(item, SK) == Some(&key.sk)
}

/// A whole-number attribute; zero when it is absent.
pub(crate) fn whole_number(item: &Item, name: &str) -> Result<u64, RecordsError> {
    match item.get(name) {
        None => Ok(0),
        Some(value) => value
            .as_n()
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| RecordsError::Corrupt(format!("the attribute `{name}` is not a whole number"))),
    }
}
