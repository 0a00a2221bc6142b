//! Checks values against their expected types, and writes them as JSONata or as JSON for a definition.

use crate::catalog::Catalog;
use crate::diagnostic::Problems;
use crate::environment::Environment;
use crate::expression::string_literal;
use crate::in_text::not_for_text;
use crate::model::{Form, Given, Part, Workflow};
use crate::provenance::{Fencing, Provenance};
use crate::scope::{Found, Lowered, Scope, Unknown, Written, literal_text};
use crate::source::Span;
use crate::types::{Field, Kind, ObjectType, Type};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Step Functions runs out of stack on long chains of `&`; beyond this many pieces `$join` takes over.
const LONGEST_CHAIN: usize = 16;
/// Definitions that name each other may not grow beyond this, in bytes.
const EXPANSION_LIMIT: usize = 64 * 1024;

/// Each definition that names another nests the expression deeper.
const DEEPEST_DEFINITION: usize = 32;

/// Walks through a workflow, with the names that are defined at each point.
pub(crate) struct Checker<'c, 's> {
    pub(crate) scope: Scope<'c>,
    pub(crate) problems: &'c mut Problems<'s>,
    pub(crate) catalog: &'c Catalog,
    pub(crate) environment: &'c Environment,
    /// The file's name, for comments in the definition.
    pub(crate) file: &'c str,
    /// The states of all steps; the compiler's own have other names.
    pub(crate) states: BTreeSet<String>,
    pub(crate) provenance: Provenance,
    /// How outside text is fenced when a model follows the result.
    pub(crate) fencing: Option<Fencing>,
}

impl<'c> Checker<'c, '_> {
    /// The meaning of a path's first names here, with definitions replaced.
    pub(crate) fn look_up(&mut self, path: &[&str]) -> Result<Found, Unknown> {
        let Some((name, given)) = path.first().and_then(|name| self.scope.definitions.get_key_value(*name))
        else {
            return self.scope.find(path);
        };
        let (name, given): (&'c str, &'c Given) = (name, given);
        if let Some(lowered) = self.scope.expanded.get(name) {
            return Ok(Found { names: 1, lowered: lowered.clone() });
        }
        let unusable = Lowered::simple("null", Type::any());
        // A cycle was reported at its definition.
        if self.scope.expanding.contains(&name) {
            return Ok(Found { names: 1, lowered: unusable });
        }
        if self.scope.expanding.len() >= DEEPEST_DEFINITION {
            self.problems
                .error(
                    given.span,
                    format!("definitions name each other more than {DEEPEST_DEFINITION} deep here"),
                )
                .help(
                    "Step Functions cannot evaluate expressions nested this deeply: `set` some of them in a step",
                );
            self.scope.expanded.insert(name, unusable.clone());
            return Ok(Found { names: 1, lowered: unusable });
        }
        self.scope.expanding.push(name);
        let mut lowered = self.text_of(given);
        self.scope.expanding.pop();
        if lowered.text.len() > EXPANSION_LIMIT {
            self.problems.error(
                given.span,
                format!("`{name}` grows to more than {EXPANSION_LIMIT} bytes where it is used"),
            );
            lowered = unusable;
        }
        self.scope.expanded.insert(name, lowered.clone());
        Ok(Found { names: 1, lowered })
    }

    /// An unused definition is not resolved, but must be JSONata all the same.
    pub(crate) fn unused_definitions(&mut self, workflow: &Workflow) {
        for expression in workflow.definitions.iter().flat_map(|(_, given)| given.expressions()) {
            if let Err(refusal) = crate::expression::parse(&expression.value) {
                self.refuse(expression, refusal);
            }
        }
    }

    /// A value as JSONata.
    pub(crate) fn text_of(&mut self, given: &Given) -> Lowered {
        match &given.form {
            Form::Literal(value) => Lowered::simple(value.to_string(), type_of_literal(value)),
            Form::Text(parts) => match parts.as_slice() {
                [Part::Expression(expression)] => self.expression(expression),
                [Part::Literal(text)] => {
                    Lowered::simple(string_literal(text), Type::new(Kind::Text(vec![text.clone()])))
                }
                parts => {
                    let text = self.joined(parts);
                    Lowered { simple: text.starts_with("$join("), ..Lowered::simple(text, Type::text()) }
                }
            },
            Form::List(items) => {
                let mut texts = Vec::new();
                let mut kinds = Vec::new();
                for item in items {
                    let lowered = self.kept(item);
                    // An undefined item would make the list shorter.
                    let text = if lowered.partial { lowered.or_else("null") } else { lowered.text };
                    let is_list = matches!(lowered.kind.kind, Kind::List(_))
                        && !lowered.kind.may_be_null()
                        && !lowered.partial;
                    // JSONata joins a list with the list around it unless it is written as one.
                    let is_safe = lowered.written == Written::List || !lowered.kind.kind.may_be_list();
                    texts.push(match (is_safe, is_list) {
                        (true, _) => text,
                        (false, true) => format!("[{text}]"),
                        (false, false) => {
                            format!("($item := {text}; $type($item) = 'array' ? [[$item]] : $item)")
                        }
                    });
                    kinds.push(lowered.kind);
                }
                let item = kinds.into_iter().reduce(Type::or).unwrap_or_else(Type::any);
                Lowered::list(format!("[{}]", texts.join(", ")), Type::list(item))
            }
            Form::Map(entries) => {
                let mut pairs = Vec::new();
                let mut fields = Vec::new();
                for (key, value) in entries {
                    let lowered = self.kept(value);
                    let text = if lowered.partial { lowered.or_else("null") } else { lowered.text };
                    pairs.push(format!("{}: {text}", string_literal(&key.value)));
                    fields.push((key.value.clone(), lowered.kind));
                }
                Lowered::simple(format!("{{{}}}", pairs.join(", ")), Type::object(fields))
            }
        }
    }

    /// A value that something keeps, as JSONata: a list stays a list.
    pub(crate) fn kept(&mut self, given: &Given) -> Lowered {
        let lowered = self.text_of(given);
        lowered.into_kept()
    }

    /// Text and expressions as one text, in which absent values are empty.
    fn joined(&mut self, parts: &[Part]) -> String {
        let long = parts.len() > LONGEST_CHAIN;
        let pieces: Vec<String> = parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => string_literal(text),
                Part::Expression(expression) => {
                    let lowered = match self.fencing {
                        Some(_) => self.fencing(Fencing::Part, |checker| checker.expression(expression)),
                        None => self.expression(expression),
                    };
                    if let Some((message, help)) = not_for_text(&lowered.kind) {
                        self.problems.error(expression.span, message).help(help);
                    }
                    let unsure =
                        lowered.partial || lowered.kind.may_be_null() || lowered.kind.kind == Kind::Any;
                    let text = if unsure { lowered.or_else("''") } else { lowered.enclosed() };
                    let is_text = matches!(lowered.kind.kind, Kind::Text(_));
                    if long && !is_text { format!("$string({text})") } else { text }
                }
            })
            .collect();
        if long { format!("$join([{}], '')", pieces.join(", ")) } else { pieces.join(" & ") }
    }

    /// A value as it is in a definition, with its type.
    pub(crate) fn value(&mut self, given: &Given) -> (Value, Type) {
        match &given.form {
            Form::Literal(value) => (value.clone(), type_of_literal(value)),
            Form::Text(_) => match given.literal_text() {
                Some(text) => (literal_json(&text), Type::new(Kind::Text(vec![text]))),
                None => {
                    let lowered = self.kept(given);
                    let text = if lowered.partial { lowered.or_else("null") } else { lowered.text };
                    (evaluated(&text), lowered.kind)
                }
            },
            Form::List(items) => {
                let (values, kinds): (Vec<Value>, Vec<Type>) =
                    items.iter().map(|item| self.value(item)).unzip();
                let item = kinds.into_iter().reduce(Type::or).unwrap_or_else(Type::any);
                (Value::Array(values), Type::new(Kind::List(Box::new(item))))
            }
            Form::Map(entries) => {
                let mut fields = Map::new();
                let mut kinds = Vec::new();
                for (key, given) in entries {
                    let (value, kind) = self.value(given);
                    fields.insert(key.value.clone(), value);
                    kinds.push((key.value.clone(), kind));
                }
                (Value::Object(fields), Type::object(kinds))
            }
        }
    }

    /// A value where `expected` is asked for; a misfit is reported. `what` names the place: an input's name in backticks.
    pub(crate) fn fit(&mut self, given: &Given, expected: &Type, required: bool, what: &str) -> Value {
        match (&given.form, &expected.kind) {
            (Form::Map(entries), Kind::Object(object)) if !object.fields.is_empty() => {
                self.fit_fields(entries, object, given.span, what)
            }
            (Form::List(items), Kind::List(item)) => {
                items.iter().map(|given| self.fit(given, item, true, &format!("an item of {what}"))).collect()
            }
            (Form::Text(_), wanted) if given.literal_text().is_none() => {
                let mut lowered = self.text_of(given);
                // JSONata's own treatment of one item or none is kept only if no list is expected.
                if expected.item().is_some() {
                    lowered = lowered.into_list();
                } else if *wanted == Kind::Any {
                    lowered = lowered.into_kept();
                }
                self.judge(given, &lowered.kind, expected, required, what);
                evaluated(&if lowered.partial { lowered.or_else("null") } else { lowered.text })
            }
            _ => {
                let (value, kind) = self.value(given);
                self.judge(given, &kind, expected, required, what);
                value
            }
        }
    }

    fn fit_fields(
        &mut self,
        entries: &[(crate::source::Spanned<String>, Given)],
        object: &ObjectType,
        span: Span,
        what: &str,
    ) -> Value {
        let mut fields = Map::new();
        for (key, given) in entries {
            match object.find(&key.value) {
                Some((name, Field { kind, required, .. })) => {
                    let value = self.fit(given, kind, *required, &format!("`{}`", key.value));
                    fields.insert(name.to_owned(), value);
                }
                None if object.open => {
                    fields.insert(key.value.clone(), self.value(given).0);
                }
                None => {
                    self.problems
                        .error(key.span, format!("{what} has no field `{}`", key.value))
                        .accepted(&key.value, object.fields.keys().map(String::as_str));
                }
            }
        }
        for (name, field) in &object.fields {
            if field.required && !fields.contains_key(name) {
                self.problems.error(span, format!("{what} needs `{name}`: {}", field.kind));
            }
        }
        Value::Object(fields)
    }

    pub(crate) fn judge(&mut self, given: &Given, kind: &Type, expected: &Type, required: bool, what: &str) {
        if let (Some(text), Kind::Text(accepted)) = (given.literal_text(), &expected.kind)
            && !accepted.is_empty()
        {
            if !accepted.contains(&text) {
                self.problems
                    .error(given.span, format!("`{text}` is not a value of {what}"))
                    .accepted(&text, accepted.iter().map(String::as_str));
            }
            return;
        }
        let takes_null = expected.nullable || !required || expected.kind == Kind::Any;
        if kind.kind == Kind::Null {
            if !takes_null {
                self.problems
                    .error(given.span, format!("{what} cannot be `null`"))
                    .help(format!("it takes {expected}"));
            }
            return;
        }
        if !kind.fits(expected) {
            let is = if given.literal_text().is_some() { "text".to_owned() } else { kind.to_string() };
            let number_for_text = matches!(kind.kind, Kind::Integer | Kind::Number | Kind::Boolean)
                && matches!(expected.kind, Kind::Text(_));
            let diagnostic =
                self.problems.error(given.span, format!("{what} takes {expected}, but this is {is}"));
            let name = match &given.form {
                Form::Map(entries) => match entries.as_slice() {
                    [(name, Given { form: Form::Literal(Value::Null), .. })] => Some(&name.value),
                    _ => None,
                },
                _ => None,
            };
            match &kind.kind {
                _ if name.is_some() => {
                    let name = name.map(String::as_str).unwrap_or_default();
                    diagnostic.help(format!("for the value of `{name}`, write `\"${{{name}}}\"` in quotes"));
                }
                _ if number_for_text && given.expressions().is_empty() => {
                    diagnostic.help("put it in quotes");
                }
                Kind::Object(object) if !object.fields.is_empty() => {
                    let names: Vec<&str> = object.fields.keys().map(String::as_str).collect();
                    diagnostic.help(format!("its fields: {}", names.join(", ")));
                }
                _ => {}
            }
        } else if kind.may_be_null() && !takes_null {
            let message = format!("{what} must not be `null`, but this may be{}", kind.why_absent());
            let help = "give another value for that case: `${ x != null ? x : 'something' }`, or put the same `when:` on this step";
            match kind.absence {
                Some(_) => self.problems.error(given.span, message).help(help),
                None => self
                    .problems
                    .warning(given.span, message)
                    .help("give another value for that case: `${ x != null ? x : 'something' }`"),
            };
        }
    }
}

/// The type of a value written in the file.
fn type_of_literal(value: &Value) -> Type {
    match value {
        Value::Null => Type::null(),
        Value::Bool(_) => Type::new(Kind::Boolean),
        Value::Number(number) if number.is_f64() => Type::new(Kind::Number),
        Value::Number(_) => Type::new(Kind::Integer),
        Value::String(text) => Type::new(Kind::Text(vec![text.clone()])),
        Value::Array(_) | Value::Object(_) => Type::any(),
    }
}

/// JSONata between its borders.
pub(crate) fn evaluated(text: &str) -> Value {
    Value::String(format!("{{% {text} %}}"))
}

/// A text that a definition gives back exactly: what would start a substitution or look like an expression is written as one.
pub(crate) fn literal_json(text: &str) -> Value {
    if text.contains("${") || text.starts_with("{%") || text.ends_with("%}") {
        return evaluated(&literal_text(&text.into()));
    }
    text.into()
}

/// A text for people that no substitution touches.
pub(crate) fn comment(text: &str) -> String {
    text.replace("${", "$ {")
}
