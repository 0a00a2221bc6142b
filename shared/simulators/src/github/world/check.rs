//! The checks of pushed commits.

use serde::{Deserialize, Deserializer, Serialize};

/// The result of a check for the commits that are pushed to a branch.
///
/// ```yaml
/// checks:
///   - { name: lint, conclusion: success }
///   - name: test
///     conclusion: [failure, success]    # at the first commit that is pushed to a branch, and at the others
///     log: |
///       tests/test_cart.py:9: AssertionError: a cart of nothing costs 5
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its name, such as `test`.
    pub name: String,
    /// How it ends: one word for every commit, or a list for the first commit that is pushed to a branch, the second, and so on; the last
    /// one counts for all that follow.
    pub conclusion: Ends,
    /// How it ended on the default branch, if it ran there.
    #[serde(default)]
    pub base: Option<CheckEnd>,
    /// The App that runs it; `github-actions` when absent, whose runs are jobs with a log.
    #[serde(default = "actions")]
    pub app: String,
    /// Its output if it does not succeed: the job's log, or the report of another App.
    #[serde(default)]
    pub log: Option<String>,
    /// Its annotations on lines if it does not succeed.
    #[serde(default)]
    pub annotations: Vec<Annotation>,
}

fn actions() -> String {
    "github-actions".into()
}

/// How a check ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckEnd {
    /// It found nothing wrong.
    Success,
    /// It found something wrong.
    Failure,
    /// Neither.
    Neutral,
    /// It was cancelled.
    Cancelled,
    /// It did not apply.
    Skipped,
    /// It took too long.
    TimedOut,
    /// It waits for a person.
    ActionRequired,
    /// It keeps running until somebody reports its end.
    Pending,
}

impl CheckEnd {
    /// GitHub's word; none while the check runs.
    pub(in crate::github) fn word(self) -> Option<&'static str> {
        match self {
            Self::Success => Some("success"),
            Self::Failure => Some("failure"),
            Self::Neutral => Some("neutral"),
            Self::Cancelled => Some("cancelled"),
            Self::Skipped => Some("skipped"),
            Self::TimedOut => Some("timed_out"),
            Self::ActionRequired => Some("action_required"),
            Self::Pending => None,
        }
    }
}

/// The output of a check that fails first, if the world has none.
const LOG: &str = "##[error]This check fails at the first commit of a branch.\n##[error]Process completed with exit code 1.\n";

impl super::Repository {
    /// Makes those of its checks that have a log fail at the first commit of a branch, else the first one. Checks that fail anyway stay.
    pub(in crate::github) fn fail_first_checks(&mut self) {
        let fails = |check: &Check| check.conclusion.0.iter().any(|end| *end != CheckEnd::Success);
        if self.checks.iter().any(fails) {
            return;
        }
        if self.checks.iter().all(|check| check.log.is_none())
            && let Some(first) = self.checks.first_mut()
        {
            first.log = Some(LOG.to_owned());
        }
        for check in self.checks.iter_mut().filter(|check| check.log.is_some()) {
            check.conclusion = Ends(vec![CheckEnd::Failure, CheckEnd::Success]);
        }
    }
}

/// The ends of a check at one commit after another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends(pub Vec<CheckEnd>);

impl Ends {
    /// The end at a commit, counted from 1.
    pub(in crate::github) fn at(&self, commit: usize) -> CheckEnd {
        let end = self.0.get(commit.saturating_sub(1)).or(self.0.last());
        end.copied().unwrap_or(CheckEnd::Success)
    }
}

impl<'de> Deserialize<'de> for Ends {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(CheckEnd),
            List(Vec<CheckEnd>),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::One(end)) => Ok(Self(vec![end])),
            Ok(Written::List(ends)) if !ends.is_empty() => Ok(Self(ends)),
            _ => Err(serde::de::Error::custom(
                "accepted for a check's `conclusion`: success, failure, neutral, cancelled, skipped, timed_out, action_required, \
                 pending, or a list of these",
            )),
        }
    }
}

/// A note on a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// The file's path.
    pub path: String,
    /// The line, counted from 1.
    pub line: u64,
    /// Its output.
    pub message: String,
}
