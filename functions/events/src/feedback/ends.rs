//! Executions whose end this process has shown: most changes that the stream tells of them afterward were made before, and say nothing new.
//! A process that forgets them, or never knew them, looks at them instead.

use domain::execution::Outcome;
use records::ExecutionRecord;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many executions are known.
const MOST: usize = 256;

/// The digests of records by the names of executions, the oldest in front.
#[derive(Default)]
pub(crate) struct Ends(Mutex<VecDeque<(String, String)>>);

impl Ends {
    /// Notes that the end of an execution was shown, told and signed as it is in this record. Only after a success does no function of it do
    /// anything anymore.
    pub(crate) fn note(&self, execution: &ExecutionRecord) {
        let Some(digest) = digest(execution).filter(|_| execution.outcome == Outcome::Succeeded) else {
            return;
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(name, _)| *name != execution.name);
        if known.len() >= MOST {
            known.pop_front();
        }
        known.push_back((execution.name.clone(), digest));
    }

    /// Whether an execution's end was shown here.
    pub(crate) fn has(&self, name: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|(other, _)| other == name)
    }

    /// Whether an execution's end was shown here, and its record is as it was then: it was not undone or continued since.
    pub(crate) fn has_as_it_is(&self, execution: &ExecutionRecord) -> bool {
        let Some(digest) = digest(execution) else { return false };
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|(name, noted)| *name == execution.name && *noted == digest)
    }
}

fn digest(execution: &ExecutionRecord) -> Option<String> {
    let json = serde_json::to_vec(execution).ok()?;
    Some(hex::encode(Sha256::digest(&json)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(name: &str, outcome: &str) -> ExecutionRecord {
        serde_json::from_value(json!({
            "name": name, "workflow": "development", "outcome": outcome, "trigger": "jira.labelled", "delivery": "1",
            "input": r#"{"inputs": {}, "event": {}}"#, "begun_at": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn the_newest_successes_are_known_as_they_were() {
        let ends = Ends::default();
        ends.note(&record("failed", "failed"));
        assert!(!ends.has("failed"), "a function of it may still be at work");
        for number in 0..=MOST {
            ends.note(&record(&number.to_string(), "succeeded"));
        }
        assert!(!ends.has("0") && ends.has("1"));
        let mut last = record(&MOST.to_string(), "succeeded");
        assert!(ends.has_as_it_is(&last));
        last.undone_by = Some("undo".to_owned());
        assert!(!ends.has_as_it_is(&last));
        ends.note(&last);
        assert!(ends.has_as_it_is(&last) && ends.has("1"), "it is known once");
    }
}
