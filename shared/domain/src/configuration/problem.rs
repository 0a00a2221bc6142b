//! Something wrong in a configuration.

use std::fmt;

/// Something wrong in a configuration: where, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The place as a [JSON Pointer](https://www.rfc-editor.org/rfc/rfc6901): `/projects/0/may_trigger/1`.
    pub pointer: String,
    /// The problem and what is accepted, without the place.
    pub message: String,
}

impl Problem {
    /// A problem at the place that these keys and indexes lead to: `["projects", "0", "channel"]`.
    pub fn new<'a>(place: impl IntoIterator<Item = &'a str>, message: impl Into<String>) -> Self {
        let escaped = place.into_iter().map(|step| step.replace('~', "~0").replace('/', "~1"));
        let pointer = escaped.map(|step| format!("/{step}")).collect();
        Self { pointer, message: message.into() }
    }

    /// The same problem of a value at another place.
    pub fn below<'a>(self, place: impl IntoIterator<Item = &'a str>) -> Self {
        let above = Self::new(place, "").pointer;
        Self { pointer: format!("{above}{}", self.pointer), message: self.message }
    }

    /// The same problem, with its place relative to the value at `above`; `None` if it is not inside that value.
    pub fn inside(self, above: &str) -> Option<Self> {
        let pointer = self.pointer.strip_prefix(above).filter(|rest| rest.starts_with('/'))?.to_owned();
        Some(Self { pointer, message: self.message })
    }
}

/// The place as people write it, and the message: `projects[0].channel: …`.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = String::new();
        for step in self.pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            match step.parse::<usize>() {
                Ok(index) if !place.is_empty() => place.push_str(&format!("[{index}]")),
                _ if place.is_empty() => place.push_str(&step),
                _ => place.push_str(&format!(".{step}")),
            }
        }
        let separator = if place.is_empty() { "" } else { ": " };
        write!(formatter, "{place}{separator}{}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_pointer_and_reads_as_people_write_it() {
        let problem = Problem::new(["groups", "a/b", "1"], "unknown");
        assert_eq!(problem.pointer, "/groups/a~1b/1");
        assert_eq!(problem.to_string(), "groups.a/b[1]: unknown");
        assert_eq!(Problem::new([], "it is empty").to_string(), "it is empty");
        assert_eq!(problem.clone().inside("/groups").unwrap().pointer, "/a~1b/1");
        assert_eq!([problem.clone().inside("/group"), problem.inside("/users")], [None, None]);
    }
}
