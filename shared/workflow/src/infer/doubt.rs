//! Paths of which only the execution knows whether they are lists.

/// A path through values of unknown types: it is a list if one of these is, which only the execution knows.
#[derive(Debug, Clone)]
pub(super) struct Doubt {
    /// The values that the path leads through, as JSONata.
    pub(super) through: Vec<String>,
    /// The whole path, as JSONata; `None` if it is more than names, and is evaluated once.
    pub(super) path: Option<String>,
}

/// The variable for a path that is evaluated once. It is visible only in its own parentheses.
const ONCE: &str = "$kept_once";

impl Doubt {
    /// The condition that holds if the path is a list.
    pub(super) fn condition(&self) -> String {
        let is_list = self.through.iter().map(|value| format!("$type({value}) = 'array'"));
        is_list.collect::<Vec<_>>().join(" or ")
    }

    /// The texts before and after the path that keep a list a list.
    pub(super) fn around(&self) -> (String, String) {
        let condition = self.condition();
        match &self.path {
            Some(path) => (format!("({condition} ? ["), format!("] : {path})")),
            None => (format!("({ONCE} := "), format!("; {condition} ? [{ONCE}] : {ONCE})")),
        }
    }

    /// The path, which stays a list if it is one.
    pub(super) fn kept(&self, path: &str) -> String {
        let (open, close) = self.around();
        format!("{open}{path}{close}")
    }
}
