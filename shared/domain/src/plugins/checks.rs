//! What a code host's checks say about a commit.

use crate::repository::CommitSha;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// How the checks of a commit stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checks {
    /// What names the newest attempt of each check: another attempt has another name.
    pub attempts: BTreeSet<String>,
    /// How many of these are not done.
    pub unfinished: usize,
    /// The results of those that are done.
    pub conclusions: Vec<CheckConclusion>,
    /// When the newest group of checks was announced in which none has begun. Some never do.
    pub announced_at: Option<Timestamp>,
    /// The head of a pull request that this commit merges into its target, where a code host runs the checks of pull requests on such merges:
    /// they are checks of that head.
    pub merges: Option<CommitSha>,
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    /// Its name, which its next attempt has, too.
    pub name: String,
    /// Where people see it.
    pub url: Option<String>,
    /// Its text: the log of its job, or else its report; absent if the code host does not return it.
    pub log: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckConclusion {
    /// It found nothing wrong, or did not apply.
    Success,
    /// It waits for a person to do something.
    ActionRequired,
    /// It was canceled, or abandoned.
    Cancelled,
    /// It found something wrong, or could not run.
    Failure,
}

impl CheckConclusion {
    /// Its name in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ActionRequired => "action_required",
            Self::Cancelled => "cancelled",
            Self::Failure => "failure",
        }
    }
}
