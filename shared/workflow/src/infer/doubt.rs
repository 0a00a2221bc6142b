//! Paths that only the execution knows to be lists or not.

/// A path through values of unknown types: it is a list if one of these is, which only the execution knows.
#[derive(Debug, Clone)]
pub(super) struct Doubt {
    /// The values that the path leads through, as JSONata.
    pub(super) through: Vec<String>,
    /// The whole path, as JSONata; `None` where it is more than names, and is evaluated once.
    pub(super) path: Option<String>,
}

/// What a path that is evaluated once is called meanwhile. Only what is in its own parentheses sees it.
const ONCE: &str = "$kept_once";

impl Doubt {
    /// The result if the path is a list.
    pub(super) fn condition(&self) -> String {
        let is_list = self.through.iter().map(|value| format!("$type({value}) = 'array'"));
        is_list.collect::<Vec<_>>().join(" or ")
    }

    /// What is written around the path such that a list stays one.
    pub(super) fn around(&self) -> (String, String) {
        let condition = self.condition();
        match &self.path {
            Some(path) => (format!("({condition} ? ["), format!("] : {path})")),
            None => (format!("({ONCE} := "), format!("; {condition} ? [{ONCE}] : {ONCE})")),
        }
    }

    /// The path such that a list stays one.
    pub(super) fn kept(&self, path: &str) -> String {
        let (open, close) = self.around();
        format!("{open}{path}{close}")
    }
}
