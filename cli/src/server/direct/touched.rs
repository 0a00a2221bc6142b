//! The items that a request touches: who may send it depends on them, and a trace names their kinds.

use crate::server::call_shape::kind;
use crate::server::key_condition::{self, Conditioned};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use std::collections::HashMap;
use std::fmt;

type Item = HashMap<String, AttributeValue>;

/// The items that a request touches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Touched<'a> {
    /// These.
    Items(Vec<TouchedItem<'a>>),
    /// Some of this partition.
    Partition(&'a str),
    /// Those that an index lists in this partition of it.
    Listed {
        /// The index.
        index: &'a str,
        /// Its partition.
        partition: &'a str,
    },
}

/// One item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TouchedItem<'a> {
    /// Whether it is written.
    pub(crate) is_written: bool,
    /// The operation within a transaction.
    member: &'static str,
    /// Its partition.
    pub(crate) partition: &'a str,
    sort_key: &'a str,
}

impl<'a> Touched<'a> {
    /// What a read touches.
    ///
    /// # Errors
    /// A description of what is not understood, as for all that follow.
    pub(super) fn by_get(request: &'a GetItemInput) -> Result<Self, String> {
        one(false, request.key.as_ref())
    }

    /// What a read of several items touches.
    pub(super) fn by_batch(request: &'a BatchGetItemInput) -> Result<Self, String> {
        let keys = request.request_items.iter().flatten().flat_map(|(_, wanted)| &wanted.keys);
        some(keys.map(|key| item(false, "", Some(key))).collect::<Result<_, _>>()?)
    }

    /// What a put touches.
    pub(super) fn by_put(request: &'a PutItemInput) -> Result<Self, String> {
        one(true, request.item.as_ref())
    }

    /// What a change touches.
    pub(super) fn by_update(request: &'a UpdateItemInput) -> Result<Self, String> {
        one(true, request.key.as_ref())
    }

    /// What a removal touches.
    pub(super) fn by_delete(request: &'a DeleteItemInput) -> Result<Self, String> {
        one(true, request.key.as_ref())
    }

    /// What a transaction touches.
    pub(super) fn by_transaction(request: &'a TransactWriteItemsInput) -> Result<Self, String> {
        let members = request.transact_items.iter().flatten().map(transacted);
        some(members.collect::<Result<_, _>>()?)
    }

    /// What a query touches.
    pub(super) fn by_query(request: &'a QueryInput) -> Result<Self, String> {
        match request.index_name.as_deref() {
            Some(index) => {
                let partition = key_condition::partition(request, "gsi1pk")?;
                Ok(Self::Listed { index, partition })
            }
            None => {
                let partition = key_condition::partition(request, "pk")?;
                match request.exclusive_start_key.as_ref() {
                    Some(start) if text(start, "pk") != Some(partition) => {
                        Err("a query that continues in another partition".to_owned())
                    }
                    _ => Ok(Self::Partition(partition)),
                }
            }
        }
    }
}

fn one(is_written: bool, key: Option<&Item>) -> Result<Touched<'_>, String> {
    Ok(Touched::Items(vec![item(is_written, "", key)?]))
}

fn some(items: Vec<TouchedItem<'_>>) -> Result<Touched<'_>, String> {
    match items.is_empty() {
        true => Err("a request without items".to_owned()),
        false => Ok(Touched::Items(items)),
    }
}

fn item<'a>(
    is_written: bool,
    member: &'static str,
    key: Option<&'a Item>,
) -> Result<TouchedItem<'a>, String> {
    let partition = key.and_then(|key| text(key, "pk")).ok_or("an item without a text as its `pk`")?;
    let sort_key = key.and_then(|key| text(key, "sk")).unwrap_or_default();
    Ok(TouchedItem { is_written, member, partition, sort_key })
}

fn transacted(write: &TransactWriteItem) -> Result<TouchedItem<'_>, String> {
    match (&write.put, &write.update, &write.delete, &write.condition_check) {
        (Some(put), None, None, None) => item(true, "Put ", Some(&put.item)),
        (None, Some(update), None, None) => item(true, "Update ", Some(&update.key)),
        (None, None, Some(delete), None) => item(true, "Delete ", Some(&delete.key)),
        (None, None, None, Some(check)) => item(false, "ConditionCheck ", Some(&check.key)),
        _ => Err("an item of the transaction that is not one operation".to_owned()),
    }
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    match item.get(name)? {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

impl Conditioned for QueryInput {
    fn condition(&self) -> Option<&str> {
        self.key_condition_expression.as_deref()
    }

    fn name(&self, placeholder: &str) -> Option<&str> {
        self.expression_attribute_names.as_ref()?.get(placeholder).map(String::as_str)
    }

    fn text(&self, placeholder: &str) -> Option<&str> {
        text(self.expression_attribute_values.as_ref()?, placeholder)
    }
}

/// The kinds of the items, and nothing of what they hold.
impl fmt::Display for Touched<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Items(items) => {
                for (at, item) in items.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    let (partition, sort_key) = (kind(item.partition), kind(item.sort_key));
                    write!(formatter, "{comma}{}{partition} {sort_key}", item.member)?;
                }
                Ok(())
            }
            Self::Partition(partition) => write!(formatter, "{}…", kind(partition)),
            Self::Listed { index, partition } => write!(formatter, "{index} {}…", kind(partition)),
        }
    }
}
