//! What JSONata's functions take and give.

use crate::types::{Kind, Type};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// What the functions that Step Functions adds to JSONata take: <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>.
/// JSONata's own `$random` takes nothing.
const ADDED: [(&str, &str); 6] = [
    ("hash", "<xs:s>"),
    ("parse", "<s:x>"),
    ("partition", "<xn:a<a>>"),
    ("random", "<n?:n>"),
    ("range", "<nnn:a<n>>"),
    ("uuid", "<:s>"),
];

/// The parameters of every function that Step Functions runs, by its name.
static CATALOG: LazyLock<BTreeMap<&'static str, Vec<Parameter>>> = LazyLock::new(|| {
    let built_in = jlens_core::function_catalog().into_iter().filter(|function| function.name != "eval");
    let built_in = built_in.map(|function| (function.name, parameters_of(&function.signature)));
    let added = ADDED.map(|(name, signature)| (name, parameters_of(signature)));
    built_in.chain(added).collect()
});

/// One parameter of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// The kinds of values that it takes, in the letters of signatures: `s`, `n`, `b`, `a`, `o`, `f`, or `x` for any of them.
    kinds: String,
    /// The kind of the items, if it takes a list of one kind.
    items: Option<char>,
    /// Whether a function that it takes finds matches in a text, as a regular expression does.
    finds_matches: bool,
    pub(crate) optional: bool,
    /// Whether several values can be given for it.
    pub(crate) repeats: bool,
    /// Whether the value around the call is used if it is not given, as in `title.$substring(0, 3)`.
    pub(crate) from_context: bool,
}

/// A value that a function is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument<'t> {
    pub(crate) kind: &'t Type,
    /// Whether it is a function or a regular expression, which have no types.
    pub(crate) is_function: bool,
}

impl Parameter {
    /// Whether a value of this type may be taken. [`Self::takes_null`] decides about `null`.
    pub(crate) fn takes(&self, given: Argument<'_>) -> bool {
        match given.is_function {
            true => self.kinds.contains(['f', 'x']),
            false => self.takes_type(given.kind),
        }
    }

    fn takes_type(&self, kind: &Type) -> bool {
        let is_list = self.kinds == "a";
        // One value is taken as a list of it.
        let takes = |letter: char| {
            self.kinds.contains([letter, 'x', 'j']) || is_list && self.items.is_none_or(|item| item == letter)
        };
        match &kind.kind {
            Kind::Any | Kind::Null | Kind::Stored(_) => true,
            Kind::OneOf(options) => options.iter().any(|option| self.takes_type(option)),
            Kind::Text(_) => takes('s'),
            Kind::Integer | Kind::Number => takes('n'),
            Kind::Boolean => takes('b'),
            Kind::Object(_) => takes('o'),
            Kind::List(item) => match self.items.filter(|_| is_list) {
                Some(letter) => is_of_kind(item, letter),
                None => self.takes_lists(),
            },
        }
    }

    /// Whether `null` is one of the values that it takes.
    pub(crate) fn takes_null(&self) -> bool {
        self.kinds.contains(['x', 'j']) || (self.kinds == "a" && self.items.is_none())
    }

    /// Whether it takes a list whose items are all of one kind, of which `null` is none.
    pub(crate) fn is_list_of_one_kind(&self) -> bool {
        self.kinds == "a" && self.items.is_some_and(|item| !matches!(item, 'x' | 'j'))
    }

    /// Whether a list may be given for it.
    pub(crate) fn takes_lists(&self) -> bool {
        self.kinds.contains(['x', 'j', 'a'])
    }

    /// Whether text may be given for it.
    pub(crate) fn takes_text(&self) -> bool {
        self.kinds.contains(['x', 'j', 's'])
    }

    /// Whether numbers may be given for it.
    pub(crate) fn takes_numbers(&self) -> bool {
        self.kinds.contains(['x', 'j', 'n'])
    }

    /// Whether it must be given. `has_context` says whether the value around the call could be used instead.
    pub(crate) fn is_needed(&self, has_context: bool) -> bool {
        !(self.optional || self.from_context && has_context)
    }
}

/// Whether all values of a type may be of the kind that a letter means.
fn is_of_kind(kind: &Type, letter: char) -> bool {
    match &kind.kind {
        Kind::Any | Kind::Null | Kind::Stored(_) => true,
        Kind::OneOf(options) => options.iter().any(|option| is_of_kind(option, letter)),
        Kind::Text(_) => letter == 's',
        Kind::Integer | Kind::Number => letter == 'n',
        Kind::Boolean => letter == 'b',
        Kind::Object(_) => letter == 'o',
        Kind::List(_) => letter == 'a',
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(item) = self.items.filter(|_| self.kinds == "a") {
            return formatter.write_str(match item {
                's' => "a list of texts",
                'n' => "a list of numbers",
                'o' => "a list of objects",
                _ => "a list",
            });
        }
        let words: Vec<&str> = self.kinds.chars().map(|kind| self.word(kind)).collect();
        formatter.write_str(&words.join(" or "))
    }
}

impl Parameter {
    fn word(&self, kind: char) -> &'static str {
        match kind {
            's' => "text",
            'n' => "a number",
            'b' => "a boolean",
            'a' => "a list",
            'o' => "an object",
            'f' if self.finds_matches => "a regular expression",
            'f' => "a function",
            _ => "anything",
        }
    }
}

/// Where a function's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taking {
    /// All are given.
    Given,
    /// The first is the value around the call.
    FromContext,
}

/// The parameters of a function; `None` if there is no function of this name.
pub(crate) fn parameters(name: &str) -> Option<&'static [Parameter]> {
    CATALOG.get(name).map(Vec::as_slice)
}

/// How JSONata distributes values among parameters, in the order in which it tries: each parameter takes as much as it can. `None` if
/// that is impossible.
pub(crate) fn taking(parameters: &[Parameter], given: &[Argument<'_>]) -> Option<Taking> {
    let first = for_first(parameters, given)?;
    let from_context = first == 0 && parameters.first().is_some_and(|parameter| parameter.from_context);
    Some(if from_context { Taking::FromContext } else { Taking::Given })
}

/// How many values the first parameter takes so that the others take the rest.
fn for_first(parameters: &[Parameter], given: &[Argument<'_>]) -> Option<usize> {
    let Some((first, rest)) = parameters.split_first() else { return given.is_empty().then_some(0) };
    let most = if first.repeats { given.len() } else { given.len().min(1) };
    let least = usize::from(!first.optional && !first.from_context);
    let fitting = given.iter().take(most).take_while(|given| first.takes(**given)).count();
    (least..=fitting).rev().find(|count| for_first(rest, &given[*count..]).is_some())
}

/// Reads a signature, such as `<s-(sf)n?:a<s>>`: <https://docs.jsonata.org/embedding-extending#function-signature-syntax>.
fn parameters_of(signature: &str) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut rest = signature.strip_prefix('<').unwrap_or(signature).chars().peekable();
    while let Some(letter) = rest.next().filter(|letter| !matches!(letter, ':' | '>')) {
        if let ('-' | '?' | '+', Some(last)) = (letter, parameters.last_mut()) {
            last.from_context |= letter == '-';
            last.optional |= letter == '?';
            last.repeats |= letter == '+';
            continue;
        }
        let kinds = match letter {
            '(' => rest.by_ref().take_while(|letter| *letter != ')').collect(),
            letter => letter.to_string(),
        };
        let mut inside = String::new();
        if rest.next_if_eq(&'<').is_some() {
            let mut depth = 1;
            inside.extend(rest.by_ref().take_while(|letter| {
                depth += i32::from(*letter == '<') - i32::from(*letter == '>');
                depth > 0
            }));
        }
        // The second choice of text or a function is the replacement for each match.
        let is_choice = kinds == "sf" && parameters.iter().all(|earlier| earlier.kinds != kinds);
        parameters.push(Parameter {
            items: inside.chars().next(),
            finds_matches: is_choice || (kinds == "f" && !inside.is_empty()),
            kinds,
            optional: false,
            repeats: false,
            from_context: false,
        });
    }
    parameters
}

/// Whether Step Functions runs a function of this name.
pub(crate) fn exists(name: &str) -> bool {
    CATALOG.contains_key(name)
}

/// Every function that Step Functions runs.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CATALOG.keys().copied()
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
        "single" => arguments.first().map_or_else(Type::any, |given| given.item().unwrap_or(given).clone()),
        "zip" | "partition" => Type::list(Type::list(Type::any())),
        "range" => Type::list(Type::new(Kind::Number)),
        "map" => arguments.get(1).map_or_else(Type::any, |given| Type::list(given.clone())),
        "filter" | "distinct" | "sort" | "reverse" | "shuffle" => {
            Type::list(arguments.first().and_then(Type::item).cloned().unwrap_or_else(Type::any))
        }
        // It looks in each item of a list.
        "lookup" if matches!(arguments.first(), Some(Type { kind: Kind::List(_), .. })) => {
            Type::list(Type::any())
        }
        // A value that is not a list is joined as one item.
        "append" => {
            let items = arguments.iter().map(|given| given.item().unwrap_or(given).clone().present());
            Type::list(items.reduce(Type::or).unwrap_or_else(Type::any))
        }
        _ => Type::any(),
    }
}

/// The types of the arguments with which a function such as `$map` calls its second argument, if `first` is its first one.
pub(crate) fn given_to_function(name: &str, first: &Type) -> Vec<Type> {
    let item = || first.item().cloned().unwrap_or_else(|| first.clone().present());
    let place = || Type::new(Kind::Integer);
    match name {
        "map" | "filter" | "single" => vec![item(), place()],
        "reduce" => vec![Type::any(), item(), place()],
        "sort" => vec![item(), item()],
        "each" | "sift" => vec![Type::any(), Type::text()],
        _ => Vec::new(),
    }
}

/// Whether a call may return nothing although its arguments are present, other than as an empty list, which [`unwraps`] tells.
pub(crate) fn may_find_nothing(name: &str) -> bool {
    matches!(name, "assert" | "average" | "lookup" | "max" | "min" | "reduce" | "sift" | "single")
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

    fn told(name: &str) -> String {
        let parameters = parameters(name).unwrap();
        parameters.iter().map(Parameter::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn signatures_say_what_is_taken() {
        for (name, expected) in [
            ("uppercase", "text"),
            ("substring", "text; a number; a number"),
            ("replace", "text; text or a regular expression; text or a function; a number"),
            ("match", "text; a regular expression; a number"),
            ("join", "a list of texts; text"),
            ("sum", "a list of numbers"),
            ("map", "a list; a function"),
            ("each", "an object; a function"),
            ("number", "a number or text or a boolean"),
            ("range", "a number; a number; a number"),
            ("uuid", ""),
        ] {
            assert_eq!(told(name), expected, "{name}");
        }
        assert!(parameters("zip").unwrap()[0].repeats);
        assert!(parameters("substring").unwrap()[2].optional);
        assert!(parameters("eval").is_none() && parameters("nope").is_none());
    }

    /// As JSONata's own matching: the value around a call is taken where the given ones leave its place free.
    #[test]
    fn the_value_around_a_call_is_taken_where_it_is_not_given() {
        let (text, number, any) = (Type::text(), Type::new(Kind::Number), Type::any());
        let taken = |name: &str, kinds: &[&Type]| {
            let given: Vec<_> = kinds.iter().map(|kind| Argument { kind, is_function: false }).collect();
            taking(parameters(name).unwrap(), &given)
        };
        let (given, from_context) = (Some(Taking::Given), Some(Taking::FromContext));
        assert_eq!(taken("substring", &[&text, &number]), given);
        assert_eq!(taken("substring", &[&number, &number]), from_context);
        assert_eq!(taken("substring", &[&number]), from_context);
        assert_eq!(taken("substring", &[&text]), None);
        assert_eq!(taken("contains", &[&text]), from_context);
        assert_eq!(taken("contains", &[&any, &text]), given);
        assert_eq!(taken("uppercase", &[]), from_context);
        // A number is its own here, and the precision is absent.
        assert_eq!(taken("round", &[&number]), given);
        assert_eq!(taken("zip", &[&text, &text, &text]), given);
        assert_eq!(taken("zip", &[]), None);
        assert_eq!(taken("join", &[]), None);
    }
}
