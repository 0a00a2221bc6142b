//! The `schedule` triggers of workflows, at their times, as EventBridge Scheduler tells them in an account.

use domain::schedule::{Cron, Schedule};
use domain::{ActionError, Clock};
use events::{EventInput, Events, Scheduled};
use jiff::Timestamp;
use records::Table;
use std::sync::Arc;
use std::time::Duration;

/// The longest between two looks at the routes, which `config apply` and a new start change.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Hands over each schedule whose time has come. Times from before the start are not made up for; a machine that slept makes up for the last one
/// of each schedule.
pub(crate) async fn keep(events: Arc<Events>, table: Table, clock: Arc<dyn Clock>) {
    let mut since = clock.now();
    loop {
        match next(&table, since).await {
            Ok(next) => {
                let wait = next.map_or(LONGEST_PAUSE, |next| until(next, clock.now()));
                tokio::time::sleep(wait.min(LONGEST_PAUSE)).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the schedules cannot be read; trying again");
                tokio::time::sleep(LONGEST_PAUSE).await;
            }
        }
        let now = clock.now();
        match due(&table, since, now).await {
            Ok(due) => {
                since = now;
                for scheduled in due {
                    let workflow = scheduled.schedule.workflow.clone();
                    if let Err(error) = events.handle(EventInput::Scheduled(Box::new(scheduled))).await {
                        tracing::warn!(workflow, %error, "its time has come, but it was not started");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the schedules cannot be read; trying again"),
        }
    }
}

fn until(next: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(next.duration_since(now)).unwrap_or(Duration::ZERO)
}

async fn schedules(table: &Table, now: Timestamp) -> Result<Vec<(Schedule, Cron)>, ActionError> {
    let routes = table.routes(now).await?;
    // What cannot be read was refused when it was compiled.
    let read = |(schedule, _): (Schedule, _)| {
        let cron = schedule.cron.parse().ok()?;
        Some((schedule, cron))
    };
    Ok(routes.schedules().filter_map(read).collect())
}

/// The first time of any schedule after `since`.
async fn next(table: &Table, since: Timestamp) -> Result<Option<Timestamp>, ActionError> {
    let schedules = schedules(table, since).await?;
    Ok(schedules.iter().filter_map(|(_, cron)| cron.next_after(since)).min())
}

/// Each schedule with its last time after `since` and up to `now`.
async fn due(table: &Table, since: Timestamp, now: Timestamp) -> Result<Vec<Scheduled>, ActionError> {
    let schedules = schedules(table, now).await?.into_iter();
    Ok(schedules
        .filter_map(|(schedule, cron)| Some(Scheduled { schedule, time: last(&cron, since, now)? }))
        .collect())
}

fn last(cron: &Cron, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let times = std::iter::successors(cron.next_after(since), |time| cron.next_after(*time));
    times.take_while(|time| *time <= now).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_missed_times_the_last_is_made_up_for() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let last = |cron: &str, since, now| last(&cron.parse().unwrap(), at(since), at(now));
        let (six, noon) = ("2026-11-22T06:00:00Z", "2026-11-22T12:00:30Z");
        assert_eq!(last("0 * * * ? *", six, noon), Some(at("2026-11-22T12:00:00Z")));
        assert_eq!(last("0 6 * * ? *", six, noon), None);
        assert_eq!(last("0 6 * * ? *", "2026-11-22T05:59:59.9Z", six), Some(at(six)));
    }
}
