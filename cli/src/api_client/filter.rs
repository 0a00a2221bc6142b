//! `--jq`: filters of the language of jq, by jaq.

use crate::exit::{Exit, Outcome};
use domain::text::{TextLimit, cut_line};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

/// So much is repeated of a filter's own error, which quotes the value that it was about: perhaps the whole answer.
const SHOWN: TextLimit = TextLimit::characters(200);

type Compiled = jaq_core::Filter<data::JustLut<Val>>;

/// Refuses an invalid filter before the request is sent: some answers, such as a new token, come only once.
///
/// # Errors
/// A description of the problem.
pub(super) fn checked(filter: &str) -> Result<String, String> {
    compiled(filter).map(|_| filter.to_owned())
}

fn compiled(filter: &str) -> Result<Compiled, String> {
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(&arena, File { code: filter, path: () })
        .map_err(|_| "it is not a jq filter".to_owned())?;
    Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let unknown: Vec<_> =
            errors.into_iter().flat_map(|(_, errors)| errors).map(|(name, _)| name).collect();
        format!("unknown: {}", unknown.join(", "))
    })
}

/// The output of a filter for a response: one line for each result, with texts unquoted.
///
/// # Errors
/// Usage when the filter cannot be understood, or fails.
pub(super) fn filtered(filter: &str, body: &Value) -> Outcome<String> {
    let wrong = |problem: String| Exit::usage(format!("--jq `{filter}`: {problem}"));
    let compiled = compiled(filter).map_err(wrong)?;
    let input = read::parse_single(body.to_string().as_bytes()).map_err(|error| wrong(error.to_string()))?;
    let context = Ctx::<data::JustLut<Val>>::new(&compiled.lut, Vars::new([]));
    let mut text = String::new();
    for result in compiled.id.run((context, input)).map(unwrap_valr) {
        let result = result.map_err(|error| wrong(cut_line(&error.to_string(), SHOWN)))?.to_string();
        match serde_json::from_str(&result) {
            Ok(Value::String(plain)) => text.push_str(&plain),
            _ => text.push_str(&result),
        }
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_select_and_refuse() {
        let body =
            json!({"items": [{"name": "a\"b", "cost": 9007199254740993_u64}, {"name": "c", "cost": null}]});
        assert_eq!(filtered(".items[].name", &body).unwrap(), "a\"b\nc\n");
        assert_eq!(filtered("[.items[].cost]", &body).unwrap(), "[9007199254740993,null]\n");
        assert_eq!(filtered(".items | map(select(.cost == null)) | length", &body).unwrap(), "1\n");
        for wrong in [".items[", "nonsense(1)", ".items.name"] {
            assert!(filtered(wrong, &body).is_err(), "{wrong}");
        }
        let long = json!({"items": ["x".repeat(10_000)]});
        let told = filtered(".items.name", &long).unwrap_err().to_string();
        assert!(told.contains("cannot index") && told.len() < 300, "{told}");
        // What can be told without an answer is.
        assert_eq!(checked(".items[]"), Ok(".items[]".to_owned()));
        assert_eq!(checked(".items["), Err("it is not a jq filter".to_owned()));
        assert_eq!(checked("nonsense(1)"), Err("unknown: nonsense".to_owned()));
    }
}
