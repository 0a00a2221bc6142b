//! Paths that only the execution knows to be lists or not.

/// A path through values of unknown types: it is a list if one of these is, which only the execution knows.
#[derive(Debug, Clone)]
pub(super) struct Doubt {
    /// The values that the path leads through, as JSONata.
    pub(super) through: Vec<String>,
    /// The whole path, as JSONata.
    pub(super) path: String,
}

impl Doubt {
    /// The result if the path is a list.
    pub(super) fn condition(&self) -> String {
        let is_list = self.through.iter().map(|value| format!("$type({value}) = 'array'"));
        is_list.collect::<Vec<_>>().join(" or ")
    }

    /// The path such that a list stays one.
    pub(super) fn kept(&self, path: &str) -> String {
        format!("({} ? [{path}] : {path})", self.condition())
    }
}
