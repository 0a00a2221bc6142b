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
        "split" | "keys" => Type::list(Type::text()),
        "each" | "spread" | "match" => Type::list(Type::any()),
        "zip" | "partition" => Type::list(Type::list(Type::any())),
        "range" => Type::list(Type::new(Kind::Number)),
        "map" => arguments.get(1).map_or_else(Type::any, |given| Type::list(given.clone())),
        "filter" | "distinct" | "sort" | "reverse" | "shuffle" => {
            match arguments.first().and_then(Type::item) {
                Some(item) => Type::list(item.clone()),
                None => Type::any(),
            }
        }
        "append" => match arguments {
            [one, other] => match (one.item(), other.item()) {
                (Some(one), Some(other)) => Type::list(one.clone().or(other.clone())),
                _ => Type::any(),
            },
            _ => Type::any(),
        },
        _ => Type::any(),
    }
}

/// Whether a call gives one item of its list alone, and nothing for a list without items.
pub(crate) fn unwraps(name: &str) -> bool {
    matches!(
        name,
        "append"
            | "distinct"
            | "each"
            | "filter"
            | "keys"
            | "lookup"
            | "map"
            | "match"
            | "reduce"
            | "reverse"
            | "shuffle"
            | "sift"
            | "single"
            | "sort"
            | "spread"
    )
}
