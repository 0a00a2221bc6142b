//! `schedule` triggers: the times at which workflows start.

use crate::event::EventName;
use crate::routes::{Routes, TriggerRoute};
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::str::FromStr;

/// A cron expression for EventBridge Scheduler, in UTC: minutes, hours, day of month, month, day of week, year, of which one of the
/// days is `?`, as in `0 6 ? * MON-FRI *`. Sunday is 1.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based>
#[derive(Debug, Clone)]
pub struct Cron(croner::Cron);

/// Why a text is not a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCron {
    /// It is malformed.
    #[error("`{0}` is not a cron expression: {1}")]
    Malformed(String, String),
    /// Both days are given, or neither.
    #[error("exactly one of day of month and day of week must be `?`")]
    Days,
}

/// The years that EventBridge Scheduler supports.
const YEARS: std::ops::RangeInclusive<u64> = 1970..=2199;

impl FromStr for Cron {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        let malformed = |reason: String| InvalidCron::Malformed(text.to_owned(), reason);
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        // Alone, it is the last day of the week.
        if let Some(day) = fields.get_mut(4).filter(|day| day.eq_ignore_ascii_case("L")) {
            *day = "SAT";
        }
        let [_, _, day_of_month, _, day_of_week, year] = fields.as_slice() else {
            return Err(malformed(format!("it has {} fields", fields.len())));
        };
        if let Some(illegal) =
            text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == ' ' || "*?,-/#".contains(*c)))
        {
            return Err(malformed(format!("it contains `{illegal}`")));
        }
        // The part after a `/` is a step.
        let mut years =
            year.split(',').flat_map(|part| part.split('/').take(1)).flat_map(|range| range.split('-'));
        if let Some(year) = years.find(|year| year.parse().is_ok_and(|year: u64| !YEARS.contains(&year))) {
            return Err(malformed(format!("the year {year} is not between 1970 and 2199")));
        }
        if (*day_of_month == "?") == (*day_of_week == "?") {
            return Err(InvalidCron::Days);
        }
        if day_of_week.contains('#') && day_of_week.contains([',', '-']) {
            return Err(malformed(format!("`{day_of_week}` is not one day of week, as `#` needs")));
        }
        // The seconds that EventBridge leaves out; days are counted from Sunday, and `0/15` is a start with a step.
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Required)
            .alternative_weekdays(true)
            .sloppy_ranges(true)
            .build();
        let parse = |fields: &str| parser.parse(&format!("0 {fields}"));
        let cron = parse(&fields.join(" ")).map_err(|_| {
            // The invalid field alone, with the others valid.
            let wrong = FIELDS.iter().zip(&fields).enumerate().find(|(place, (_, given))| {
                let mut alone =
                    if *place == 4 { ["*", "*", "?", "*", "*", "*"] } else { ["*", "*", "*", "*", "?", "*"] };
                if **given != "?" {
                    alone[*place] = given;
                }
                parse(&alone.join(" ")).is_err()
            });
            malformed(match wrong {
                Some((_, ((name, accepted), given))) => {
                    format!("`{given}` is not accepted as the {name}: {accepted}")
                }
                None => "its fields do not fit together".to_owned(),
            })
        })?;
        let cron = Self(cron);
        match cron.next_after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(malformed("that day does not exist".to_owned())),
        }
    }
}

/// The fields in order, and their accepted values.
const FIELDS: [(&str, &str); 6] = [
    ("minutes", "0 to 59"),
    ("hours", "0 to 23"),
    ("day of month", "1 to 31, `?`, `L` or `W`"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of week", "1 to 7 from Sunday on, SUN to SAT, `?`, `L` or `#`"),
    ("year", "1970 to 2199"),
];

impl Cron {
    /// The first time after `at`, if any.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let from: DateTime = at.to_zoned(TimeZone::UTC).datetime();
        let next = self.0.find_next_occurrence(&from, false).ok()?;
        next.to_zoned(TimeZone::UTC).ok().map(|next| next.timestamp())
    }
}

/// A `schedule` trigger of a workflow, which the scheduler passes on when it is due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The workflow's name.
    pub workflow: String,
    /// [`Cron`] as text.
    pub cron: String,
    /// The project, if there are several and the ticket does not identify it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The workflow's inputs.
    #[serde(default)]
    pub with: Map<String, Value>,
}

impl Schedule {
    fn of(workflow: &str, trigger: &TriggerRoute) -> Option<Self> {
        if trigger.on != EventName::SCHEDULE {
            return None;
        }
        let text = |name: &str| trigger.conditions.get(name)?.as_str().map(str::to_owned);
        let with = trigger.conditions.get("with").and_then(Value::as_object).cloned().unwrap_or_default();
        Some(Self { workflow: workflow.to_owned(), cron: text("cron")?, project: text("project"), with })
    }
}

impl Routes {
    /// Every schedule of every workflow, with its trigger.
    pub fn schedules(&self) -> impl Iterator<Item = (Schedule, &TriggerRoute)> {
        self.workflows.iter().flat_map(|(name, workflow)| {
            workflow.triggers.iter().filter_map(|trigger| Some((Schedule::of(name, trigger)?, trigger)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(cron: &str, at: &str, expected: &[&str]) {
        let cron: Cron = cron.parse().unwrap();
        let first = Some(at.parse().unwrap());
        let moments: Vec<String> = std::iter::successors(first, |at: &Timestamp| cron.next_after(*at))
            .skip(1)
            .take(expected.len())
            .map(|at| at.to_string())
            .collect();
        assert_eq!(moments, expected);
    }

    #[test]
    fn the_next_moments_are_those_of_eventbridge() {
        // The 22nd of November 2026 is a Sunday.
        after("0 6 ? * MON-FRI *", "2026-11-19T06:00:00Z", &["2026-11-20T06:00:00Z", "2026-11-23T06:00:00Z"]);
        after(
            "15 10 ? * 6L 2026-2027",
            "2026-11-22T00:00:00Z",
            &["2026-11-27T10:15:00Z", "2026-12-25T10:15:00Z"],
        );
        after("0/20 8-9 ? * 1 *", "2026-11-22T08:30:00Z", &["2026-11-22T08:40:00Z", "2026-11-22T09:00:00Z"]);
        after("0 9 1 * ? *", "2026-11-22T00:00:00Z", &["2026-12-01T09:00:00Z", "2027-01-01T09:00:00Z"]);
        after("0 9 L * ? *", "2026-11-22T00:00:00Z", &["2026-11-30T09:00:00Z", "2026-12-31T09:00:00Z"]);
        after("0 9 ? * L *", "2026-11-22T00:00:00Z", &["2026-11-28T09:00:00Z", "2026-12-05T09:00:00Z"]);
        after("30 0 ? * 2#1 *", "2026-11-22T00:00:00Z", &["2026-12-07T00:30:00Z"]);
        after("* * * * ? *", "2026-11-22T10:00:59.5Z", &["2026-11-22T10:01:00Z", "2026-11-22T10:02:00Z"]);
        assert_eq!(
            "0 0 1 1 ? 2020".parse::<Cron>().unwrap().next_after("2026-11-22T00:00:00Z".parse().unwrap()),
            None
        );
    }

    #[test]
    fn what_eventbridge_refuses_is_refused() {
        for wrong in [
            "",
            "* * * * *",
            "0 6 ? * MON-FRI * *",
            "60 6 ? * MON *",
            "0 24 ? * MON *",
            "0 6 32 * ? *",
            "0 6 ? 13 MON *",
            "0 6 ? * MONDAY *",
            "0 6 ? * 8 *",
            "0 6 ? * MON 1969",
            "0 6 ? * MON 2200",
            "0 6 ? * MON 26",
            "0 6 ? * MON 2026-3000",
            "0 6 ? * +MON *",
            "0 6 ? * 2#1,3#2 *",
            "@daily * ? * MON *",
        ] {
            assert!(matches!(wrong.parse::<Cron>(), Err(InvalidCron::Malformed(..))), "{wrong}");
        }
        for (wrong, reason) in [
            ("0 24 ? * MON *", "`24` is not accepted as the hours: 0 to 23"),
            ("0 6 ? 13 MON *", "`13` is not accepted as the month: 1 to 12, or JAN to DEC"),
            (
                "0 6 ? * 8 *",
                "`8` is not accepted as the day of week: 1 to 7 from Sunday on, SUN to SAT, `?`, `L` or `#`",
            ),
            ("0 6 32 * ? *", "`32` is not accepted as the day of month: 1 to 31, `?`, `L` or `W`"),
            ("0 6 30 2 ? *", "that day does not exist"),
        ] {
            let expected = InvalidCron::Malformed(wrong.to_owned(), reason.to_owned());
            assert_eq!(wrong.parse::<Cron>().unwrap_err(), expected, "{wrong}");
        }
        for wrong in ["0 6 * * MON *", "0 6 ? * ? *"] {
            assert_eq!(wrong.parse::<Cron>().unwrap_err(), InvalidCron::Days, "{wrong}");
        }
    }
}
