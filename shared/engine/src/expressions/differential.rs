//! Expressions made at random, evaluated here and by jsonata-js 2.0.6, the JSONata of Step Functions.
//!
//! The oracle is a script of `tests/differential/expressions` run by Node.js with the packages that
//! `TICKETSMITH_NODE_MODULES` names. Without that variable the test only says what it skips.

mod generator;

use std::io::Write;
use std::process::{Command, Stdio};

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use generator::Generator;

use super::{Environment, EvaluationError, Moment, compile};

/// Another seed makes other expressions: `TICKETSMITH_SEED=7`.
const SEED: u64 = 206;

fn input() -> Value {
    json!({
        "a": 1, "number": 1234.5678, "text": "Hello, World", "yes": true, "none": null, "empty": [], "odd name": 7,
        "list": [5, 3, 8, 3], "nulls": [null, 1, null], "matrix": [[1, 2], [3, 4]],
        "nested": { "list": [{ "a": 1 }, { "a": 2 }], "deep": { "a": { "a": 3 } } },
        "items": [
            { "name": "pen", "price": 2.5, "quantity": 4, "tags": ["red", "blue"] },
            { "name": "ink", "price": 7, "quantity": 1, "tags": ["red"] },
            { "name": "pad", "price": 7, "quantity": 2, "tags": [] },
            { "name": "pen", "price": 9.99, "quantity": 3 },
        ],
    })
}

/// This crate's result for an expression, in the oracle's words.
fn evaluate(expression: &str, states: &Value) -> Value {
    let compiled = match compile(expression) {
        Ok(compiled) => compiled,
        Err(refusal) => return json!({ "refused": refusal.to_string() }),
    };
    let moment = Moment { now: jiff::Timestamp::UNIX_EPOCH, seed: [7; 32] };
    let environment = Environment::new([("states".to_owned(), states.clone())], &moment);
    match compiled.evaluate(&environment) {
        Ok(value) => json!({ "value": value }),
        Err(EvaluationError::Undefined) => json!({ "undefined": true }),
        Err(EvaluationError::Unsupported) => json!({ "function": true }),
        Err(EvaluationError::Thrown { code, message }) => json!({ "error": code, "message": message }),
        Err(EvaluationError::Broken(_)) => json!({ "error": "U1001", "message": "too deep" }),
    }
}

/// The oracle's results for the expressions, if it is installed.
fn ask_oracle(expressions: &[String], states: &Value) -> Option<Vec<Value>> {
    let modules = test_inputs::installed("expressions beside jsonata-js", "TICKETSMITH_NODE_MODULES")?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/differential/expressions/oracle.js");
    let mut node = Command::new("node")
        .arg(script)
        .env("NODE_PATH", modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = node.stdin.take().unwrap();
    let lines: String = expressions
        .iter()
        .map(|expression| json!({ "expression": expression, "states": states }).to_string() + "\n")
        .collect();
    let writer = std::thread::spawn(move || questions.write_all(lines.as_bytes()).unwrap());
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the oracle failed; is jsonata installed in TICKETSMITH_NODE_MODULES?");
    let answers = String::from_utf8(output.stdout).unwrap();
    Some(answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// How JavaScript writes a function of jsonata-js, in JSON.
const WRITTEN_FUNCTION: &str = concat!(
    "async function (...params) {\\n                    // invoke func\\n",
    "                    return await apply(arg, params, null, environment);\\n                }"
);

/// Whether both had the same result. `tests/differential/README.md` lists the exceptions.
fn agree(expression: &str, ours: &Value, theirs: &Value, strict: bool) -> bool {
    if theirs.get("slow").is_some() {
        eprintln!("jsonata-js does not end: {expression}");
        return true;
    }
    // JavaScript itself fails if a text is missing. Without a value, Step Functions fails too.
    if theirs.get("internal").is_some() {
        // Beside other values, what is missing leaves them as they are.
        let is_partial = ["$pad", "$split"].iter().any(|name| expression.contains(name));
        return is_partial || ours.get("error").or_else(|| ours.get("undefined")).is_some();
    }
    if ours["error"] == "D1001" {
        return theirs.get("error").is_some() || same(&Value::Null, &theirs["value"], 0.0);
    }
    if let (Some(ours_code), Some(theirs_code)) = (ours.get("error"), theirs.get("error")) {
        // The numbers in this message are written `-8.0` here, and nothing is `null`.
        let is_power = ours_code == "D3061"
            && ours["message"].as_str().zip(theirs["message"].as_str()).is_some_and(|(ours, theirs)| {
                ours.replace(".0", "") == theirs.replace(".0", "").replace("undefined", "null")
            });
        let same_words = ours["message"] == theirs["message"] || ours_code == "T0410" || is_power;
        return !strict || (ours_code == theirs_code && same_words);
    }
    if theirs.get("refused").is_some() {
        return ours["refused"] == theirs["message"];
    }
    // Errors of JavaScript's own regular expressions have no code.
    if theirs.get("value").is_none() && theirs.get("message").is_some() {
        return ours.get("refused").is_some();
    }
    // jsonata-js writes `undefined` for a component of a picture that it does not know, and for an invalid time zone.
    if ["D3132", "D3150"].contains(&ours["error"].as_str().unwrap_or_default())
        && theirs.get("value").is_some()
    {
        return true;
    }
    // `$replace` with a missing replacement writes `undefined` in jsonata-js, and nothing here; with a text and a function in its place it
    // writes the function's JavaScript.
    let theirs = match theirs.to_string() {
        text if expression.contains("$replace") && theirs.get("value").is_some() => {
            &serde_json::from_str(&text.replace("undefined", "").replace(WRITTEN_FUNCTION, "")).unwrap()
        }
        _ => theirs,
    };
    // Neither language says how exact a power is: `$power(1e-7, -2)` is 1e14 here, 100000000000000.02 in Node.js.
    let exactness = if expression.contains("$power") { 4.0 * f64::EPSILON } else { 0.0 };
    same(ours, theirs, exactness)
}

/// Whether two values are the same, however their numbers are written, which may differ by so much of themselves.
fn same(ours: &Value, theirs: &Value, exactness: f64) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => {
            let (Some(ours), Some(theirs)) = (ours.as_f64(), theirs.as_f64()) else { return ours == theirs };
            (ours - theirs).abs() <= exactness * theirs.abs()
        }
        (Value::Null, Value::String(text)) => matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity"),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs, exactness))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|((ours, a), (theirs, b))| ours == theirs && same(a, b, exactness))
        }
        _ => ours == theirs,
    }
}

/// Compares `cases` expressions that begin `depth` deep, of at most four.
fn compare(depth: usize, cases: usize, strict: bool) {
    let seed = std::env::var("TICKETSMITH_SEED").ok().map_or(SEED, |seed| seed.parse().unwrap());
    let mut generator = Generator { draws: StdRng::seed_from_u64(seed), depth };
    let expressions: Vec<String> = (0..cases).map(|_| generator.expression()).collect();
    let states = json!({ "input": input() });
    let Some(answers) = ask_oracle(&expressions, &states) else { return };
    assert_eq!(answers.len(), expressions.len());
    let mut differences = Vec::new();
    for (expression, theirs) in expressions.iter().zip(&answers) {
        let ours = evaluate(expression, &states);
        if !agree(expression, &ours, theirs, strict) {
            differences.push(format!("{expression}\n  ours   {ours}\n  theirs {theirs}"));
        }
    }
    let count = differences.len();
    assert!(count == 0, "seed {seed}: {count} of {cases} differ\n{}", differences.join("\n"));
}

/// If several parts fail, either may be reported first, so any error matches any other here.
#[test]
fn deep_expressions_mean_what_they_mean_in_jsonata_js() {
    compare(0, 1_500, false);
}

#[test]
fn shallow_expressions_give_the_errors_of_jsonata_js_too() {
    compare(3, 3_000, true);
}
