//! What happens on GitHub, fetched instead of delivered: from the [delivery log](https://docs.github.com/rest/apps/webhooks) of an App, and
//! from the lists of a repository. An App uses both, because nobody can tell from a quiet log whether the App's webhook is active.
//!
//! Each time, what happened within an overlap is fetched again: GitHub's lists lag behind. What was handed over is remembered that long.

mod changes;
mod log;

use crate::github::Github;
use async_trait::async_trait;
use domain::{ActionError, RepositoryName};
use http_client::Page;
use jiff::{SignedDuration, Timestamp};
use provider::{Pull, PulledDelivery, Receiver};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How far GitHub's lists may lag behind.
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);

/// How long to wait before a repository is looked at again. An hour then takes 240 requests of the 5,000 that a token has.
const PAUSE: Duration = Duration::from_secs(15);

/// Something that happened, as GitHub would deliver it.
#[derive(Debug)]
struct Happened {
    /// Identifies it among everything in the same place.
    id: String,
    at: Timestamp,
    /// GitHub's name of the event: `issues`.
    event: String,
    payload: Value,
}

/// How far something was fetched.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// The newest time that was seen.
    since: Timestamp,
    /// What was handed over from the overlap, with its time.
    #[serde(default)]
    seen: BTreeMap<String, Timestamp>,
}

impl Place {
    /// From when on everything is fetched.
    fn from(&self) -> Timestamp {
        self.since.checked_sub(OVERLAP).unwrap_or(self.since)
    }

    /// Moves on to a time, and forgets what lies before the overlap.
    fn move_to(&mut self, since: Timestamp) {
        self.since = self.since.max(since);
        let from = self.from();
        self.seen.retain(|_, at| *at >= from);
    }

    /// Hands over what is new, oldest first, and remembers what was handed over even if an error follows.
    async fn hand_over(&mut self, mut happened: Vec<Happened>, to: &dyn Receiver) -> Result<(), ActionError> {
        happened.sort_by_key(|one| one.at);
        for Happened { id, at, event, payload } in happened {
            if self.seen.contains_key(&id) {
                continue;
            }
            let headers = vec![("content-type", "application/json".to_owned()), ("x-github-event", event)];
            to.receive(PulledDelivery { headers, body: payload.to_string() }).await?;
            self.seen.insert(id, at);
        }
        Ok(())
    }
}

#[async_trait]
impl Pull for Github {
    async fn pull(
        &self,
        repositories: &[RepositoryName],
        to: &dyn Receiver,
    ) -> Result<Duration, ActionError> {
        let mut failed = None;
        if let Some(installation) = &self.installation {
            failed = self.pull_log(installation, to).await.err();
        }
        for repository in repositories {
            // A repository that cannot be read must not delay the others.
            if let Err(error) = self.pull_changes(repository, to).await {
                failed.get_or_insert(error);
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(PAUSE * u32::try_from(repositories.len()).unwrap_or(u32::MAX).max(1)),
        }
    }
}

impl Github {
    /// Where to continue; the first time, from now on.
    async fn place_of(&self, what: &str, to: &dyn Receiver) -> Result<Place, ActionError> {
        let kept = to.place(what).await?;
        // An unreadable place was written by a version that kept something else.
        let read = kept.and_then(|place| serde_json::from_value(place).ok());
        Ok(read.unwrap_or_else(|| Place { since: self.client.clock().now(), seen: BTreeMap::new() }))
    }
}

/// Keeps a place, no matter whether handing over failed.
async fn keep(
    what: &str,
    place: &Place,
    handed: Result<(), ActionError>,
    to: &dyn Receiver,
) -> Result<(), ActionError> {
    let written = serde_json::to_value(place).map_err(|error| ActionError::internal(error.to_string()))?;
    to.keep_place(what, written).await?;
    handed
}

/// The items of a list until the first that `is_old`, and no page after that one.
async fn until<T, C, F>(
    pages: http_client::Pages,
    first: C,
    load: impl FnMut(C) -> F,
    is_old: impl Fn(&T) -> bool,
) -> Result<Vec<T>, ActionError>
where
    T: Clone,
    C: Clone + PartialEq,
    F: Future<Output = Result<Page<T, C>, ActionError>>,
{
    let mut all = Vec::new();
    pages
        .find(first, load, |item: &T| {
            let ends = is_old(item);
            if !ends {
                all.push(item.clone());
            }
            ends
        })
        .await?;
    Ok(all)
}

/// A time as GitHub's `since` takes it.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Takes three deliveries and then none.
    #[derive(Default)]
    struct Three(Mutex<Vec<String>>);

    #[async_trait]
    impl Receiver for Three {
        async fn receive(&self, delivery: PulledDelivery) -> Result<Value, ActionError> {
            let mut taken = self.0.lock().unwrap();
            if taken.len() == 3 {
                return Err(ActionError::unavailable("no more"));
            }
            taken.push(delivery.body);
            Ok(Value::Null)
        }

        async fn place(&self, _: &str) -> Result<Option<Value>, ActionError> {
            Ok(None)
        }

        async fn keep_place(&self, _: &str, _: Value) -> Result<(), ActionError> {
            Ok(())
        }
    }

    fn happened(second: i64) -> Happened {
        let at = Timestamp::from_second(1_000_000 + second).unwrap();
        Happened { id: second.to_string(), at, event: "issues".to_owned(), payload: second.into() }
    }

    #[tokio::test]
    async fn what_was_not_taken_comes_again_and_nothing_else() {
        let (first, second) = (Three::default(), Three::default());
        let mut place = Place { since: happened(0).at, seen: BTreeMap::new() };
        let all = || [4, 2, 1, 3, 5].map(happened).into();
        assert!(place.hand_over(all(), &first).await.is_err());
        assert_eq!(*first.0.lock().unwrap(), ["1", "2", "3"]);
        place.hand_over(all(), &second).await.unwrap();
        assert_eq!(*second.0.lock().unwrap(), ["4", "5"]);
    }

    #[test]
    fn what_is_fetched_again_is_remembered_and_no_more() {
        let mut place = Place { since: happened(0).at, seen: BTreeMap::new() };
        for second in [0, 100, 300] {
            place.seen.insert(second.to_string(), happened(second).at);
        }
        place.move_to(happened(300).at);
        assert_eq!(place.seen.keys().collect::<Vec<_>>(), ["300"]);
        place.move_to(happened(200).at);
        assert_eq!(place.since, happened(300).at, "a place moves forward alone");
        assert_eq!(place.from(), happened(180).at);
    }
}
