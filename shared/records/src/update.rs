//! A change of one item, as DynamoDB's expressions say it.

use crate::keys::Key;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// A change of one item.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) key: Key,
    pub(crate) update: String,
    pub(crate) condition: Option<String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Update {
    pub(crate) fn new(key: Key, update: impl Into<String>) -> Self {
        Self { key, update: update.into(), condition: None, values: HashMap::new() }
    }

    pub(crate) fn condition(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    pub(crate) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// Everything that names attributes.
    pub(crate) fn expressions(&self) -> String {
        format!("{} {}", self.update, self.condition.as_deref().unwrap_or_default())
    }
}
