use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn evaluate(source: &str) -> Result<Value, EvaluationError> {
    let moment = Moment { now: jiff::Timestamp::UNIX_EPOCH, seed: [7; 32] };
    let environment = Environment::new([("states".to_owned(), json!({"input": {"a": 1}}))], &moment);
    compile(source).unwrap().evaluate(&environment)
}

#[track_caller]
fn check(source: &str, expected: Value) {
    assert_eq!(evaluate(source), Ok(expected), "{source}");
}

#[test]
fn functions_of_step_functions_are_added() {
    check("$parse('{\"a\":[1]}')", json!({"a": [1]}));
    check("$partition([1,2,3,4,5], 2.9)", json!([[1, 2], [3, 4], [5]]));
    check("$range(0, 10, 5)", json!([0, 5, 10]));
    check("$range(3, 1, -1.5)", json!([3, 2, 1]));
    check("$range(1, 9, 9)", json!(1));
    check("[$range(3, 1, 1)]", json!([]));
    check("$hash('abc', 'MD5')", json!("900150983cd24fb0d6963f7d28e17f72"));
    check("$hash('abc', 'SHA-1')", json!("a9993e364706816aba3e25717850c26c9cd0d89d"));
    check("$random(42)", json!(0.727_563_680_032_868_1));
    check("$length($uuid())", json!(36));
    check("$uuid() != $uuid() and $random() < 1", json!(true));
}

#[test]
fn what_has_no_value_says_which_kind_of_nothing_it_is() {
    assert_eq!(evaluate("$missing"), Err(EvaluationError::Undefined));
    assert_eq!(evaluate("function($x) { $x }"), Err(EvaluationError::Unsupported));
    check("$states.input.b & 'x'", json!("x"));
    check("null", Value::Null);
}

#[test]
fn what_is_beyond_all_numbers_is_written_as_text() {
    check("1/0", json!("Infinity"));
    check("($states.input.a - 2) / 0", json!("-Infinity"));
    check("(0/0)", json!("NaN"));
    check("1e308 * 10", json!("Infinity"));
    check("[1/0]", json!(["Infinity"]));
    check("[1, -1/0, [0/0, 'x'], [1..3]]", json!([1, "-Infinity", ["NaN", "x"], [1, 2, 3]]));
    check(
        "{'a': 1/0, 'b': [$states.input.a/0], 'c': {'d': 1}}",
        json!({"a": "Infinity", "b": ["Infinity"], "c": {"d": 1}}),
    );
    check("$states.input.a = 1 ? [1/0] : [2]", json!(["Infinity"]));
    assert!(matches!(evaluate("1/0 + 1"), Err(EvaluationError::Thrown { code, .. }) if code == "D1001"));
}

#[test]
fn nothing_becomes_text_that_only_leads_to_no_number() {
    check("([1, 'a', null])[-1]", Value::Null);
    check("([null, 1])[$ = null]", Value::Null);
    check("($states.input.a = 1 ? [2, null] : [])[1]", Value::Null);
}

#[test]
fn integers_keep_the_digits_that_a_number_of_2_0_6_has() {
    check("9007199254740991", json!(9_007_199_254_740_991_i64));
    check("12345678901234567", json!(12_345_678_901_234_568_i64));
    check("12345678901234567 - 1", json!(12_345_678_901_234_568_i64));
    check("[-12345678901234567]", json!([-12_345_678_901_234_568_i64]));
    check("4611686018427387904 * 1", json!(4_611_686_018_427_388_000_i64));
    check("{'a': [1e15 * 3]}", json!({"a": [3_000_000_000_000_000_i64]}));
    check("0.5 + 0.5", json!(1));
    check("12345678901234567 = 12345678901234568", json!(true));
    check("1e20", json!(1e20));
}

#[test]
fn eval_is_no_function() {
    assert!(matches!(evaluate("$eval('1+1')"), Err(EvaluationError::Thrown { code, .. }) if code == "T1006"));
}

#[test]
fn endless_and_deep_recursion_is_cut() {
    for source in ["($f := function() { $f() }; $f())", "($f := function($n) { 1 + $f($n) }; $f(1))"] {
        assert!(
            matches!(evaluate(source), Err(EvaluationError::Broken(message)) if message.contains("Check for")),
            "{source}"
        );
    }
}

#[test]
fn memory_and_depth_end_where_those_of_step_functions_end() {
    check("$count([1..873782])", json!(873_782));
    let doubled = |times: u32| {
        format!("($d := function($s, $n) {{ $n = 0 ? $s : $d($s & $s, $n - 1) }}; $length($d('x', {times})))")
    };
    check(&doubled(22), json!(4_194_304));
    for source in ["$count([1..873783])", "$sum([1..900000])", &doubled(23)] {
        assert!(
            matches!(evaluate(source), Err(EvaluationError::Broken(message)) if message.contains("memory")),
            "{source}"
        );
    }
    check(&["1"; 100].join(" + "), json!(100));
    assert!(
        matches!(evaluate(&["1"; 101].join(" + ")), Err(EvaluationError::Broken(message)) if message.starts_with("Stack overflow"))
    );
}

#[test]
fn syntax_newer_than_2_0_6_is_refused() {
    for source in ["$a ?? 1", "$a ?: 1", "[$map([1], function($x) { $x ?? 2 })]", "$$", "$.a", "1 +"] {
        assert!(compile(source).is_err(), "{source}");
    }
}

#[test]
fn what_starts_from_no_variable_is_refused() {
    for (source, name) in [("phone", "phone"), ("$count(a.b)", "a"), ("$$", "$$"), ("$.a", "$")] {
        assert_eq!(compile(source).unwrap_err(), Refusal::Unsupported(name.to_owned()), "{source}");
    }
    for source in [
        "$states.input[$ > 1]",
        "$states.input.items[price > 1].{'name': name, 'n': $count(parts)}",
        "$states.input.items^(>price).name",
        "$map($states.input.a, function($v, $i) { $v.b & $i })",
        "($x := {'a': {'b': 1}}; $x.a.b)",
        "[1..3].($ * 2)",
        "$now() & $uuid() & $parse('1')",
        "$states.input ~> |items|{'x': y}|",
        "$states.input.a ~> $uppercase()",
        "$states.input{id: $sum(n)}",
        "$states.input.**.id",
        "$filter($states.input.a, function($v) { $v.ok }).name",
    ] {
        assert!(compile(source).is_ok(), "{source}");
    }
}

/// Pieces of JSONata, so that random combinations are often expressions.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = [
        "$states",
        ".input",
        ".a",
        "[0]",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "'x'",
        "1",
        "-1",
        "1e300",
        "null",
        "true",
        "+",
        "-",
        "*",
        "/",
        "%",
        "&",
        "=",
        "<",
        ">",
        " in ",
        " and ",
        " or ",
        "?",
        ":",
        ":=",
        ";",
        ",",
        "..",
        "~>",
        "^(",
        "|",
        "**",
        "@$v",
        "#$i",
        "$x",
        "$map",
        "$filter",
        "$reduce",
        "$sum",
        "$string",
        "$number",
        "$split",
        "$partition",
        "$range",
        "$hash",
        "$random",
        "$uuid",
        "$parse",
        "$eval",
        "$fromMillis",
        "$formatNumber",
        "$match",
        "$replace",
        "/a*/",
        "function($x){",
        "$now()",
        "$sort",
        "$pad",
        "$power",
        "'MD5'",
        "\u{1d11e}",
    ];
    let piece = proptest::sample::select(pieces.to_vec());
    proptest::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_expression_is_refused_or_evaluated(source in pieces()) {
        if let Ok(expression) = compile(&source) {
            let moment = Moment { now: jiff::Timestamp::UNIX_EPOCH, seed: [7; 32] };
            let states = json!({"input": {"a": [1, "b", {"a": null}]}});
            let evaluate = || {
                expression.evaluate(&Environment::new([("states".to_owned(), states.clone())], &moment))
            };
            // The same moment draws the same numbers, so a replayed evaluation yields the same value.
            prop_assert_eq!(evaluate(), evaluate());
        }
    }
}

#[test]
fn variables_that_are_read_are_known() {
    let variables = |source| compile(source).unwrap().variables();
    assert_eq!(variables("$b.x + $a[$c = 1].y & $states.input"), ["a", "b", "c"]);
    assert_eq!(variables("($x := $y; $map([1], function($v) { $v + $x }))"), ["y"]);
    assert!(variables("$uuid() & $string($random(1)) & $map(['a'], $uppercase)").is_empty());
}

#[test]
fn fields_of_states_that_are_read_are_known() {
    let fields = |source| compile(source).unwrap().states_fields();
    assert_eq!(fields("$states.result.x & $states.context.a"), ["context", "result"]);
    assert_eq!(fields("$states.input.result"), ["input"]);
    assert!(fields("$states").is_empty());
}
