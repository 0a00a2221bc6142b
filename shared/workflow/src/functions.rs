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
            Type::list(arguments.first().and_then(Type::item).cloned().unwrap_or_else(Type::any))
        }
        // A value that is not a list is joined as one item.
        "append" => {
            let items = arguments.iter().map(|given| given.item().unwrap_or(given).clone().present());
            Type::list(items.reduce(Type::or).unwrap_or_else(Type::any))
        }
        _ => Type::any(),
    }
}

/// Whether a call returns the item of a one-item list, and nothing for an empty list.
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
