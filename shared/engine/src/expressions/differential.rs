//! Expressions made at random, evaluated here and by jsonata-js 2.0.6, the JSONata of Step Functions.
//!
//! The oracle is a script of `tests/differential/expressions` run by Node.js with the packages that
//! `TICKETSMITH_NODE_MODULES` names. Without that variable the test only says what it skips.

use std::io::Write;
use std::process::{Command, Stdio};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::{Environment, EvaluationError, Moment, compile};

/// Another seed makes other expressions: `TICKETSMITH_SEED=7`.
const SEED: u64 = 206;

struct Generator {
    draws: StdRng,
    depth: usize,
}

impl Generator {
    fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options.choose(&mut self.draws).copied().unwrap_or_default()
    }

    fn literal(&mut self) -> String {
        self.pick(&[
            "0",
            "1",
            "2",
            "-1",
            "3.5",
            "-0.5",
            "10",
            "1e3",
            "1e-7",
            "0.1",
            "100",
            "\"\"",
            "\"a\"",
            "\"b\"",
            "'hello world'",
            "\"1\"",
            "\"12.5\"",
            "\"x,y,z\"",
            "'Ünï'",
            "\"2024-02-29T12:34:56.789Z\"",
            "true",
            "false",
            "null",
            "[]",
            "{}",
            "[1, 2, 3]",
            "[3, 1, 2]",
            "['b', 'a']",
            "[[1, 2], [3]]",
            "[1, 'a', null]",
            "{'a': 1, 'b': [2, 3]}",
            "[{'a': 1}, {'a': 2, 'b': 'x'}]",
            "\"YWJj\"",
            "'a b'",
            "[1..4]",
        ])
        .to_owned()
    }

    fn path(&mut self) -> String {
        let field = self.pick(&[
            "",
            ".a",
            ".list",
            ".items",
            ".items.price",
            ".items.name",
            ".items.tags",
            ".nested",
            ".nested.list",
            ".none",
            ".text",
            ".items[0]",
            ".items[-1].name",
            ".items[price > 5]",
            ".items[price > 5].name",
            ".items.(price * quantity)",
            ".nested.*",
            ".nested.**",
            ".items.{'n': name}",
            ".items{name: price}",
            ".items{name: $sum(price)}",
            ".items^(price).name",
            ".items^(>price, name).name",
            ".list[]",
            ".items.name[]",
            ".nulls",
            ".items[name = 'pen'][]",
            ".items#$i[$i < 2].name",
            ".items@$x.{'x': $x.name}",
            ".items.tags.%.name",
            ".list[[0..1]]",
            ".items[tags = 'red'].name",
            ".empty",
            ".items.name[0]",
            ".(items.name)[0]",
            ".yes",
            ".items.quantity",
            ".matrix",
            ".matrix[1]",
            ".matrix[1][0]",
            ".matrix.$sum($)",
            ".number",
            ".`odd name`",
        ]);
        format!("$states.input{field}")
    }

    /// Functions, with the number of arguments that they are mostly given.
    fn call(&mut self) -> String {
        const FUNCTIONS: [(&str, usize); 55] = [
            ("string", 1),
            ("length", 1),
            ("substring", 3),
            ("substringBefore", 2),
            ("substringAfter", 2),
            ("uppercase", 1),
            ("lowercase", 1),
            ("trim", 1),
            ("pad", 3),
            ("contains", 2),
            ("split", 2),
            ("join", 2),
            ("match", 2),
            ("replace", 3),
            ("base64encode", 1),
            ("encodeUrlComponent", 1),
            ("decodeUrl", 1),
            ("number", 1),
            ("abs", 1),
            ("floor", 1),
            ("ceil", 1),
            ("round", 2),
            ("power", 2),
            ("sqrt", 1),
            ("formatNumber", 2),
            ("formatBase", 2),
            ("formatInteger", 2),
            ("parseInteger", 2),
            ("sum", 1),
            ("max", 1),
            ("min", 1),
            ("average", 1),
            ("boolean", 1),
            ("not", 1),
            ("exists", 1),
            ("count", 1),
            ("append", 2),
            ("sort", 1),
            ("reverse", 1),
            ("distinct", 1),
            ("zip", 2),
            ("keys", 1),
            ("lookup", 2),
            ("spread", 1),
            ("merge", 1),
            ("type", 1),
            ("fromMillis", 2),
            ("toMillis", 1),
            ("map", 2),
            ("filter", 2),
            ("single", 2),
            ("reduce", 2),
            ("each", 2),
            ("sift", 2),
            ("error", 1),
        ];
        let (name, usual) = FUNCTIONS.choose(&mut self.draws).copied().unwrap_or(("string", 1));
        let count = if self.draws.random_ratio(1, 12) { self.draws.random_range(0..4) } else { usual };
        let arguments: Vec<String> = (0..count).map(|index| self.argument(name, index)).collect();
        format!("${name}({})", arguments.join(", "))
    }

    fn argument(&mut self, function: &str, index: usize) -> String {
        // An argument of the kind that the function expects reaches further than one of any kind.
        let fitting: &[&str] = match (function, index) {
            _ if self.draws.random_ratio(1, 5) => &[],
            ("map" | "filter" | "single" | "each" | "sift", 1) => &[
                "function($v) { $v }",
                "function($v, $k) { $k }",
                "function($v) { $v > 1 }",
                "$string",
                "$uppercase",
                "function($v, $i, $a) { $count($a) }",
                "$not",
                "function($v) { $v.a = 1 }",
            ],
            ("reduce", 1) => {
                &["function($x, $y) { $x + $y }", "function($x, $y) { $x & $y }", "$append", "$sum"]
            }
            ("match" | "contains" | "split", 1) | ("replace", 1) => {
                &["/[aeiou]/", "/(\\w)(\\w)/", "/L+/i", "'l'", "/^$/", "','", "/\\s+/"]
            }
            ("replace", 2) => &["'$1-$2'", "'*'", "'$$'", "'$0$0'", "function($m) { $m.match & '!' }"],
            ("formatNumber", 1) => &["'#,##0.00'", "'0.0e0'", "'00%'", "'#'", "'##0;(#)'", "'x'"],
            ("formatInteger" | "parseInteger", 1) => {
                &["'w'", "'I'", "'a'", "'000'", "'#,##0'", "'1;o'", "'Ww'", "'A'"]
            }
            ("formatBase", 1) => &["2", "16", "36", "1", "8"],
            ("parseInteger", 0) => &["'twelve'", "'XIV'", "'12'", "'b'", "'1,200'", "'nonsense'"],
            ("fromMillis", 1) => {
                &["'[Y0001]-[M01]-[D01]'", "'[H]:[m01]'", "'[FNn], [D1o] [MNn]'", "'[h]#[P]'", "'[W]'"]
            }
            ("fromMillis", 0) => &["0", "1709210096789", "-1", "1e12"],
            ("toMillis", 0) => &[
                "'2024-02-29T12:34:56.789Z'",
                "'2024-02-29'",
                "'2024'",
                "'noon'",
                "'2024-02-29T12:34:56+01:00'",
            ],
            ("substring" | "pad" | "round" | "power", 1) | ("substring", 2) => {
                &["0", "1", "2", "-2", "5", "-8", "0.5"]
            }
            ("sum" | "max" | "min" | "average", 0) => {
                &["$states.input.list", "[1, 2, 3.5]", "[]", "$states.input.items.price", "5"]
            }
            ("merge" | "keys" | "spread", 0) => &["$states.input.items", "[{'a': 1}, {'b': 2}]", "{'a': 1}"],
            ("lookup", 0) => &["$states.input.items", "{'a': 1}", "$states.input"],
            ("lookup", 1) | ("join", 1) => &["'a'", "'name'", "'-'"],
            ("join", 0) => &["['a', 'b']", "$states.input.items.name", "'a'", "[]"],
            ("map" | "filter" | "single" | "reduce" | "sort" | "reverse" | "distinct" | "zip", 0) => &[
                "$states.input.list",
                "$states.input.items",
                "[3, 1, 2]",
                "['b', 'a', 'b']",
                "[]",
                "5",
                "[[1], [1]]",
            ],
            _ => &[],
        };
        if fitting.is_empty() { self.expression() } else { self.pick(fitting).to_owned() }
    }

    fn expression(&mut self) -> String {
        if self.depth >= 4 {
            return if self.draws.random() { self.literal() } else { self.path() };
        }
        self.depth += 1;
        let made = match self.draws.random_range(0..20) {
            0..3 => self.literal(),
            3..6 => self.path(),
            6..10 => self.call(),
            10..13 => {
                let operator = self.pick(&[
                    "+", "-", "*", "/", "%", "&", "=", "!=", "<", ">", "<=", ">=", "and", "or", "in", "~>",
                ]);
                if operator == "~>" {
                    let function = self.pick(&[
                        "$sum()",
                        "$string",
                        "$count",
                        "$join('-')",
                        "$map(function($v) { $v })",
                        "$uppercase",
                    ]);
                    format!("{} ~> {function}", self.expression())
                } else {
                    format!("({} {operator} {})", self.expression(), self.expression())
                }
            }
            13 => format!("({} ? {} : {})", self.expression(), self.expression(), self.expression()),
            14 => format!("({} ? {})", self.expression(), self.expression()),
            15 => format!("[{}, {}]", self.expression(), self.expression()),
            16 => format!("{{'k': {}, 'l': {}}}", self.expression(), self.expression()),
            17 => format!("($x := {}; {} & $string($x))", self.expression(), self.literal()),
            18 => {
                let predicate = self.pick(&[
                    "[0]", "[-1]", "[1]", "[$ > 1]", "[true]", "[]", "[a = 1]", "[[0, 1]]", "[9]", "[0.9]",
                ]);
                format!("({}){predicate}", self.expression())
            }
            _ => {
                let step = self.pick(&[
                    ".a",
                    ".($ + 1)",
                    ".$string()",
                    ".$type($)",
                    "^($)",
                    "^(>$)",
                    ".*",
                    ".**",
                    ".[$]",
                    ".{'v': $}",
                    "{'all': $}",
                ]);
                format!("({}){step}", self.expression())
            }
        };
        self.depth -= 1;
        made
    }
}

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

/// What this crate makes of an expression, in the oracle's words.
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

/// What the oracle makes of the expressions, if it is installed.
fn ask_oracle(expressions: &[String], states: &Value) -> Option<Vec<Value>> {
    let modules = std::env::var_os("TICKETSMITH_NODE_MODULES")?;
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

/// Whether both made the same of an expression. What is left out is written in `tests/differential/README.md`.
fn agree(ours: &Value, theirs: &Value, strict: bool) -> bool {
    if theirs.get("internal").is_some() {
        return ours.get("error").is_some();
    }
    if ours["error"] == "D1001" {
        return theirs.get("error").is_some() || same(&Value::Null, &theirs["value"]);
    }
    if let (Some(ours_code), Some(theirs_code)) = (ours.get("error"), theirs.get("error")) {
        let same_words = ours["message"] == theirs["message"] || ours_code == "T0410";
        return !strict || (ours_code == theirs_code && same_words);
    }
    if theirs.get("refused").is_some() {
        return ours["refused"] == theirs["message"];
    }
    // What JavaScript itself refuses in a regular expression has no code.
    if theirs.get("value").is_none() && theirs.get("message").is_some() {
        return ours.get("refused").is_some();
    }
    same(ours, theirs)
}

/// Whether two values are the same, however their numbers are written.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
        (Value::Null, Value::String(text)) => matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity"),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|((ours, a), (theirs, b))| ours == theirs && same(a, b))
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
    let Some(answers) = ask_oracle(&expressions, &states) else {
        println!("SKIPPED: TICKETSMITH_NODE_MODULES is not set, so jsonata-js was not asked");
        return;
    };
    assert_eq!(answers.len(), expressions.len());
    let mut differences = Vec::new();
    for (expression, theirs) in expressions.iter().zip(&answers) {
        let ours = evaluate(expression, &states);
        if !agree(&ours, theirs, strict) {
            differences.push(format!("{expression}\n  ours   {ours}\n  theirs {theirs}"));
        }
    }
    let count = differences.len();
    assert!(count == 0, "seed {seed}: {count} of {cases} differ\n{}", differences.join("\n"));
}

/// Of several parts that fail, either may tell first, so here any error is like any other.
#[test]
fn deep_expressions_mean_what_they_mean_in_jsonata_js() {
    compare(0, 1_500, false);
}

#[test]
fn shallow_expressions_give_the_errors_of_jsonata_js_too() {
    compare(3, 3_000, true);
}
