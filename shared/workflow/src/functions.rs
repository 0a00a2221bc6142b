//! What JSONata's functions give.

use crate::types::{Kind, Type};

/// Every function that Step Functions runs.
pub(crate) fn names() -> Vec<&'static str> {
    let built_in = jlens_core::function_catalog().into_iter().map(|function| function.name);
    built_in.chain(crate::names::ADDED_FUNCTIONS).filter(|name| *name != "eval").collect()
}

/// The type of a call's value.
pub(crate) fn result(name: &str, arguments: &[Type]) -> Type {
    match name {
        "string" | "join" | "substring" | "substringBefore" | "substringAfter" | "uppercase"
        | "lowercase" | "trim" | "replace" | "pad" | "now" | "base64encode" | "base64decode"
        | "encodeUrl" | "encodeUrlComponent" | "decodeUrl" | "decodeUrlComponent" | "fromMillis"
        | "formatNumber" | "formatBase" | "formatInteger" | "hash" | "uuid" | "type" => Type::text(),
        "count" | "length" | "floor" | "ceil" | "millis" | "toMillis" | "parseInteger" => {
            Type::new(Kind::Integer)
        }
        "sum" | "number" | "abs" | "round" | "power" | "sqrt" | "random" | "max" | "min" | "average" => {
            Type::new(Kind::Number)
        }
        "contains" | "exists" | "not" | "boolean" => Type::new(Kind::Boolean),
        "split" => Type::new(Kind::List(Box::new(Type::text()))),
        "append" | "distinct" | "sort" | "reverse" | "shuffle" => match arguments.first() {
            Some(first) if matches!(first.kind, Kind::List(_)) => first.clone(),
            _ => Type::any(),
        },
        _ => Type::any(),
    }
}
