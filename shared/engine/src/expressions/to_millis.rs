//! `$toMillis` of jsonata-js 2.0.6: its results for these texts and pictures, in UTC.

use super::EvaluationError;
use super::jlens::compile;
use super::{Environment, Moment};
use Millis::{NotANumber, Nothing, Number, Thrown};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Millis {
    Number(i64),
    NotANumber,
    Nothing,
    Thrown(&'static str),
}

const GIVEN: &[(&str, Option<&str>, Millis)] = &[
    ("2024", None, Number(1704067200000)),
    ("2024-02", None, Number(1706745600000)),
    ("2024-02-29", None, Number(1709164800000)),
    ("2024-02-29T12:34:56", None, Number(1709210096000)),
    ("2024-02-29T12:34:56Z", None, Number(1709210096000)),
    ("2024-02-29T12:34:56+0100", None, Number(1709206496000)),
    ("2024-02-29T12:34:56+01:00", None, Number(1709206496000)),
    ("2024-13", None, NotANumber),
    ("2024-02-30", None, Number(1709251200000)),
    ("2024-02-31", None, Number(1709337600000)),
    ("2024-04-31T00:00:00Z", None, Number(1714521600000)),
    ("2024-02-29T24:00:00Z", None, Number(1709251200000)),
    ("2024-02-29T24:00:01Z", None, NotANumber),
    ("2024-02-29T12:34:56.789123Z", None, Number(1709210096789)),
    ("2024-02-29T12:34:56.7Z", None, Number(1709210096700)),
    ("2024-02-29.5", None, NotANumber),
    ("2024-00-10", None, NotANumber),
    ("2024-1-1", None, Thrown("D3110")),
    ("2024Z", None, Number(1704067200000)),
    ("2024-02Z", None, Number(1706745600000)),
    ("2024-02-29Z", None, Number(1709164800000)),
    ("2024-02-29+01:00", None, NotANumber),
    ("2024-02-29T25:00:00Z", None, NotANumber),
    ("2024-02-29T12:34Z", None, Thrown("D3110")),
    ("noon", None, Thrown("D3110")),
    ("0000", None, Number(-62167219200000)),
    ("9999-12-31T23:59:59.999Z", None, Number(253402300799999)),
    ("2024-02-29T12:34:56.", None, Thrown("D3110")),
    ("2024-02-29T12:34:56-00:00", None, Number(1709210096000)),
    ("2024-02-29T12:34:56+2959", None, NotANumber),
    ("2024-02-29T12:34:56+23:59", None, Number(1709123756000)),
    ("2024-02-02-02", None, NotANumber),
    ("2024-02-29t12:34:56z", None, Thrown("D3110")),
    ("2024-02-29T12:34:56 Z", None, Thrown("D3110")),
    (" 2024", None, Thrown("D3110")),
    ("2024\n", None, Thrown("D3110")),
    ("1582-10-10", None, Number(-12219724800000)),
    ("0099-01-01", None, Number(-59042995200000)),
    ("2024-02-29T12:34:56.123456789012Z", None, Number(1709210096123)),
    ("2024T12:34:56Z", None, Number(1704112496000)),
    ("2024-02T12:34:56Z", None, Number(1706790896000)),
    ("2024T12:34:56", None, Number(1704112496000)),
    ("23rd March 2018", Some("[D1o] [MNn] [Y]"), Number(1521763200000)),
    ("2018-03-23", Some("[Y]-[M]-[D]"), Number(1521763200000)),
    ("2018-060", Some("[Y]-[d]"), Number(1519862400000)),
    ("2018-W10-3", Some("[X]-W[W]-[F1]"), Thrown("D3136")),
    ("xx", Some("[Y]"), Nothing),
    ("10:30 pm 1/2/2020", Some("[h]:[m] [P] [D]/[M]/[Y]"), Number(1580596200000)),
    ("2018", Some("[Y]"), Number(1514764800000)),
    ("12", Some("[Q]"), Thrown("D3132")),
    ("99/99/2020", Some("[D]/[M]/[Y]"), Number(1843948800000)),
    ("31/02/2020", Some("[D]/[M]/[Y]"), Number(1583107200000)),
    ("+01:00 2020", Some("[Z] [Y]"), Number(1577833200000)),
    ("2020 GMT+5", Some("[Y] [z]"), Nothing),
    ("MMXX", Some("[YI]"), Number(1577836800000)),
    ("twenty twenty", Some("[Yw]"), Number(-946771200000)),
];

/// The engine's results where 2.0.6 returns no number: the differences listed in `tests/differential/README.md`. `None` for null.
const DIFFERENT: &[(&str, Option<Millis>)] = &[
    ("2024-13", None),
    ("2024-02-29T24:00:01Z", Some(Number(1709251201000))),
    ("2024-02-29.5", Some(Number(1709164800500))),
    ("2024-00-10", None),
    ("2024-02-29+01:00", Some(Number(1709161200000))),
    ("2024-02-29T25:00:00Z", None),
    ("2024-02-29T12:34:56+2959", Some(Number(1709102156000))),
    ("2024-02-02-02", Some(Thrown("D3110"))),
];

#[test]
fn every_text_gives_what_2_0_6_gives() {
    let moment = Moment { now: jiff::Timestamp::UNIX_EPOCH, seed: [7; 32] };
    let mut different = Vec::new();
    for (text, picture, expected) in GIVEN {
        let variables = [("t".to_owned(), json!(text)), ("p".to_owned(), json!(picture))];
        let source = if picture.is_some() { "$toMillis($t, $p)" } else { "$toMillis($t)" };
        let given = compile(source).unwrap().evaluate(&Environment::new(variables, &moment));
        let known = DIFFERENT.iter().find(|(different, _)| different == text);
        let expected = match (expected, known) {
            (NotANumber, Some((_, Some(given)))) => given,
            (NotANumber, None) => panic!("{text} is no known difference"),
            (expected, _) => expected,
        };
        let same = match (expected, &given) {
            (Number(number), Ok(Value::Number(given))) => given.as_f64() == Some(*number as f64),
            (NotANumber, Ok(given)) => given.is_null(),
            (Nothing, Err(EvaluationError::Undefined)) => true,
            (Thrown(code), Err(EvaluationError::Thrown { code: given, .. })) => code == given,
            _ => false,
        };
        if !same {
            different.push((text, picture, expected, given));
        }
    }
    assert!(different.is_empty(), "{different:#?}");
}
