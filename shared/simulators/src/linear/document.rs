//! GraphQL documents: parsed, held against the official schema where it is there, and answered from JSON by what they select.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::ast::{self, Definition, OperationType, Selection};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Map, Value, json};

/// The number of items in a connection if the query sets none: <https://linear.app/developers/pagination>.
const DEFAULT_PAGE: u64 = 50;

/// The most that one query may cost: <https://linear.app/developers/rate-limiting>.
const MOST_COMPLEX: f64 = 10_000.0;

/// The official schema.
#[derive(Clone)]
pub(super) struct Official(Arc<Valid<Schema>>);

impl Official {
    /// Reads a schema, which takes seconds; a file is read once in a process.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        static READ: Mutex<BTreeMap<PathBuf, Official>> = Mutex::new(BTreeMap::new());
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(path) {
            return Ok(known.clone());
        }
        let wrong = |reason: String| format!("{}: {reason}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let schema =
            Schema::parse_and_validate(text, path).map_err(|errors| wrong(errors.errors.to_string()))?;
        let official = Self(Arc::new(schema));
        read.insert(path.to_owned(), official.clone());
        Ok(official)
    }

    /// Why the official API would refuse a document with these variables; `None` if it would not.
    fn problem(&self, text: &str, variables: &Map<String, Value>) -> Option<String> {
        let document = match ExecutableDocument::parse_and_validate(&self.0, text, "query.graphql") {
            Ok(document) => document,
            Err(errors) => return Some(errors.errors.to_string()),
        };
        let operation = match document.operations.get(None) {
            Ok(operation) => operation,
            Err(_) => return Some("a document must have one operation".to_owned()),
        };
        let given = serde_json::from_value(Value::Object(variables.clone())).unwrap_or_default();
        let coerced = apollo_compiler::request::coerce_variable_values(&self.0, operation, &given);
        coerced.err().map(|error| error.message().to_string())
    }
}

/// One operation of a request.
pub(super) struct Operation {
    pub(super) is_mutation: bool,
    fields: Vec<Selection>,
    variables: Map<String, Value>,
    pub(super) complexity: f64,
}

/// A field at the root of an operation, with the values of its arguments.
pub(super) struct RootField<'a> {
    pub(super) name: &'a str,
    pub(super) key: &'a str,
    pub(super) arguments: Map<String, Value>,
    selections: &'a [Selection],
    variables: &'a Map<String, Value>,
}

impl Operation {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// Why no client should send it, in words.
    pub(super) fn read(body: &[u8], official: Option<&Official>) -> Result<Self, String> {
        let body: Value =
            serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
        let text = body["query"].as_str().ok_or("`query` must be a text")?;
        let variables = match &body["variables"] {
            Value::Object(variables) => variables.clone(),
            Value::Null => Map::new(),
            _ => return Err("`variables` must be an object".to_owned()),
        };
        if let Some(unknown) = body
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .find(|name| !matches!(name.as_str(), "query" | "variables" | "operationName" | "extensions"))
        {
            return Err(format!("unknown field `{unknown}` in the body"));
        }
        if let Some(problem) = official.and_then(|official| official.problem(text, &variables)) {
            return Err(problem);
        }
        let document =
            ast::Document::parse(text, "query.graphql").map_err(|errors| errors.errors.to_string())?;
        let [Definition::OperationDefinition(operation)] = document.definitions.as_slice() else {
            return Err("the simulator reads documents of one operation without fragments".to_owned());
        };
        let is_mutation = match operation.operation_type {
            OperationType::Query => false,
            OperationType::Mutation => true,
            OperationType::Subscription => return Err("subscriptions are not answered over HTTP".to_owned()),
        };
        let fields = operation.selection_set.clone();
        let complexity = complexity(&fields, &variables)?;
        if complexity > MOST_COMPLEX {
            return Err(format!("the query costs {complexity}; a query may cost {MOST_COMPLEX}"));
        }
        Ok(Self { is_mutation, fields, variables, complexity })
    }

    pub(super) fn roots(&self) -> Result<Vec<RootField<'_>>, String> {
        let root = |selection| {
            let field = field(selection)?;
            Ok(RootField {
                name: field.name.as_str(),
                key: field.response_name().as_str(),
                arguments: arguments(field, &self.variables)?,
                selections: &field.selection_set,
                variables: &self.variables,
            })
        };
        self.fields.iter().map(root).collect()
    }
}

impl RootField<'_> {
    /// The selected part of a value.
    ///
    /// # Errors
    /// The field that the simulator does not know, in words.
    pub(super) fn select(&self, value: &Value) -> Result<Value, String> {
        select(value, self.selections, &self.arguments, self.variables)
    }
}

fn field(selection: &Selection) -> Result<&ast::Field, String> {
    match selection {
        Selection::Field(field) => Ok(field),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => {
            Err("the simulator reads no fragments".to_owned())
        }
    }
}

fn arguments(field: &ast::Field, variables: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let given = field.arguments.iter();
    given.map(|argument| Ok((argument.name.to_string(), value(&argument.value, variables)?))).collect()
}

fn value(given: &ast::Value, variables: &Map<String, Value>) -> Result<Value, String> {
    Ok(match given {
        ast::Value::Null => Value::Null,
        ast::Value::Enum(name) => json!(name.as_str()),
        ast::Value::Variable(name) => variables.get(name.as_str()).cloned().unwrap_or_default(),
        ast::Value::String(text) => json!(text),
        ast::Value::Boolean(truth) => json!(truth),
        ast::Value::Int(number) => json!(number.try_to_i32().map_err(|error| error.to_string())?),
        ast::Value::Float(number) => json!(number.try_to_f64().map_err(|error| error.to_string())?),
        ast::Value::List(items) => {
            items.iter().map(|item| value(item, variables)).collect::<Result<Vec<_>, _>>()?.into()
        }
        ast::Value::Object(fields) => {
            let fields = fields.iter().map(|(name, given)| Ok((name.to_string(), value(given, variables)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
    })
}

/// Whether a selection is one of a connection.
fn is_connection(selections: &[Selection]) -> bool {
    selections.iter().any(|selection| matches!(selection, Selection::Field(field) if field.name == "nodes"))
}

/// The selected part of a value; a list whose `nodes` are selected is a connection.
fn select(
    whole: &Value,
    selections: &[Selection],
    given: &Map<String, Value>,
    variables: &Map<String, Value>,
) -> Result<Value, String> {
    match whole {
        Value::Array(items) if is_connection(selections) => {
            let connection = page(items, given)?;
            select(&connection, selections, &Map::new(), variables)
        }
        Value::Array(items) => items
            .iter()
            .map(|item| select(item, selections, given, variables))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::from),
        Value::Object(fields) if !selections.is_empty() => {
            let mut selected = Map::new();
            for selection in selections {
                let field = field(selection)?;
                let name = field.name.as_str();
                let part =
                    fields.get(name).ok_or_else(|| format!("the simulator knows no field `{name}` there"))?;
                let part = select(part, &field.selection_set, &arguments(field, variables)?, variables)?;
                selected.insert(field.response_name().to_string(), part);
            }
            Ok(Value::Object(selected))
        }
        whole => Ok(whole.clone()),
    }
}

/// The part of a list that `first` and `after` choose.
fn page(items: &[Value], given: &Map<String, Value>) -> Result<Value, String> {
    let first = given.get("first").and_then(Value::as_u64).unwrap_or(DEFAULT_PAGE);
    let first = usize::try_from(first).ok().filter(|first| (1..=250).contains(first));
    let first = first.ok_or("`first` must be 1 to 250")?;
    let start = match given.get("after").and_then(Value::as_str) {
        None => 0,
        Some(cursor) => {
            let at = items.iter().position(|item| item["id"] == cursor);
            at.map(|at| at + 1).ok_or("`after` is not a cursor of this list")?
        }
    };
    let end = items.len().min(start.saturating_add(first));
    let nodes = items.get(start..end).unwrap_or_default();
    let cursor = |item: Option<&Value>| item.map(|item| item["id"].clone());
    Ok(json!({
        "pageInfo": {"hasNextPage": end < items.len(), "hasPreviousPage": start > 0,
                     "startCursor": cursor(nodes.first()), "endCursor": cursor(nodes.last())},
        "nodes": nodes,
    }))
}

/// The cost of a selection: a tenth for each property, one for each object, and a connection's cost times its maximum number of items.
fn complexity(selections: &[Selection], variables: &Map<String, Value>) -> Result<f64, String> {
    let mut sum = 0.0;
    for selection in selections {
        let field = field(selection)?;
        if field.selection_set.is_empty() {
            sum += 0.1;
            continue;
        }
        let inside = 1.0 + complexity(&field.selection_set, variables)?;
        let times = match is_connection(&field.selection_set) {
            true => arguments(field, variables)?.get("first").and_then(Value::as_u64).unwrap_or(DEFAULT_PAGE),
            false => 1,
        };
        sum += inside * u32::try_from(times).map_or(f64::INFINITY, f64::from);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(query: &str, whole: &Value) -> Result<Value, String> {
        let body = json!({"query": query, "variables": {"n": 2}}).to_string();
        let operation = Operation::read(body.as_bytes(), None)?;
        let roots = operation.roots()?;
        roots[0].select(whole)
    }

    #[test]
    fn what_is_selected_is_answered() {
        let whole = json!([{"id": "a", "x": 1}, {"id": "b", "x": 2}, {"id": "c", "x": 3}]);
        let answer = selected(
            "query Q($n: Int) { items(first: $n) { pageInfo { hasNextPage endCursor } nodes { y: x } } }",
            &whole,
        );
        let expected =
            json!({"pageInfo": {"hasNextPage": true, "endCursor": "b"}, "nodes": [{"y": 1}, {"y": 2}]});
        assert_eq!(answer, Ok(expected));
        let rest = selected("{ items(after: \"b\") { nodes { x } } }", &whole);
        assert_eq!(rest, Ok(json!({"nodes": [{"x": 3}]})));
        assert!(selected("{ items { nodes { z } } }", &whole).unwrap_err().contains("`z`"));
        assert!(selected("{ items(after: \"z\") { nodes { x } } }", &whole).is_err());
        assert!(selected("{ items(first: 0) { nodes { x } } }", &whole).is_err());
        assert!(selected("{ items", &whole).is_err());
    }

    #[test]
    fn a_query_that_costs_too_much_is_refused() {
        let read = |query: &str| {
            let body = json!({"query": query}).to_string();
            Operation::read(body.as_bytes(), None).map(|operation| operation.complexity)
        };
        assert_eq!(read("{ viewer { id admin } }"), Ok(1.2));
        let many = "{ issues(first: 250) { nodes { labels(first: 250) { nodes { id } } } } }";
        assert!(read(many).unwrap_err().contains("costs"));
    }
}
