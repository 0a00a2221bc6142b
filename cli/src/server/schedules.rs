//! Fires the `schedule` triggers of workflows, as EventBridge Scheduler does in an account.

use super::asynchronous;
use domain::schedule::{Cron, Schedule};
use domain::{ActionError, Clock};
use jiff::{SignedDuration, Timestamp};
use records::Table;
use runtime::Function;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The longest time between two looks at the routes, which `config apply` and a new start change.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Hands over each schedule whose time has come. Runs missed before the start are skipped; a machine that slept makes up for the last one
/// of each schedule.
pub(crate) async fn keep(function: Arc<dyn Function>, table: Table, clock: Arc<dyn Clock>) {
    let mut since = clock.now();
    let mut handled = JoinSet::new();
    loop {
        let now = clock.now();
        let mut next = None;
        match look(&table, since, now).await {
            Ok((due, first)) => {
                for document in due {
                    let function = Arc::clone(&function);
                    handled.spawn(async move { asynchronous::invoke(&*function, document).await });
                }
                (since, next) = (now, first);
            }
            Err(error) => tracing::warn!(%error, "the schedules cannot be read; trying again"),
        }
        while handled.try_join_next().is_some() {}
        // A timer cannot but sleep; it wakes in time to see routes that changed.
        let pause = next.map(|next| Duration::try_from(next.duration_since(clock.now())).unwrap_or_default());
        tokio::time::sleep(pause.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)).await;
    }
}

/// Each schedule with its last time after `since` and up to `now`, as AWS would hand it over, and the first time of any after `now`.
async fn look(
    table: &Table,
    since: Timestamp,
    now: Timestamp,
) -> Result<(Vec<Value>, Option<Timestamp>), ActionError> {
    let routes = table.routes(now).await?;
    // Unreadable expressions were refused when they were compiled.
    let read = |(schedule, _): (Schedule, _)| {
        let cron = schedule.cron.parse().ok()?;
        Some((schedule, cron))
    };
    let schedules: Vec<(Schedule, Cron)> = routes.schedules().filter_map(read).collect();
    let first = schedules.iter().filter_map(|(_, cron)| cron.next_after(now)).min();
    let due = schedules.iter().filter_map(|(schedule, cron)| {
        Some(json!({ "schedule": schedule, "time": last(cron, since, now)? }))
    });
    Ok((due.collect(), first))
}

/// The last time after `since` and up to `now`, looked for in the last hour first: a machine without a clock of its own starts in 1970, and
/// since then there were millions of minutes.
fn last(cron: &Cron, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let last_after = |from: Timestamp| {
        let times = std::iter::successors(cron.next_after(from), |time| cron.next_after(*time));
        times.take_while(|time| *time <= now).last()
    };
    let recent = [1, 24, 24 * 31, 24 * 366].map(SignedDuration::from_hours);
    let recent = recent.into_iter().filter_map(|span| now.checked_sub(span).ok());
    recent.take_while(|from| *from > since).find_map(last_after).or_else(|| last_after(since))
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
        // After a jump over years, too: of many times, and of one in four years.
        let epoch = "1970-01-01T00:00:00Z";
        assert_eq!(last("* * * * ? *", epoch, noon), Some(at("2026-11-22T12:00:00Z")));
        assert_eq!(last("0 6 1 11 ? *", epoch, noon), Some(at("2026-11-01T06:00:00Z")));
        assert_eq!(last("0 6 29 2 ? *", epoch, noon), Some(at("2024-02-29T06:00:00Z")));
    }
}
