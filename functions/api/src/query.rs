//! Query strings: every name is known and given once, and every problem is said.

use crate::api::Shared;
use crate::problem::{Code, InvalidField, Problem};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::instead_of;
use std::collections::BTreeMap;

/// The most items of a page, and the number where none is asked for.
pub(crate) const PAGE_LIMIT: usize = 100;

/// The most characters of a parameter.
const TEXT_LIMIT: usize = 500;

/// The most characters of a cursor: it seals a position in a list, which may have the 1024 bytes of a sort key.
const CURSOR_LIMIT: usize = 1500;

/// The parameters of a query string.
pub(crate) trait Parameters: Sized {
    /// Takes the parameters that it knows; the rest is refused.
    fn read(given: &mut Given) -> Self;
}

/// The parameters of a request, of a known kind.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: Parameters> FromRequestParts<Shared> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let mut given = Given::parse(head.uri.query().unwrap_or_default())?;
        let parameters = T::read(&mut given);
        given.finish()?;
        Ok(Self(parameters))
    }
}

/// The given parameters, and problems of those that were taken.
#[derive(Debug)]
pub(crate) struct Given {
    left: BTreeMap<String, Vec<String>>,
    accepted: Vec<&'static str>,
    errors: Vec<InvalidField>,
}

impl Given {
    fn parse(query: &str) -> Result<Self, Problem> {
        let malformed = || {
            let detail = "the query string is not percent-encoded UTF-8; accepted: name=value pairs joined by `&`, in which `%` is followed by two \
                          hexadecimal digits, as in task=a%20b";
            Problem::new(Code::Malformed, detail)
        };
        // The parser itself takes what it cannot read for something else.
        if !is_encoded_text(query) {
            return Err(malformed());
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|_| malformed())?;
        let mut left = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in pairs {
            left.entry(name).or_default().push(value);
        }
        Ok(Self { left, accepted: Vec::new(), errors: Vec::new() })
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.text_up_to(TEXT_LIMIT, name)
    }

    /// Where a page of a list begins.
    pub(crate) fn cursor(&mut self) -> Option<String> {
        self.text_up_to(CURSOR_LIMIT, "cursor")
    }

    fn text_up_to(&mut self, limit: usize, name: &'static str) -> Option<String> {
        self.accepted.push(name);
        let mut values = self.left.remove(name)?;
        let value = values.pop()?;
        let length = value.chars().count();
        if !values.is_empty() {
            self.refuse(name, "it is given several times; accepted: once");
        } else if !(1..=limit).contains(&length) || value.chars().any(char::is_control) {
            let detail = format!("accepted: 1 to {limit} characters, without control characters");
            self.refuse(name, &detail);
        } else {
            return Some(value);
        }
        None
    }

    /// One of these texts.
    pub(crate) fn one_of<T: Copy>(&mut self, name: &'static str, known: &[(&str, T)]) -> Option<T> {
        let value = self.text(name)?;
        let found = known.iter().find(|(text, _)| *text == value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let accepted: Vec<_> = known.iter().map(|(text, _)| *text).collect();
            self.refuse(name, &format!("accepted: {}", accepted.join(", ")));
        }
        found
    }

    /// A whole number of this range.
    pub(crate) fn number(&mut self, name: &'static str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let value = self.text(name)?;
        let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|number| is_plain && range.contains(number));
        if number.is_none() {
            self.refuse(name, &format!("accepted: a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// How many items a page has at most.
    pub(crate) fn limit(&mut self) -> usize {
        let limit = self.number("limit", 1..=PAGE_LIMIT as u64);
        limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_LIMIT)
    }

    /// Says that a parameter is not accepted.
    pub(crate) fn refuse(&mut self, name: &str, detail: &str) {
        self.errors.push(InvalidField { path: name.to_owned(), detail: detail.to_owned() });
    }

    fn finish(mut self) -> Result<(), Problem> {
        let accepted = std::mem::take(&mut self.accepted);
        for name in std::mem::take(&mut self.left).into_keys() {
            let name: String = name.chars().take(TEXT_LIMIT).collect();
            let instead = match accepted.as_slice() {
                [] => "accepted: none".to_owned(),
                names => instead_of(&name, "accepted", names.iter().copied()),
            };
            self.refuse(&name, &format!("unknown parameter; {instead}"));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }
}

/// Whether each `%` begins two hexadecimal digits, and all of it is UTF-8 once they are decoded.
fn is_encoded_text(query: &str) -> bool {
    let mut decoded = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let (byte, behind) = match (first, behind) {
            (b'%', [high, low, behind @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let Some((high, low)) = digit(high).zip(digit(low)) else { return false };
                (u8::try_from(high * 16 + low).unwrap_or_default(), behind)
            }
            (b'%', _) => return false,
            (byte, behind) => (*byte, behind),
        };
        decoded.push(byte);
        rest = behind;
    }
    std::str::from_utf8(&decoded).is_ok()
}

/// No parameters.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Parameters for Nothing {
    fn read(_: &mut Given) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_percent_encoded_text_is_refused() {
        for wrong in ["task=%", "task=%a", "task=%zz", "task=%ff", "%c3=1", "task=%C3%28", "task=%-1"] {
            assert_eq!(Given::parse(wrong).unwrap_err().code(), Code::Malformed, "{wrong}");
        }
        let mut given = Given::parse("task=%C3%bc+%25%2B&task").unwrap();
        assert_eq!(given.left["task"], ["ü %+", ""]);
        assert_eq!(given.text("task"), None);
    }

    #[test]
    fn each_refusal_says_what_is_accepted() {
        let malformed = format!("{:?}", Given::parse("task=%zz").unwrap_err());
        assert!(malformed.contains("accepted: name=value pairs"), "{malformed}");
        let mut given = Given::parse("sate=open&zzz=1").unwrap();
        given.one_of("state", &[("open", 1)]);
        given.limit();
        let refused = format!("{:?}", given.finish().unwrap_err());
        assert!(
            refused.contains("unknown parameter; did you mean `state`? accepted: state, limit"),
            "{refused}"
        );
        assert!(refused.contains("unknown parameter; accepted: state, limit"), "{refused}");
        let refused = format!("{:?}", Given::parse("a=1").unwrap().finish().unwrap_err());
        assert!(refused.contains("unknown parameter; accepted: none"), "{refused}");
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut given = Given::parse("limit=0&state=asleep&task=a&task=b&colour=red").unwrap();
        assert_eq!(given.limit(), PAGE_LIMIT);
        assert_eq!(given.one_of("state", &[("open", 1)]), None);
        assert_eq!(given.text("task"), None);
        let paths: Vec<_> = given.errors.iter().map(|error| error.path.clone()).collect();
        assert_eq!(paths, ["limit", "state", "task"]);
        assert_eq!(given.finish().unwrap_err().code(), Code::Invalid);
        let mut good = Given::parse("limit=7&state=open").unwrap();
        assert_eq!((good.limit(), good.one_of("state", &[("open", 1)])), (7, Some(1)));
        good.finish().unwrap();
        for limit in ["101", "-1", "+1", "1.5", "9007199254740993", "", "%00"] {
            let mut given = Given::parse(&format!("limit={limit}")).unwrap();
            given.limit();
            assert!(given.finish().is_err(), "{limit}");
        }
    }
}
