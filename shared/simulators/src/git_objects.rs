//! What a git repository consists of.

use jiff::Timestamp;

/// The author or committer, and the time.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) date: Timestamp,
}

/// A commit as stored.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Signature,
    pub(crate) committer: Signature,
    pub(crate) message: String,
}

/// An entry of a tree; `path` is relative to the tree that was listed.
#[derive(Clone, Debug)]
pub(crate) struct TreeEntry {
    pub(crate) mode: String,
    pub(crate) kind: String,
    pub(crate) sha: String,
    pub(crate) size: Option<u64>,
    pub(crate) path: String,
}

/// One change to a tree: an object with a mode, or nothing if the path is removed.
#[derive(Clone, Debug)]
pub(crate) struct TreeChange {
    pub(crate) path: String,
    pub(crate) object: Option<(String, String)>,
}

/// A branch, tag or other reference with the object it names.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) sha: String,
    pub(crate) kind: String,
}
