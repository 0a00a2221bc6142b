//! The meaning of a scalar: YAML 1.2's core schema, without the readings that would lose something.

use serde_json::Number;
use std::num::ParseIntError;

/// The value of a plain scalar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Boolean(bool),
    Number(Result<Number, NoNumber>),
    Text,
}

/// Why something that YAML calls a number cannot be one in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoNumber {
    /// `.inf`, `.nan`.
    NotFinite,
    /// `61e9540`, `1e-400`.
    OutOfRange,
    /// `9007199254740993`, `1.00000000000000000001`.
    TooManyDigits,
    /// `0017`, which other readers take for octal.
    LeadingZero,
}

impl NoNumber {
    /// Why it is refused, to follow the text itself.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotFinite => "is a number that JSON does not have",
            Self::OutOfRange => "is a number too large or too small for JSON",
            Self::TooManyDigits => "has more digits than a number can keep",
            Self::LeadingZero => "starts with a zero, which some readers take for octal",
        }
    }
}

/// Reads a plain scalar.
pub(crate) fn plain(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Boolean(true),
        "false" | "False" | "FALSE" => Scalar::Boolean(false),
        _ => number(text).map_or(Scalar::Text, Scalar::Number),
    }
}

/// Why the number that a text says cannot be kept as it is written; `None` for every other text.
pub(crate) fn why_not_kept(text: &str) -> Option<&'static str> {
    Some(number(text)?.err()?.reason())
}

/// The number that a text says; `None` for anything else.
fn number(text: &str) -> Option<Result<Number, NoNumber>> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            return is_number.then(|| integer(i64::from_str_radix(digits, radix)));
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err(NoNumber::NotFinite));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let some_digits = |text: &str| !text.is_empty() && digits(text);
    let is_number = digits(whole)
        && fraction.is_none_or(digits)
        && (!whole.is_empty() || fraction.is_some_and(some_digits))
        && exponent.is_none_or(some_digits);
    if !is_number {
        return None;
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Some(Err(NoNumber::LeadingZero));
    }
    if fraction.is_none() && exponent.is_none() {
        let signed = text.strip_prefix('+').unwrap_or(text);
        return Some(integer(signed.parse()));
    }
    Some(float(text.strip_prefix('+').unwrap_or(text), mantissa))
}

/// A whole number, if JSONata, whose numbers are all doubles, leaves it as it is.
fn integer(number: Result<i64, ParseIntError>) -> Result<Number, NoNumber> {
    const MOST: u64 = 1 << 53;
    let number = number.ok().filter(|number| number.unsigned_abs() <= MOST);
    number.map(Number::from).ok_or(NoNumber::TooManyDigits)
}

fn float(text: &str, mantissa: &str) -> Result<Number, NoNumber> {
    let value = text.parse::<f64>().map_err(|_| NoNumber::OutOfRange)?;
    let vanished = value == 0.0 && mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if value.is_finite() && !vanished && !keeps_digits(value, mantissa) {
        return Err(NoNumber::TooManyDigits);
    }
    Number::from_f64(value).filter(|_| !vanished).ok_or(NoNumber::OutOfRange)
}

/// Whether a number has the digits that it is written with: the shortest ones that mean it, or its own, rounded to as many.
fn keeps_digits(value: f64, mantissa: &str) -> bool {
    /// No double has more, and formatting takes no more than 65,535.
    const MOST_DIGITS: usize = 767;
    let written = significant(mantissa);
    let places = written.len().saturating_sub(1);
    let is_written = |shown: &str| significant(shown.split('e').next().unwrap_or_default()) == written;
    written.len() <= MOST_DIGITS
        && (is_written(&format!("{value:e}")) || is_written(&format!("{value:.places$e}")))
}

/// The digits of a number without the zeros around them.
fn significant(mantissa: &str) -> String {
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_are_what_the_core_schema_says() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("True", json!(true)),
            ("FALSE", json!(false)),
            ("0", json!(0)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1.10", json!(1.1)),
            (".5", json!(0.5)),
            ("1.", json!(1.0)),
            ("-1e3", json!(-1000.0)),
            ("0.0", json!(0.0)),
            ("9007199254740992", json!(9_007_199_254_740_992_i64)),
            ("0.10000000000000001", json!(0.1)),
            ("0.30000000000000004", json!(0.1 + 0.2)),
            ("1e22", json!(1e22)),
            ("100.50", json!(100.5)),
            ("5e-324", json!(5e-324)),
        ] {
            let read = match plain(text) {
                Scalar::Null => json!(null),
                Scalar::Boolean(value) => value.into(),
                Scalar::Number(number) => number.unwrap().into(),
                Scalar::Text => panic!("{text} is text"),
            };
            assert_eq!(read, value, "{text}");
        }
        for text in [
            "yes", "on", "y", "1.2.3", "1e", ".", "-", "0x", "0xg", "0o8", "e1", "1_000", "12:30", "inf",
            "nan", "+.nan",
        ] {
            assert_eq!(plain(text), Scalar::Text, "{text}");
        }
    }

    #[test]
    fn what_would_become_another_number_is_refused() {
        for (text, why) in [
            (".inf", NoNumber::NotFinite),
            ("-.INF", NoNumber::NotFinite),
            (".nan", NoNumber::NotFinite),
            ("61e9540", NoNumber::OutOfRange),
            ("1e-400", NoNumber::OutOfRange),
            ("9223372036854775808", NoNumber::TooManyDigits),
            ("0xFFFFFFFFFFFFFFFF", NoNumber::TooManyDigits),
            // JSONata would make 9007199254740992 of it.
            ("9007199254740993", NoNumber::TooManyDigits),
            ("-9007199254740993", NoNumber::TooManyDigits),
            ("0x20000000000001", NoNumber::TooManyDigits),
            ("9007199254740993.0", NoNumber::TooManyDigits),
            ("1.00000000000000000001", NoNumber::TooManyDigits),
            ("3.14159265358979323846", NoNumber::TooManyDigits),
            ("1234567890123456789e-2", NoNumber::TooManyDigits),
            ("0017", NoNumber::LeadingZero),
            ("-007.5", NoNumber::LeadingZero),
        ] {
            assert_eq!(plain(text), Scalar::Number(Err(why)), "{text}");
        }
    }
}
