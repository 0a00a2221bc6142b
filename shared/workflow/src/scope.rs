//! What names mean at one point of a workflow.

use crate::diagnostic::nearest;
use crate::model::{Given, Workflow};
use crate::source::{Span, Spanned};
use crate::types::{Kind, Type};
use domain::routes::{InputSchema, InputType};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Where an execution's input stands.
pub(crate) const EXECUTION_INPUT: &str = "$states.context.Execution.Input";

/// An expression that was checked and rewritten into what Step Functions evaluates.
#[derive(Debug, Clone)]
pub(crate) struct Lowered {
    pub(crate) text: String,
    /// Whether it can stand inside another expression without parentheses.
    pub(crate) simple: bool,
    pub(crate) kind: Type,
    /// Whether it may be undefined, because it reads through something that may be `null`.
    pub(crate) partial: bool,
}

impl Lowered {
    pub(crate) fn simple(text: impl Into<String>, kind: Type) -> Self {
        Self { text: text.into(), simple: true, kind, partial: false }
    }

    /// The text, in parentheses where they are needed.
    pub(crate) fn enclosed(&self) -> String {
        if self.simple { self.text.clone() } else { format!("({})", self.text) }
    }

    /// The text made total: `null` and undefined become `otherwise`.
    pub(crate) fn or_else(&self, otherwise: &str) -> String {
        let value = self.enclosed();
        format!("({value} != null ? {value} : {otherwise})")
    }
}

/// An input of the workflow, declared or found.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) schema: InputSchema,
    pub(crate) kind: Type,
}

/// Everything that has a name. Built once from the whole workflow, then carried along its steps.
pub(crate) struct Scope<'w> {
    pub(crate) definitions: BTreeMap<&'w str, &'w Given>,
    pub(crate) inputs: BTreeMap<String, Input>,
    /// Inputs that only `context.x` names.
    pub(crate) context_inputs: BTreeSet<String>,
    /// Output fields that stand for the variable path which received them.
    pub(crate) aliases: BTreeMap<String, Vec<String>>,
    /// Output fields that could stand for several variables, and so stand for none.
    pub(crate) ambiguous: BTreeMap<String, Vec<String>>,
    /// Which step sets each variable, wherever it is.
    pub(crate) setters: BTreeMap<String, String>,
    pub(crate) steps: Vec<&'w str>,
    /// What is set by now.
    pub(crate) variables: BTreeMap<String, Type>,
    /// Every variable path that something read.
    pub(crate) reads: BTreeSet<Vec<String>>,
    /// What the last step's result gives, for the outputs that stand in the same state.
    pub(crate) result: BTreeMap<Vec<String>, String>,
    /// The condition under which the present step runs.
    pub(crate) guard: Option<String>,
    /// Definitions being replaced at the moment, outermost first.
    pub(crate) expanding: Vec<&'w str>,
    pub(crate) expanded: HashMap<&'w str, Lowered>,
}

/// What a path's first names were found to mean.
pub(crate) struct Found {
    /// How many names of the path it takes.
    pub(crate) names: usize,
    pub(crate) lowered: Lowered,
}

/// Why a name means nothing here.
pub(crate) struct Unknown {
    pub(crate) message: String,
    pub(crate) nearest: Option<String>,
    pub(crate) help: Option<String>,
}

impl<'w> Scope<'w> {
    pub(crate) fn new(workflow: &'w Workflow) -> Self {
        Self {
            definitions: workflow
                .definitions
                .iter()
                .map(|(name, given)| (name.value.as_str(), given))
                .collect(),
            inputs: BTreeMap::new(),
            context_inputs: BTreeSet::new(),
            aliases: BTreeMap::new(),
            ambiguous: BTreeMap::new(),
            setters: BTreeMap::new(),
            steps: crate::model::all(&workflow.steps)
                .into_iter()
                .map(|step| step.name.value.as_str())
                .collect(),
            variables: BTreeMap::new(),
            reads: BTreeSet::new(),
            result: BTreeMap::new(),
            guard: None,
            expanding: Vec::new(),
            expanded: HashMap::new(),
        }
    }

    /// Whether the name is claimed by something other than an undeclared input.
    pub(crate) fn defines(&self, name: &str) -> bool {
        self.definitions.contains_key(name)
            || self.aliases.contains_key(name)
            || self.setters.contains_key(name)
            || self.inputs.contains_key(name)
    }

    /// What the names of a path mean, definitions excepted.
    pub(crate) fn find(&mut self, names: &[&str]) -> Result<Found, Unknown> {
        let Some((first, fields)) = names.split_first() else {
            return Err(Unknown { message: "a name is missing".to_owned(), nearest: None, help: None });
        };
        if *first == "context" {
            return self.find_in_context(fields);
        }
        if self.variables.contains_key(*first) {
            return Ok(self.variable(vec![(*first).to_owned()], fields));
        }
        if let Some(path) = self.aliases.get(*first)
            && self.variables.contains_key(&path[0])
        {
            return Ok(self.variable(path.clone(), fields));
        }
        if let Some(input) = self.inputs.get(*first) {
            return Ok(Found { names: 1, lowered: input.lowered(first) });
        }
        Err(self.unknown(first))
    }

    /// Forgets replaced definitions: what they mean may have changed.
    pub(crate) fn changed(&mut self) {
        self.expanded.clear();
    }

    fn variable(&mut self, base: Vec<String>, fields: &[&str]) -> Found {
        let mut path = base.clone();
        path.extend(fields.iter().map(|field| (*field).to_owned()));
        let mut kind = self.variables.get(&path[0]).cloned().unwrap_or_else(Type::any);
        for field in &base[1..] {
            kind = kind.field(field).unwrap_or_else(Type::any);
        }
        let kind = self.present_under_guard(kind);
        if let Some(length) = (1..=path.len()).rev().find(|length| self.result.contains_key(&path[..*length]))
        {
            let mut text = self.result[&path[..length]].clone();
            let mut taken = kind;
            if length < base.len() {
                text = format!("{text}.{}", base[length..].join("."));
            }
            for field in path[..length].iter().skip(base.len()) {
                taken = taken.field(field).unwrap_or_else(Type::any);
            }
            return Found {
                names: 1 + length.saturating_sub(base.len()),
                lowered: Lowered::simple(text, taken),
            };
        }
        let inside: Vec<(&[String], &String)> = self
            .result
            .iter()
            .filter(|(target, _)| target.len() > path.len() && target.starts_with(&path))
            .map(|(target, text)| (&target[path.len()..], text))
            .collect();
        if !inside.is_empty() && path.len() == base.len() {
            let object = object_text(&inside);
            let known =
                self.variables.get(&path[0]).is_some_and(|kind| kind.field_names().len() > inside.len());
            let text = if known { format!("$merge([${}, {object}])", path.join(".")) } else { object };
            if known {
                self.reads.insert(path);
            }
            return Found { names: 1, lowered: Lowered { text, simple: known, kind, partial: false } };
        }
        self.reads.insert(path);
        Found { names: 1, lowered: Lowered::simple(format!("${}", base.join(".")), kind) }
    }

    /// A value that is absent only where the present step is skipped as well is present here.
    pub(crate) fn present_under_guard(&self, mut kind: Type) -> Type {
        let same = kind
            .absence
            .as_ref()
            .is_some_and(|absence| absence.condition.is_some() && absence.condition == self.guard);
        if same {
            kind.absence = None;
        }
        kind
    }

    /// `context.x` is the input `x`, else the starting event's `x`.
    fn find_in_context(&mut self, fields: &[&str]) -> Result<Found, Unknown> {
        let Some(name) = fields.first() else {
            return Err(Unknown {
                message: "`context` alone has no value".to_owned(),
                nearest: None,
                help: Some("write `context.x` for the input or event field `x`".to_owned()),
            });
        };
        let event = format!("{EXECUTION_INPUT}.event.{}", quoted(name));
        let from_event = format!("{event} != null ? {event} : null");
        let kind = self.inputs.get(*name).map_or_else(Type::any, |input| input.kind.clone());
        let text = if self.inputs.contains_key(*name) || self.context_inputs.contains(*name) {
            let input = format!("{EXECUTION_INPUT}.inputs.{}", quoted(name));
            format!("{input} != null ? {input} : {from_event}")
        } else {
            from_event
        };
        Ok(Found { names: 2, lowered: Lowered { text, simple: false, kind, partial: false } })
    }

    fn unknown(&self, name: &str) -> Unknown {
        if let Some(meanings) = self.ambiguous.get(name) {
            return Unknown {
                message: format!("`{name}` could mean {}", meanings.join(" or ")),
                nearest: None,
                help: Some("use the variable's own name".to_owned()),
            };
        }
        let root = self.aliases.get(name).map_or(name, |path| path[0].as_str());
        if let Some(step) = self.setters.get(root) {
            return Unknown {
                message: format!("`{name}` is not set yet: step `{step}` sets it"),
                nearest: None,
                help: Some("a step can use what steps before it set".to_owned()),
            };
        }
        if self.steps.contains(&name) {
            return Unknown {
                message: format!("`{name}` is a step, not a value"),
                nearest: None,
                help: Some(format!(
                    "name what you need of it under `outputs:` of `{name}`, and use that name"
                )),
            };
        }
        let known: Vec<&str> = self
            .variables
            .keys()
            .chain(self.inputs.keys())
            .chain(self.aliases.keys())
            .map(String::as_str)
            .chain(self.definitions.keys().copied())
            .collect();
        let listed = if known.is_empty() {
            "nothing has a name here yet".to_owned()
        } else {
            format!("known here: {}", known.join(", "))
        };
        Unknown {
            message: format!("nothing is called `{name}`"),
            nearest: nearest(name, known.iter().copied()).map(str::to_owned),
            help: Some(listed),
        }
    }
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

    fn lowered(&self, name: &str) -> Lowered {
        let plain = Lowered::simple(format!("{EXECUTION_INPUT}.inputs.{name}"), self.kind.clone());
        match &self.schema.default {
            Some(default) => Lowered { text: plain.or_else(&literal_text(default)), ..plain },
            None if self.schema.optional => Lowered { text: plain.or_else("null"), ..plain },
            None => plain,
        }
    }
}

/// A JSON value as JSONata.
pub(crate) fn literal_text(value: &Value) -> String {
    match value {
        Value::String(text) => crate::expression::string_literal(text),
        Value::Array(items) => format!("[{}]", items.iter().map(literal_text).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let pairs: Vec<_> = fields
                .iter()
                .map(|(name, value)| {
                    format!("{}: {}", crate::expression::string_literal(name), literal_text(value))
                })
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// Nested objects out of paths and the texts of their values.
pub(crate) fn object_text(entries: &[(&[String], &String)]) -> String {
    let mut by_field: BTreeMap<&str, Vec<(&[String], &String)>> = BTreeMap::new();
    for (path, text) in entries {
        if let Some((field, rest)) = path.split_first() {
            by_field.entry(field).or_default().push((rest, text));
        }
    }
    let pairs: Vec<String> = by_field
        .iter()
        .map(|(field, values)| {
            let value = match values.as_slice() {
                [([], text)] => (*text).clone(),
                nested => object_text(nested),
            };
            format!("'{field}': {value}")
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// A field's name as a path step.
pub(crate) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(name, "and" | "or" | "in" | "true" | "false" | "null" | "function");
    if plain { name.to_owned() } else { format!("`{name}`") }
}

/// A name and where it stands, for messages about two things with one name.
pub(crate) type Claim<'w> = (&'w str, Span, String);

/// Finds names that mean two things.
pub(crate) fn twice_claimed<'w>(claims: &[Claim<'w>]) -> Vec<(&'w str, Span, String)> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, span, what) in claims {
        match seen.get(name) {
            Some(earlier) if *earlier != what.as_str() => {
                found.push((
                    *name,
                    *span,
                    format!("`{name}` is {earlier} and {what}; one name means one thing"),
                ));
            }
            Some(_) => {}
            None => {
                seen.insert(name, what);
            }
        }
    }
    found
}

/// The names of a workflow's definitions, inputs and variables, for [`twice_claimed`].
pub(crate) fn claims<'w>(workflow: &'w Workflow, variables: &[(&'w str, Span)]) -> Vec<Claim<'w>> {
    let definition = |(name, _): &'w (Spanned<String>, Given)| {
        (name.value.as_str(), name.span, "a name under `variables:`".to_owned())
    };
    let input = |(name, _): &'w (Spanned<String>, InputSchema)| {
        (name.value.as_str(), name.span, "an input".to_owned())
    };
    let mut claims: Vec<Claim<'w>> = workflow.inputs.iter().flatten().map(input).collect();
    claims.extend(workflow.definitions.iter().map(definition));
    claims.extend(
        variables.iter().map(|(name, span)| (*name, *span, "a variable that a step sets".to_owned())),
    );
    claims
}
