//! The inputs of a workflow as expressions read them.

use super::lowered::{EXECUTION_INPUT, Lowered, literal_text};
use crate::types::{Kind, Type};
use domain::routes::{InputSchema, InputType};
use serde_json::Value;
use std::sync::Arc;

/// An input of the workflow, declared or found.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) schema: InputSchema,
    pub(crate) kind: Type,
}

impl Input {
    pub(crate) fn new(schema: InputSchema) -> Self {
        let mut kind = match schema.kind {
            InputType::String => Type::new(Kind::Text(
                schema.one_of.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            )),
            InputType::Number => Type::new(Kind::Number),
            InputType::Integer => Type::new(Kind::Integer),
            InputType::Boolean => Type::new(Kind::Boolean),
            InputType::Object => Type::new(Kind::Object(Arc::new(crate::types::ObjectType {
                open: true,
                ..Default::default()
            }))),
            InputType::Array => Type::new(Kind::List(Box::new(Type::any()))),
            InputType::Any => Type::any(),
        };
        kind.nullable = schema.optional && schema.default.is_none();
        Self { schema, kind }
    }

    pub(super) fn lowered(&self, name: &str) -> Lowered {
        let plain = Lowered::simple(format!("{EXECUTION_INPUT}.inputs.{name}"), self.kind.clone());
        match &self.schema.default {
            Some(default) => Lowered { text: plain.or_else(&literal_text(default)), ..plain },
            None if self.schema.optional => Lowered { text: plain.or_else("null"), ..plain },
            None => plain,
        }
    }
}
