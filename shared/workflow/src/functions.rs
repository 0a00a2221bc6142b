//! What JSONata's functions take and give.

use crate::types::{Kind, Type};
use std::fmt;

/// What a function takes in one place, as far as types can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Text,
    Number,
    Texts,
    Numbers,
    Anything,
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Texts => "a list of texts",
            Self::Numbers => "a list of numbers",
            Self::Anything => "anything",
        })
    }
}

/// The values that a function takes, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) values: Vec<Wanted>,
    /// How many at most; `None` where the last may be repeated.
    pub(crate) most: Option<usize>,
}

/// What a built-in function takes; `None` for those that Step Functions adds, which have no signature.
pub(crate) fn wanted(name: &str) -> Option<Taken> {
    let function = jlens_core::function_catalog().into_iter().find(|function| function.name == name)?;
    Some(taken(&function.signature))
}

/// Reads a signature, such as `<s-(sf)n?:a<s>>`: <https://docs.jsonata.org/embedding-extending#function-signature-syntax>.
fn taken(signature: &str) -> Taken {
    let mut values = Vec::new();
    let mut repeats = false;
    let mut rest = signature.strip_prefix('<').unwrap_or(signature).chars().peekable();
    while let Some(letter) = rest.next().filter(|letter| !matches!(letter, ':' | '>')) {
        if matches!(letter, '-' | '?' | '+') {
            repeats |= letter == '+';
            continue;
        }
        if letter == '(' {
            // One of several, which types do not tell apart.
            let _end = rest.by_ref().find(|letter| *letter == ')');
        }
        let mut inside = String::new();
        if rest.next_if_eq(&'<').is_some() {
            let mut depth = 1;
            inside.extend(rest.by_ref().take_while(|letter| {
                depth += i32::from(*letter == '<') - i32::from(*letter == '>');
                depth > 0
            }));
        }
        values.push(match (letter, inside.as_str()) {
            ('s', _) => Wanted::Text,
            ('n', _) => Wanted::Number,
            ('a', "s") => Wanted::Texts,
            ('a', "n") => Wanted::Numbers,
            _ => Wanted::Anything,
        });
    }
    let most = (!repeats).then_some(values.len());
    Taken { values, most }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use Wanted::{Anything, Number, Numbers, Text, Texts};

    #[test]
    fn signatures_say_what_is_taken() {
        for (name, values) in [
            ("uppercase", vec![Text]),
            ("substring", vec![Text, Number, Number]),
            ("replace", vec![Text, Anything, Anything, Number]),
            ("match", vec![Text, Anything, Number]),
            ("join", vec![Texts, Text]),
            ("sum", vec![Numbers]),
            ("map", vec![Anything, Anything]),
            ("number", vec![Anything]),
        ] {
            assert_eq!(wanted(name), Some(Taken { most: Some(values.len()), values }), "{name}");
        }
        assert_eq!(wanted("zip").unwrap().most, None);
        assert_eq!(wanted("uuid"), None);
    }
}
