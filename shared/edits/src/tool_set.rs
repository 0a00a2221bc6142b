//! Which tools a session offers.

/// What a session can offer a model of a repository's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAccess {
    /// The project has no repository.
    None,
    /// All contents are loaded.
    Whole,
    /// Only some contents are loaded; the model loads more.
    Partial,
}

/// The tools that a session offers a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSet {
    pub(crate) names: Vec<&'static str>,
}

impl ToolSet {
    /// The names, sorted.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Whether a tool is offered.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}
