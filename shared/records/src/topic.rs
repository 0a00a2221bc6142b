//! Topics: what the steps of executions wait for.

use domain::EventKey;
use std::fmt;

/// The subject of a wait; whatever makes it happen knows the same topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// That a limit leaves room for a model call. They share one partition, because the sweeper reads them all.
    Budget,
    /// An answer of people, asked for by this execution.
    Approval(String),
    /// Something that happens outside.
    Event(EventKey),
    /// That reviewers have room for another pull request. They share one partition, because the sweeper reads them all.
    Capacity,
    /// That a provider takes calls again. They share one partition, because the sweeper reads them all.
    Provider,
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget => formatter.write_str("budget"),
            Self::Capacity => formatter.write_str("capacity"),
            Self::Approval(execution) => write!(formatter, "{APPROVAL}{execution}"),
            Self::Event(key) => write!(formatter, "{EVENT}{}", key.as_str()),
            Self::Provider => formatter.write_str("provider"),
        }
    }
}

/// How the topics of questions to people begin.
const APPROVAL: &str = "approval/";

/// How the topics of events begin.
pub(crate) const EVENT: &str = "event/";

impl Topic {
    /// The execution whose people are asked under a topic as text; `None` for other topics.
    pub fn asking(topic: &str) -> Option<&str> {
        topic.strip_prefix(APPROVAL)
    }
}

/// Whether a topic as text is of questions to people.
pub(crate) fn is_approval(topic: &str) -> bool {
    Topic::asking(topic).is_some()
}
