//! Versions of resources: each has an entity tag, and a change names the version that the client saw in `If-Match`.
//! <https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests>

use crate::api::Shared;
use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::fmt;

/// The most characters of the header.
const LIMIT: usize = 500;

const ACCEPTED: &str =
    "accepted: the ETag of an answer, such as \"3\"; several with commas between them; or * for any state";

/// The tag of a state, with its quotes. No two states of a thing have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// The tag with this text, which is letters, digits and `-`.
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        Self(format!("\"{text}\""))
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The versions that a request may change. Errors in the header are reported only to clients that may change the resource at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// The header is missing.
    Missing,
    /// It cannot be read.
    Invalid,
    /// Any version.
    Any,
    /// One of these.
    OneOf(Vec<EntityTag>),
}

impl FromRequestParts<Shared> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Parts, _: &Shared) -> Result<Self, Infallible> {
        let mut values = Vec::new();
        for value in head.headers.get_all(IF_MATCH) {
            match value.to_str() {
                Ok(value) => values.push(value),
                Err(_) => return Ok(Self::Invalid),
            }
        }
        // Several headers of a name are one with commas between them.
        Ok(if values.is_empty() { Self::Missing } else { Self::read(&values.join(",")) })
    }
}

impl IfMatch {
    fn read(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        if text.len() > LIMIT {
            return Self::Invalid;
        }
        let (mut tags, mut rest) = (Vec::new(), text.trim());
        loop {
            let is_weak = rest.starts_with("W/");
            let opened = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"');
            let Some((tag, after)) = opened.and_then(|opened| opened.split_once('"')) else {
                return Self::Invalid;
            };
            // A weak one is of more than one state, so that it matches none.
            if !is_weak {
                tags.push(EntityTag::new(tag));
            }
            match after.trim_start().strip_prefix(',') {
                Some(next) => rest = next.trim(),
                None if after.trim().is_empty() => return Self::OneOf(tags),
                None => return Self::Invalid,
            }
        }
    }

    /// Whether the state with this tag may be changed.
    ///
    /// # Errors
    /// Precondition required without the header; invalid if it cannot be parsed; precondition failed for another version.
    pub(crate) fn check(&self, present: &EntityTag) -> Result<(), Problem> {
        match self {
            Self::Missing => {
                let detail = format!("read it first, and send its ETag as If-Match; {ACCEPTED}");
                Err(Problem::new(Code::PreconditionRequired, detail))
            }
            Self::Invalid => Err(Problem::invalid_field(IF_MATCH.as_str(), ACCEPTED)),
            Self::Any => Ok(()),
            Self::OneOf(tags) if tags.contains(present) => Ok(()),
            Self::OneOf(_) => Err(changed()),
        }
    }
}

/// That a thing has changed since it was read.
pub(crate) fn changed() -> Problem {
    let detail = "it has changed since it was read; read it again, and send its new ETag as If-Match";
    Problem::new(Code::PreconditionFailed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_state_that_was_seen_is_changed() {
        let present = EntityTag::new(3);
        let check = |text: &str| IfMatch::read(text).check(&present).map_err(|problem| problem.code());
        for text in ["\"3\"", " \"3\" ", "\"2\", \"3\"", "W/\"3\",\"3\"", "*"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in ["\"2\"", "\"\"", "W/\"3\"", "\"2\",\"4\""] {
            assert_eq!(check(text), Err(Code::PreconditionFailed), "{text}");
        }
        let long = format!("\"{}\"", "x".repeat(10_000));
        for text in ["3", "\"3", "\"3\" \"4\"", "\"3\",", "\"3\",*", "", &long] {
            assert_eq!(check(text), Err(Code::Invalid), "{text}");
        }
        let missing = IfMatch::Missing.check(&present).map_err(|problem| problem.code());
        assert_eq!(missing, Err(Code::PreconditionRequired));
    }
}
