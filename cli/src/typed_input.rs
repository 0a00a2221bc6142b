//! Inputs of workflows as people type them at the command line: `NAME=VALUE`.

use crate::api_client::{ApiClient, Call};
use crate::exit::{Exit, Outcome};
use crate::server::source_file::text_at;
use domain::routes::InputType;
use domain::text::{TextLimit, cut_line, printable};
use domain::{UniqueNames, has_exact_numbers};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::path::Path;

/// So much of a value that cannot be used is repeated.
const SHOWN: TextLimit = TextLimit::characters(60);

/// Reads NAME=VALUE; `@FILE` as the value reads it from a file.
///
/// # Errors
/// The accepted form.
pub(crate) fn written_input(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    if name.is_empty() {
        return Err(format!("`{text}` names nothing; accepted: NAME=VALUE"));
    }
    let value = match value.strip_prefix('@') {
        Some(path) => text_at(Path::new(path)).map_err(|error| error.to_string())?,
        None => value.to_owned(),
    };
    Ok((name.to_owned(), value))
}

/// A value of unknown type: valid JSON is taken as JSON, anything else as text.
///
/// # Errors
/// For JSON that would not arrive as it is written.
pub(crate) fn of_any_type(value: String) -> Result<Value, String> {
    Ok(unchanged(&value)?.unwrap_or(Value::String(value)))
}

/// The JSON in a text; `None` if it is none.
///
/// # Errors
/// For an object that has a name twice, and for numbers that Step Functions would round.
fn unchanged(text: &str) -> Result<Option<Value>, String> {
    let value = match serde_json::from_str(text) {
        Ok(UniqueNames(value)) => value,
        // JSON of any kind is read, so this says which name is given twice. Words that only begin like an object are a text.
        Err(error) if error.is_data() && serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            let told = error.to_string();
            // The library's place would read as a part of the sentence.
            let words = told.rsplit_once(" at line ").map_or(told.as_str(), |(words, _)| words);
            return Err(format!("line {} column {}: {words}", error.line(), error.column()));
        }
        Err(_) => return Ok(None),
    };
    if has_exact_numbers(&value) {
        return Ok(Some(value));
    }
    let shown = cut_line(&printable(text), SHOWN);
    Err(format!(
        "`{shown}` has a number that would be rounded; accepted: numbers from -(2^53-1) to 2^53-1, and larger ones as text, in double quotes"
    ))
}

/// The inputs in the types that the workflow expects. `kind` returns the declared type; undeclared inputs are left to the
/// code that starts it, which names the known inputs.
///
/// # Errors
/// Usage for inputs that are given twice, and for values of the wrong type; it names all of them.
pub(crate) fn typed_inputs(
    written: &[(String, String)],
    kind: impl Fn(&str) -> Option<InputType>,
) -> Outcome<Map<String, Value>> {
    let (mut inputs, mut problems) = (Map::new(), Vec::new());
    for (name, value) in written {
        match typed(value, kind(name)) {
            Ok(read) => {
                if inputs.insert(name.clone(), read).is_some() {
                    problems.push(format!("--input {name}: it is given twice; give it once"));
                }
            }
            Err(problem) => problems.push(format!("--input {name}: {problem}")),
        }
    }
    if problems.is_empty() { Ok(inputs) } else { Err(Exit::usage(problems.join("\n"))) }
}

/// The inputs as a workflow of an installation takes them, which its API says.
///
/// # Errors
/// As [`typed_inputs`]; the API's refusal, such as for a workflow that it does not have; unreachable when it does not answer.
pub(crate) async fn typed_by(
    api: &ApiClient,
    workflow: &str,
    written: &[(String, String)],
) -> Outcome<Map<String, Value>> {
    if written.is_empty() {
        return Ok(Map::new());
    }
    let found = api.send(&Call::get("/workflows/{}", &[workflow])).await?;
    let declared = found["inputs"].as_array();
    let kind = |name: &str| {
        let input = declared?.iter().find(|input| input["name"] == name)?;
        // A type of a later version is left to its API.
        serde_json::from_value(input["type"].clone()).ok()
    };
    typed_inputs(written, kind)
}

/// A value as an input of this type takes it: to a text, `42` and `null` are text.
fn typed(value: &str, kind: Option<InputType>) -> Result<Value, String> {
    let (what, example) = match kind {
        Some(InputType::String) => return Ok(Value::from(value)),
        None | Some(InputType::Any) => return of_any_type(value.to_owned()),
        Some(InputType::Number) => ("a number", "4.2"),
        Some(InputType::Integer) => ("a whole number", "42"),
        Some(InputType::Boolean) => ("true or false", "true"),
        Some(InputType::Object) => ("an object in JSON", "{\"a\": 1}"),
        Some(InputType::Array) => ("a list in JSON", "[\"a\", \"b\"]"),
    };
    // `null` means not given.
    let fits = |read: &Value| read.is_null() || kind.is_none_or(|kind| kind.accepts(read));
    unchanged(value.trim())?.filter(fits).ok_or_else(|| {
        let shown = cut_line(&printable(value), SHOWN);
        format!("it takes {what}, and `{shown}` is none; accepted, for example: {example}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_text_whatever_it_looks_like() {
        for text in ["42", "null", "true", "[1]", "\"x\"", "1.10", "x=y", ""] {
            assert_eq!(typed(text, Some(InputType::String)), Ok(json!(text)));
        }
        assert_eq!(typed("42", None), Ok(json!(42)));
        assert_eq!(typed("[1]", Some(InputType::Any)), Ok(json!([1])));
        assert_eq!(typed("x", Some(InputType::Any)), Ok(json!("x")));
    }

    #[test]
    fn what_would_not_arrive_as_it_is_written_is_refused() {
        for (kind, text) in [
            (None, "1234567890123456789"),
            (Some(InputType::Any), "{\"id\": [9007199254740993]}"),
            (Some(InputType::Integer), "9007199254740992"),
            (Some(InputType::Number), "-9007199254740993"),
            (Some(InputType::Array), "[1e300]"),
        ] {
            let told = typed(text, kind).unwrap_err();
            assert!(told.contains("would be rounded; accepted: numbers from -(2^53-1)"), "{text}: {told}");
        }
        let told = typed("{\"a\": 1, \"a\": 2}", Some(InputType::Object)).unwrap_err();
        assert!(told.starts_with("line 1 column ") && told.ends_with("which value counts"), "{told}");
        assert!(told.contains(": `a` is given twice; give it once"), "{told}");
        assert_eq!(typed("\"1234567890123456789\"", None), Ok(json!("1234567890123456789")));
        let words = "{\"a\": 1, \"a\": 2} is refused";
        assert_eq!(typed(words, None), Ok(json!(words)));
        assert_eq!(typed("1234567890123456789", Some(InputType::String)), Ok(json!("1234567890123456789")));
    }

    #[test]
    fn other_values_are_of_their_type_or_refused_with_an_example() {
        for (kind, good, value, bad) in [
            (InputType::Number, "1.5", json!(1.5), "1,5"),
            (InputType::Integer, " 42", json!(42), "4.2"),
            (InputType::Boolean, "true", json!(true), "yes"),
            (InputType::Object, "{\"a\": 1}", json!({"a": 1}), "[1]"),
            (InputType::Array, "[1]", json!([1]), "1, 2"),
        ] {
            assert_eq!(typed(good, Some(kind)), Ok(value));
            assert_eq!(typed("null", Some(kind)), Ok(Value::Null));
            let told = typed(bad, Some(kind)).unwrap_err();
            assert!(told.contains(&format!("`{bad}` is none; accepted")), "{told}");
        }
    }

    #[test]
    fn each_input_is_given_once_by_its_name() {
        let written =
            |texts: &[&str]| texts.iter().map(|text| written_input(text).unwrap()).collect::<Vec<_>>();
        let kind = |name: &str| (name == "count").then_some(InputType::Integer);
        let inputs = typed_inputs(&written(&["count=1", "other=x=y"]), kind).unwrap();
        assert_eq!(Value::Object(inputs), json!({"count": 1, "other": "x=y"}));
        for (texts, words) in [
            (["a=1", "a=2"], "--input a: it is given twice"),
            (["b=1", "count=one"], "--input count: it takes a whole number"),
        ] {
            let told = typed_inputs(&written(&texts), kind).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
        let told = typed_inputs(&written(&["count=one", "a=1", "a=2"]), kind).unwrap_err().to_string();
        assert!(
            told.contains("--input count: it takes") && told.contains("\n--input a: it is given"),
            "{told}"
        );
        assert!(written_input("a").unwrap_err().contains("NAME=VALUE"));
        assert!(written_input("=a").unwrap_err().contains("NAME=VALUE"));
    }
}
