//! Following an execution or a project: which frames a socket is sent next, wherever the socket is.

use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, Frame, RecordsError, Table};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Frames on a page.
const PAGE: usize = 100;

/// How long before the opening of a socket a project's frames are sent: the reader's earlier data may be this old.
const OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// What a reader follows, and their position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    project: Option<String>,
    opened_at: Timestamp,
    last: BTreeMap<String, u64>,
}

/// A frame as readers are sent it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToldFrame {
    /// The kind of event.
    pub event: String,
    /// Its data.
    pub data: Value,
    /// The execution's name.
    pub execution: String,
    /// The project's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Its number in the execution, from 1 without gaps.
    pub sequence: u64,
    /// When it was noticed.
    pub at: Timestamp,
}

/// The next frames to send.
#[derive(Debug, Clone, PartialEq)]
pub struct NextFrames {
    /// The frames, in their order.
    pub frames: Vec<ToldFrame>,
    /// Whether there may be more already.
    pub more: bool,
    /// Whether nothing follows, because the followed execution has ended.
    pub ended: bool,
}

impl ToldFrame {
    /// A frame of an execution.
    pub fn of(execution: &ExecutionRecord, frame: Frame) -> Self {
        let Frame { sequence, event, data, at } = frame;
        let (execution, project) = (execution.name.clone(), execution.project.clone());
        Self { event, data, execution, project, sequence, at }
    }
}

impl Following {
    /// Following either an execution, whose frames up to the number `after` the reader has, or a project; `None` where neither or both are
    /// named.
    pub fn of(
        execution: Option<&str>,
        after: u64,
        project: Option<&str>,
        opened_at: Timestamp,
    ) -> Option<Self> {
        let last = match (execution, project) {
            (Some(name), None) => BTreeMap::from([(name.to_owned(), after)]),
            (None, Some(_)) => BTreeMap::new(),
            _ => return None,
        };
        Some(Self { project: project.map(str::to_owned), opened_at, last })
    }

    /// The same, where frames up to these numbers were sent.
    pub fn after(self, last: BTreeMap<String, u64>) -> Self {
        Self { last, ..self }
    }

    /// The number of the last frame that was sent, by execution.
    pub fn last(&self) -> &BTreeMap<String, u64> {
        &self.last
    }

    /// The executions whose frames were sent or are awaited.
    pub fn executions(&self) -> Vec<String> {
        self.last.keys().cloned().collect()
    }

    /// Whether a single execution is followed, which the reader must be allowed to see.
    pub fn is_of_one(&self) -> bool {
        self.project.is_none()
    }

    /// Whether an execution may be followed, judging by its name: its record says whether it belongs to a project.
    pub fn may_include(&self, name: &str) -> bool {
        self.project.is_some() || self.last.contains_key(name)
    }

    /// The next page of an execution's frames that the reader may see; they count as sent. Nothing if it is not followed.
    ///
    /// # Errors
    /// [`RecordsError`] if the table does not answer; nothing counts as sent then.
    pub async fn next(
        &mut self,
        table: &Table,
        execution: &ExecutionRecord,
    ) -> Result<NextFrames, RecordsError> {
        let is_followed = match &self.project {
            Some(project) => execution.project.as_ref().is_some_and(|key| key.eq_ignore_ascii_case(project)),
            None => self.last.contains_key(&execution.name),
        };
        if !is_followed {
            return Ok(NextFrames { frames: Vec::new(), more: false, ended: false });
        }
        let last = self.last.get(&execution.name).copied().unwrap_or(0);
        let frames = table.frames(&execution.name, last, PAGE).await?;
        let more = frames.len() == PAGE;
        let ended = self.is_of_one() && table.nothing_follows(execution, last, &frames).await?;
        if let Some(last) = frames.last() {
            self.last.insert(execution.name.clone(), last.sequence);
        }
        let from = self.opened_at - OVERLAP;
        let frames = frames.into_iter().filter(|frame| self.is_of_one() || frame.at >= from);
        Ok(NextFrames { frames: frames.map(|frame| ToldFrame::of(execution, frame)).collect(), more, ended })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_an_execution_or_a_project_is_followed() {
        let at = Timestamp::UNIX_EPOCH;
        let of = |execution, project| Following::of(execution, 7, project, at);
        let one = of(Some("e"), None).unwrap();
        assert!(one.is_of_one() && one.may_include("e") && !one.may_include("f"));
        assert_eq!(one.last(), &BTreeMap::from([("e".to_owned(), 7)]));
        let all = of(None, Some("SHOP")).unwrap();
        assert!(!all.is_of_one() && all.may_include("f") && all.last().is_empty());
        assert_eq!((of(None, None), of(Some("e"), Some("SHOP"))), (None, None));
    }
}
