//! One way to write a ticket.

use crate::repository::MOST_PARTS;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One way to write a ticket, as text with placeholders:
///
/// | placeholder | reads |
/// |---|---|
/// | `{PROJECT}` | a project's key, converted to upper case |
/// | `{owner}`, `{name}` | the two parts of a repository |
/// | `{path}` | a repository of two parts or more, up to `/-/` |
/// | `{number}` | a number from 1, without leading zeros |
/// | `{pull}` | the number of a pull request, where these are numbered apart from tickets |
/// | `{site}` | the tracker's address, filled in by [`Pattern::at`]; `https://` may be left out |
/// | `{any}` | any text, also none |
///
/// A pattern that begins with `{site}` is a link: more of a path, a query or a fragment may follow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
    is_link: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Project,
    Owner,
    Name,
    Path,
    Number,
    Pull,
    Site,
    Any,
}

/// The longest ticket, in bytes.
const LONGEST: usize = 2048;

/// A pattern with a placeholder that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{pattern}` is not a ticket pattern: `{{{placeholder}}}` is unknown; accepted: {{PROJECT}}, {{owner}}, {{name}}, \
     {{path}}, {{number}}, {{pull}}, {{site}}, {{any}}"
)]
pub struct InvalidPattern {
    pattern: String,
    placeholder: String,
}

/// The values of a pattern's placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Captured {
    project: Option<String>,
    owner: Option<String>,
    name: Option<String>,
    path: Option<String>,
    number: Option<u64>,
    pull: Option<u64>,
}

impl Captured {
    /// A ticket of the project or repository with this name, whose number is 12.
    pub(super) fn example(container: &str) -> Self {
        let number = Some(12);
        match container.rsplit_once('/') {
            Some((owner, name)) => {
                let (owner, name, path) = (owner.to_owned(), name.to_owned(), container.to_owned());
                Self { owner: Some(owner), name: Some(name), path: Some(path), number, ..Self::default() }
            }
            None => Self { project: Some(container.to_owned()), number, ..Self::default() },
        }
    }

    /// The ticket's project: `SHOP`, or `acme/shop`.
    pub(super) fn container(&self) -> Option<String> {
        match (&self.project, &self.path, &self.owner, &self.name) {
            (Some(container), ..) | (None, Some(container), ..) => Some(container.clone()),
            (None, None, Some(owner), Some(name)) => Some(format!("{owner}/{name}")),
            _ => None,
        }
    }

    /// Spells a repository as the configuration does. Keys of projects are in upper case already.
    pub(super) fn respell(&mut self, container: &str) {
        if self.path.is_some() {
            self.path = Some(container.to_owned());
        } else if let (None, Some((owner, name))) = (&self.project, container.rsplit_once('/')) {
            self.owner = Some(owner.to_owned());
            self.name = Some(name.to_owned());
        }
    }
}

impl Pattern {
    /// The pattern with the tracker's address in place of `{site}`.
    #[must_use]
    pub fn at(&self, site: &str) -> Self {
        let site = without_scheme(site).trim_end_matches('/');
        let mut parts = Vec::new();
        for part in &self.parts {
            match (parts.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(literal)) => before.push_str(literal),
                _ => parts.push(part.clone()),
            }
            if *part == Part::Site {
                parts.push(Part::Literal(site.to_owned()));
            }
        }
        Self { text: self.text.replace("{site}", &format!("{{site}}{site}")), parts, is_link: self.is_link }
    }

    /// The placeholders' values in this text; `None` if the text does not match.
    pub(super) fn read(&self, typed: &str) -> Option<Captured> {
        if typed.len() > LONGEST {
            return None;
        }
        let typed = if self.is_link { without_scheme(typed) } else { typed };
        let mut captured = Captured::default();
        self.read_parts(&self.parts, typed, &mut captured).then_some(captured)
    }

    fn read_parts(&self, parts: &[Part], rest: &str, captured: &mut Captured) -> bool {
        let Some((part, parts)) = parts.split_first() else {
            return rest.is_empty() || (self.is_link && rest.starts_with(['/', '?', '#', '&']));
        };
        match part {
            Part::Site => self.read_parts(parts, rest, captured),
            Part::Literal(literal) => match rest.get(..literal.len()) {
                Some(start) if start.eq_ignore_ascii_case(literal) => {
                    self.read_parts(parts, &rest[literal.len()..], captured)
                }
                _ => false,
            },
            Part::Any => {
                let mut ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
                ends.any(|end| self.read_parts(parts, &rest[end..], captured))
            }
            Part::Project => {
                let (word, rest) = word(rest, |c| c.is_ascii_alphanumeric() || c == '_');
                captured.project = Some(word.to_ascii_uppercase());
                word.starts_with(|first: char| first.is_ascii_alphabetic())
                    && self.read_parts(parts, rest, captured)
            }
            Part::Owner | Part::Name => {
                let (word, rest) = word(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
                let place = if *part == Part::Owner { &mut captured.owner } else { &mut captured.name };
                *place = Some(word.to_owned());
                !matches!(word, "" | "." | "..") && self.read_parts(parts, rest, captured)
            }
            Part::Path => {
                let end = rest.find("/-/").unwrap_or(rest.len());
                let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
                let (path, _) = word(&rest[..end], is_part);
                captured.path = Some(path.to_owned());
                let is_legal = |part: &str| !matches!(part, "" | "." | "..");
                (2..=MOST_PARTS).contains(&path.split('/').count())
                    && path.split('/').all(is_legal)
                    && self.read_parts(parts, &rest[path.len()..], captured)
            }
            Part::Number | Part::Pull => {
                let (word, rest) = word(rest, |c| c.is_ascii_digit());
                let number = word.parse().ok().filter(|number| *number > 0);
                let place = if *part == Part::Number { &mut captured.number } else { &mut captured.pull };
                *place = number;
                number.is_some() && self.read_parts(parts, rest, captured)
            }
        }
    }

    /// The ticket in this form; `None` if the pattern needs a value that is missing.
    pub(super) fn write(&self, captured: &Captured) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Project => text.push_str(captured.project.as_ref()?),
                Part::Owner => text.push_str(captured.owner.as_ref()?),
                Part::Name => text.push_str(captured.name.as_ref()?),
                Part::Path => text.push_str(captured.path.as_ref()?),
                Part::Number => text.push_str(&captured.number?.to_string()),
                Part::Pull => text.push_str(&captured.pull?.to_string()),
                Part::Site | Part::Any => return None,
            }
        }
        Some(text)
    }
}

fn word(text: &str, is_part: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

fn without_scheme(address: &str) -> &str {
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| {
        let start = address.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| &address[scheme.len()..])
    });
    rest.unwrap_or(address)
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            let (placeholder, after) = after.split_once('}').unwrap_or((after, ""));
            parts.push(match placeholder {
                "PROJECT" => Part::Project,
                "owner" => Part::Owner,
                "name" => Part::Name,
                "path" => Part::Path,
                "number" => Part::Number,
                "pull" => Part::Pull,
                "site" => Part::Site,
                "any" => Part::Any,
                unknown => {
                    return Err(InvalidPattern { pattern: text.to_owned(), placeholder: unknown.to_owned() });
                }
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), is_link: parts.first() == Some(&Part::Site), parts })
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_placeholder_is_refused() {
        let message = "{site}/{ticket}".parse::<Pattern>().unwrap_err().to_string();
        assert!(message.contains("`{ticket}` is unknown") && message.contains("{number}"), "{message}");
    }

    #[test]
    fn the_site_is_filled_in_once() {
        let pattern = "{site}/browse/{PROJECT}-{number}".parse::<Pattern>().unwrap();
        let filled = pattern.at("https://acme.example/jira/");
        assert_eq!(filled.to_string(), "{site}acme.example/jira/browse/{PROJECT}-{number}");
        assert_eq!(
            filled.to_string().parse::<Pattern>().unwrap().read("http://acme.example/jira/browse/A-1"),
            filled.read("acme.example/jira/browse/a-01")
        );
        assert!(filled.read("acme.example/browse/A-1").is_none());
    }
}
