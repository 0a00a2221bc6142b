//! Reactions on issues, pull requests and comments.

/// A reaction of those that GitHub has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// 👀: seen.
    Eyes,
    /// 🚀: done.
    Rocket,
    /// 😕: failed.
    Confused,
}

impl Reaction {
    /// GitHub's name of it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Eyes => "eyes",
            Self::Rocket => "rocket",
            Self::Confused => "confused",
        }
    }
}

/// The object of the reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An issue or pull request by its number.
    Issue(u64),
    /// A comment on one by its id.
    Comment(u64),
}
