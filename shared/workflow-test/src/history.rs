//! An execution's steps, read from its history.

use crate::names::Names;
use serde_json::Value;
use std::collections::BTreeMap;

/// The events of one execution in the order of the file: branches and iterations one after the other, whichever ran first.
#[derive(Debug, Default)]
pub(crate) struct History {
    events: Vec<Value>,
}

/// One state entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) state: String,
    /// The error it ended with, where something caught it or it ended the execution.
    pub(crate) error: Option<String>,
    /// The state that came next in the same scope.
    pub(crate) next: Option<String>,
}

impl History {
    /// Orders the events of `GetExecutionHistory`.
    pub(crate) fn of(events: Vec<Value>, names: &Names) -> Self {
        let mut children: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
        for event in events {
            children.entry(event["previousEventId"].as_u64().unwrap_or(0)).or_default().push(event);
        }
        for siblings in children.values_mut() {
            siblings.sort_by_key(|event| place(event, names));
        }
        let mut ordered = Vec::new();
        walk(0, false, &children, &mut ordered);
        Self { events: ordered }
    }

    /// Every state entered, in order.
    pub(crate) fn visits(&self) -> Vec<Visit> {
        let mut visits: Vec<Visit> = Vec::new();
        // With whether they hold others.
        let mut open: Vec<(usize, bool)> = Vec::new();
        let mut left: Option<(usize, u64)> = None;
        for event in &self.events {
            let kind = event["type"].as_str().unwrap_or_default();
            if let Some(state) = event.pointer("/stateEnteredEventDetails/name").and_then(Value::as_str) {
                // Another branch or iteration may be between.
                if let Some((before, exit)) = left
                    && event["previousEventId"] == exit
                {
                    visits[before].next = Some(state.to_owned());
                }
                open.push((visits.len(), kind.starts_with("Parallel") || kind.starts_with("Map")));
                visits.push(Visit { state: state.to_owned(), error: None, next: None });
                continue;
            }
            if ends_container(event) {
                // States inside that failed, or were under way, are not left.
                while open.pop_if(|(_, holds_others)| !*holds_others).is_some() {}
            }
            if kind.ends_with("StateExited") {
                left = open.pop().map(|(visit, _)| (visit, number(event)));
            } else if kind.ends_with("StateAborted") {
                open.pop();
            } else if let Some((at, _)) = open.last() {
                note_error(event, kind, &mut visits[*at]);
            }
        }
        visits
    }

    /// States entered, and retries: what Step Functions charges for.
    pub(crate) fn transitions(&self) -> usize {
        let mut entered = 0;
        let mut scheduled = 0;
        let mut first = 0;
        let mut fresh = false;
        for event in &self.events {
            let kind = event["type"].as_str().unwrap_or_default();
            if kind.ends_with("StateEntered") {
                entered += 1;
                fresh = true;
            } else if matches!(kind, "TaskScheduled" | "LambdaFunctionScheduled") {
                scheduled += 1;
                first += usize::from(fresh);
                fresh = false;
            }
        }
        entered + scheduled - first
    }
}

fn note_error(event: &Value, kind: &str, visit: &mut Visit) {
    const FAILED: [&str; 4] = ["Failed", "TimedOut", "SubmitFailed", "StartFailed"];
    if kind.starts_with("Execution") {
        return;
    }
    if FAILED.iter().any(|ending| kind.ends_with(ending)) {
        let details =
            event.as_object().into_iter().flatten().find(|(name, _)| name.ends_with("EventDetails"));
        let error = details.and_then(|(_, details)| details["error"].as_str());
        visit.error = Some(error.unwrap_or("States.TaskFailed").to_owned());
    } else if kind.ends_with("Succeeded") {
        visit.error = None;
    }
}

/// Ends of a container come after all that happens within it; iterations in their order, branches in the order of the file.
fn place(event: &Value, names: &Names) -> (bool, u64, usize, u64) {
    let index = event.pointer("/mapIterationStartedEventDetails/index").and_then(Value::as_u64).unwrap_or(0);
    let state = event.pointer("/stateEnteredEventDetails/name").and_then(Value::as_str);
    let id = event["id"].as_u64().unwrap_or(0);
    (ends_container(event), index, state.map_or(0, |state| names.place(state)), id)
}

/// The end of a container: it succeeded or failed, and was left.
fn ends_container(event: &Value) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    (kind.starts_with("ParallelState") || kind.starts_with("MapState"))
        && ["Succeeded", "Failed", "Aborted", "Exited"].iter().any(|ending| kind.ends_with(ending))
}

fn starts_container(event: &Value) -> bool {
    matches!(event["type"].as_str(), Some("ParallelStateStarted" | "MapStateStarted"))
}

/// Puts what follows an event into `ordered`. Gives the ends of the container in which that stands, once it comes to them: the
/// last branch to end carries on with them, but they belong after all of them.
fn walk<'e>(
    mut id: u64,
    mut starts: bool,
    children: &'e BTreeMap<u64, Vec<Value>>,
    ordered: &mut Vec<Value>,
) -> Vec<&'e Value> {
    while let Some(following) = children.get(&id) {
        if let ([only], false) = (following.as_slice(), starts || following.iter().any(ends_container)) {
            ordered.push(only.clone());
            (id, starts) = (number(only), starts_container(only));
            continue;
        }
        let mut ends = Vec::new();
        for event in following {
            if ends_container(event) {
                ends.push(event);
            } else {
                ordered.push(event.clone());
                ends.extend(walk(number(event), starts_container(event), children, ordered));
            }
        }
        let Some(mut last) = ends.last().copied().filter(|_| starts) else { return ends };
        ordered.extend(ends.into_iter().cloned());
        // Success and exit are next to each other, but the exit of a container whose failure was caught comes later.
        if let Some([exit]) = children.get(&number(last)).map(Vec::as_slice)
            && exit["type"].as_str().is_some_and(|kind| kind.ends_with("StateExited"))
        {
            ordered.push(exit.clone());
            last = exit;
        }
        (id, starts) = (number(last), false);
    }
    Vec::new()
}

fn number(event: &Value) -> u64 {
    event["id"].as_u64().unwrap_or(0)
}
