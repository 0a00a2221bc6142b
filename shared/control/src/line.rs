//! The next execution to work: executions wait in line while as many are at work as the configuration allows per person or project. A place
//! goes to the person with the fewest at work, so nobody waits for all of somebody else's earlier requests.

use crate::control::Control;
use crate::start::StartError;
use domain::configuration::AtWork;
use domain::event::REVIEW;
use domain::execution::Outcome;
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, Line, MOST_COUNTED, Place, RecordsError};
use std::collections::{BTreeMap, BTreeSet};

/// So long, whoever begins an execution has to start it or to let it wait in order. If they are gone, others start it after that.
const JUST_BEGUN: SignedDuration = SignedDuration::from_secs(2);

/// The names of the executions that may go to work now, among those that wait.
pub fn may_start(line: &[Place], limits: AtWork) -> BTreeSet<&str> {
    let mut at_work = BTreeMap::<&str, u32>::new();
    for place in line.iter().filter(|place| place.at_work) {
        *at_work.entry(&place.account).or_default() += 1;
    }
    let mut waiting: Vec<&Place> = line.iter().filter(|place| !place.at_work).collect();
    waiting.sort_by(|one, other| (one.begun_at, &one.name).cmp(&(other.begun_at, &other.name)));
    let mut allowed = BTreeSet::new();
    while at_work.values().sum::<u32>() < limits.per_project {
        let busy = |place: &Place| at_work.get(place.account.as_str()).copied().unwrap_or_default();
        let least = waiting.iter().enumerate().min_by_key(|(index, place)| (busy(place), *index));
        let Some((index, _)) = least.filter(|(_, place)| busy(place) < limits.per_person) else { break };
        let place = waiting.remove(index);
        *at_work.entry(&place.account).or_default() += 1;
        allowed.insert(place.name.as_str());
    }
    allowed
}

/// How many executions wait in line before one begun at a moment, regardless of who started them; at most one more than [`MOST_COUNTED`].
pub(crate) fn before(line: &[Place], begun_at: Timestamp) -> usize {
    let is_before = |place: &&Place| !place.at_work && place.begun_at < begun_at;
    line.iter().filter(is_before).take(MOST_COUNTED + 1).count()
}

/// How many are ahead of an execution in line, in words.
pub fn ahead(before: usize) -> String {
    match before > MOST_COUNTED {
        true => format!("more than {MOST_COUNTED}"),
        false => before.to_string(),
    }
}

impl Control {
    /// Whether a pending execution may go to work; its place is then taken. Those that never wait may at once.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn take_place(&self, execution: &ExecutionRecord) -> Result<Result<(), usize>, RecordsError> {
        let Some(project) = execution.project.as_deref() else { return Ok(Ok(())) };
        // Only the file sets them.
        let limits = self.table.configuration_of_file(self.clock.now()).await?.at_work;
        let line = self.table.line_before(project, limits, execution.begun_at).await?;
        self.take_place_in(project, &line, limits, execution).await
    }

    /// The same in a line that was read.
    async fn take_place_in(
        &self,
        project: &str,
        line: &Line,
        limits: AtWork,
        execution: &ExecutionRecord,
    ) -> Result<Result<(), usize>, RecordsError> {
        let name = execution.name.as_str();
        let Some(place) = self.table.place_in(line, execution).await? else { return Ok(Ok(())) };
        if place.at_work || may_start(&line.places, limits).contains(name) {
            self.table.go_to_work(project, &place).await?;
            return Ok(Ok(()));
        }
        if !place.queued {
            self.table.queue(project, &place).await?;
            // Executions that ended in the meantime left this one to us, because it had just begun. The number of those ahead is that of the
            // first reading.
            let line = self.table.line(project, limits).await?;
            let queued = self.table.place_in(&line, execution).await?.filter(|place| place.queued);
            if let Some(queued) = queued
                && may_start(&line.places, limits).contains(name)
                && self.table.go_to_work(project, &queued).await?
            {
                return Ok(Ok(()));
            }
        }
        Ok(Err(before(&line.places, place.begun_at)))
    }

    /// Starts the executions of a project that may go to work, because others ended, were parked, or more are allowed. One that does not wait in
    /// order, and was not begun two seconds before a moment, is left to whoever is beginning it.
    ///
    /// # Errors
    /// [`RecordsError`] if the table does not answer. Executions that cannot be started are logged, and started by the sweeper.
    pub async fn start_next(&self, project: &str, begun_before: Timestamp) -> Result<(), RecordsError> {
        let limits = self.table.configuration_of_file(self.clock.now()).await?.at_work;
        let mut line = self.table.line(project, limits).await?;
        let waiting = line.places.iter().filter(|place| !place.at_work).count();
        if waiting == 0 {
            return Ok(());
        }
        // Where there is room for all that wait, it does not matter which of those at work have ended. That reads each of them.
        if may_start(&line.places, limits).len() < waiting {
            let read = line.places.len();
            self.table.clear_line(project, &mut line).await?;
            // The line of a project that only seemed full was not read to its end.
            if line.places.len() < read && !line.is_whole {
                line = self.table.line(project, limits).await?;
            }
        }
        let allowed = may_start(&line.places, limits);
        for place in line.places.iter().filter(|place| allowed.contains(place.name.as_str())) {
            let name = place.name.as_str();
            // Whoever began one that waits in order has left it to us, whenever that was by a clock that may have been set back since.
            if !place.queued && place.begun_at >= begun_before - JUST_BEGUN {
                continue;
            }
            let Some(execution) = self.table.execution(name).await? else { continue };
            // An execution whose event is incomplete is started when the event is completed.
            let is_complete = !execution.input.event.contains_key(REVIEW);
            if !is_complete
                || !self.table.go_to_work(project, place).await?
                || execution.outcome != Outcome::Pending
            {
                continue;
            }
            match self.start_recorded(&execution).await {
                Ok(()) => tracing::info!(execution = name, "started from the line"),
                Err(error @ StartError { .. }) => {
                    tracing::error!(execution = name, %error, "the state machine was not started");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use domain::execution::ExecutionInput;
    use domain::routes::Concurrency;
    use domain::{Clock, EventName, SystemClock};
    use records::{BeginResult, ExecutionEnd, NewExecution, Table};
    use serde_json::Map;
    use std::sync::Arc;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn who_is_to_wait_looks_again_because_others_left_it_the_room() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let (credentials, region) =
            (Credentials::new("test", "test", None, None, "test"), Region::new("us-east-1"));
        let database = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .credentials_provider(credentials.clone())
            .endpoint_url(&url)
            .build();
        let step_functions = aws_sdk_sfn::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(credentials)
            .endpoint_url(&url)
            .build();
        let table = Table::new(aws_sdk_dynamodb::Client::from_conf(database), "ticketsmith");
        table.create_table().await.unwrap();
        let step_functions = aws_sdk_sfn::Client::from_conf(step_functions);
        let prefix = "arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-";
        let control = Control::new(table.clone(), step_functions, prefix, Arc::new(SystemClock));
        let begin = async |delivery: &str| {
            let input = ExecutionInput::new(Map::new(), Some("SHOP".into()), None);
            let now = SystemClock.now();
            let (trigger, workflow) = (EventName::API_RUN, "development".to_owned());
            let new = NewExecution::new(trigger, delivery.into(), workflow, None, input, now);
            let begun = table.begin(&new, Concurrency::Any).await.unwrap();
            let BeginResult::Begun(record) = begun else { panic!("{begun:?}") };
            *record
        };
        let (first, second) = (begin("d1").await, begin("d2").await);
        let limits = AtWork { per_person: 1, per_project: 1 };
        let older = table.line("SHOP", limits).await.unwrap();
        assert!(!may_start(&older.places, limits).contains(second.name.as_str()));
        let end = ExecutionEnd {
            outcome: Outcome::Succeeded,
            error: None,
            cause: None,
            output: None,
            at: SystemClock.now(),
        };
        table.finish(&first.name, &end).await.unwrap();
        assert_eq!(control.take_place_in("SHOP", &older, limits, &second).await.unwrap(), Ok(()));
        // Now the second one is at work.
        let third = begin("d3").await;
        let line = table.line("SHOP", limits).await.unwrap();
        assert_eq!(control.take_place_in("SHOP", &line, limits, &third).await.unwrap(), Err(0));
        let line = table.line("SHOP", limits).await.unwrap().places;
        let place = |name: &str| line.iter().find(|place| place.name == name).unwrap();
        assert!(place(&second.name).at_work && place(&third.name).queued, "{line:?}");
    }

    fn line(places: &[(&str, bool)]) -> Vec<Place> {
        let places = places.iter().enumerate().map(|(number, (account, at_work))| Place {
            name: format!("{account}-{number}"),
            account: (*account).to_owned(),
            begun_at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number as i64),
            at_work: *at_work,
            queued: false,
        });
        places.collect()
    }

    #[test]
    fn nobody_waits_for_all_that_somebody_else_asked_for() {
        let limits = AtWork { per_person: 2, per_project: 4 };
        let mut places = vec![("ada", true), ("ada", false), ("ada", false), ("ada", false)];
        places.extend([("bob", false), ("cy", false)]);
        let line = line(&places);
        let expected = ["ada-1", "bob-4", "cy-5"];
        assert_eq!(may_start(&line, limits).into_iter().collect::<Vec<_>>(), expected);
        // A single place goes to a person who has none.
        let tight = AtWork { per_person: 2, per_project: 2 };
        assert_eq!(may_start(&line, tight).into_iter().collect::<Vec<_>>(), ["bob-4"]);
        assert_eq!(before(&line, line[5].begun_at), 4);
        assert!(may_start(&line, AtWork { per_person: 9, per_project: 1 }).is_empty());
    }
}
