//! Announcements of executions in which something happened, to those who listen, and to those who begin to listen moments later.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// How long an announcement is remembered: longer than ten seconds, the age of the first frames that who follows a project is sent.
const REMEMBERED: Duration = Duration::from_secs(15);

/// When an execution was announced, and its name.
type Announced = (Instant, Arc<str>);

/// Tells the names of executions in which something happened, as it is recorded.
#[derive(Debug, Clone)]
pub struct News {
    listeners: broadcast::Sender<Arc<str>>,
    /// The last announcements, the oldest first.
    last: Arc<Mutex<VecDeque<Announced>>>,
}

impl News {
    /// Announcements, of which so many wait for a busy listener; beyond that, it misses some and is told so.
    pub fn new(waiting: usize) -> Self {
        Self { listeners: broadcast::channel(waiting).0, last: Arc::default() }
    }

    /// Announces that something happened in an execution.
    pub fn tell(&self, execution: &str) {
        let (execution, now): (Arc<str>, _) = (Arc::from(execution), Instant::now());
        // What is locked stays whole when its holder panics.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        while last.front().is_some_and(|(at, _)| now.duration_since(*at) > REMEMBERED) {
            last.pop_front();
        }
        last.push_back((now, Arc::clone(&execution)));
        drop(last);
        // There may be no listeners.
        let _unheard = self.listeners.send(execution);
    }

    /// The announcements from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<str>> {
        self.listeners.subscribe()
    }

    /// The executions that were announced moments ago, each once.
    pub fn recent(&self) -> Vec<String> {
        let now = Instant::now();
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = last.iter().filter(|(at, _)| now.duration_since(*at) <= REMEMBERED);
        let names: BTreeSet<&Arc<str>> = recent.map(|(_, execution)| execution).collect();
        names.into_iter().map(|execution| execution.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_begins_to_listen_learns_what_was_just_announced() {
        let news = News::new(16);
        for execution in ["b", "a", "b"] {
            news.tell(execution);
        }
        assert_eq!(news.recent(), ["a", "b"]);
        let mut listener = news.subscribe();
        news.clone().tell("c");
        assert_eq!(&*listener.try_recv().unwrap(), "c");
        assert_eq!(news.recent(), ["a", "b", "c"]);
    }
}
