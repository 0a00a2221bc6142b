//! The parts of a picture.

/// The nodes, arrows and boxes of one workflow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) boxes: Vec<Box>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) id: String,
    /// Lines of text.
    pub(super) label: Vec<String>,
    pub(super) kind: Kind,
}

/// The kinds of nodes; each has its own shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Where it starts or ends.
    Terminal,
    Action,
    Agent,
    /// It waits for people, events or a time.
    Waiting,
    Decision,
    Values,
    Workflow,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrow {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) label: Option<String>,
    /// Taken when something fails.
    pub(super) failing: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Box {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) nodes: Vec<String>,
    pub(super) boxes: Vec<Box>,
}
