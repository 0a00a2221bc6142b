//! Steps of type `wait`: for a time, until a time, or for something to happen outside.

use super::planned::{AwaitedEvent, Pause, PlannedKind};
use super::walk::{Made, Walk};
use crate::check::evaluated;
use crate::model::{Event, OnError, Step, Wait};
use crate::types::{Kind, Type};
use domain::routes::InputType;
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// The field of a wait for several events with the name of the event that ended it.
const EVENT: &str = "event";

/// How long an event is waited for when the step does not say: 30 days.
pub(super) const LONGEST_WAIT_SECONDS: u64 = 30 * 24 * 3600;

impl Walk<'_, '_, '_> {
    pub(super) fn wait(&mut self, step: &Step, wait: &Wait) -> Made {
        match wait {
            Wait::For(given) => {
                let mut seconds =
                    self.checker.fit(given, &Type::new(Kind::Integer), true, "`for`, in seconds,");
                // A waiting state has no `Catch`: an invalid duration would end everything.
                let expression =
                    seconds.as_str().and_then(|text| text.strip_prefix("{%")?.strip_suffix("%}"));
                if let Some(expression) = expression {
                    seconds = evaluated(&format!("$max([0, $ceil({})])", expression.trim()));
                }
                Made::new(Some(PlannedKind::Pause(Pause::Seconds(seconds))), Vec::new())
            }
            Wait::Until(given) => {
                if let Some(text) = given.literal_text()
                    && !is_moment(&text)
                {
                    self.checker.problems.error(given.span, format!("`{text}` is not a point in time")).help(
                        "write it as `2026-01-31T06:00:00Z`, or as an expression that gives such a text",
                    );
                }
                let moment = self.checker.fit(given, &Type::text(), true, "`until`");
                Made::new(Some(PlannedKind::Pause(Pause::Timestamp(moment))), Vec::new())
            }
            Wait::Events(events) => self.events(step, events),
        }
    }

    fn events(&mut self, step: &Step, events: &[Event]) -> Made {
        let mut awaited = Vec::new();
        for event in events {
            let spec = &event.spec;
            let mut matching = Map::new();
            for (name, given) in &event.matching {
                let what = format!("`{}`", name.value);
                let kind = spec.field(&name.value).map_or_else(Type::text, |field| type_of(field.kind));
                let value = self.checker.fit(given, &kind, true, &what);
                matching.insert(name.value.clone(), value);
            }
            awaited.push(json!({"event": spec.name, "match": matching}));
        }
        self.needs_timeout(step);
        let fields = fields_of(events);
        let names: Vec<String> = events.iter().map(|event| format!("`{}`", event.spec.name)).collect();
        let is_one = events.len() == 1;
        let sets = self.receive(step, &names.join(" or "), &fields, |field| match is_one {
            true => format!("$states.result.{field}"),
            // An event has only its own fields.
            false => format!("($exists($states.result.{field}) ? $states.result.{field} : null)"),
        });
        let input = match awaited.as_slice() {
            [only] => only.clone(),
            _ => json!({"any": awaited}),
        };
        let planned = AwaitedEvent {
            input,
            timeout_seconds: step.timeout_seconds.as_ref().map_or(LONGEST_WAIT_SECONDS, |given| given.value),
            retry: (step.retry.is_some() || step.on_error == OnError::Retry)
                .then(|| step.retry.clone().unwrap_or_default()),
        };
        Made::new(Some(PlannedKind::Event(planned)), sets).giving("$states.result", Type::object(fields))
    }

    /// A step that nothing else bounds should say how long it may take.
    pub(super) fn needs_timeout(&mut self, step: &Step) {
        if step.timeout_seconds.is_none() && self.limits == 0 {
            self.checker
                .problems
                .warning(
                    step.name.span,
                    format!("`{}` has no timeout: it may wait for 30 days", step.name.value),
                )
                .help("say how long it may take: `timeout: 2h`");
        }
    }
}

/// Whether Step Functions takes `text` as a point in time: with a `T`, to the minute at least, and with a zone, such as `2026-01-31T06:00:00Z` or
/// `2026-01-31T06:00+01:00`. The library understands more, in which case the deployment would fail.
fn is_moment(text: &str) -> bool {
    let shape: String =
        text.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect();
    let Some(mut rest) = shape.strip_prefix("0000-00-00T00:00") else { return false };
    if let Some(after_seconds) = rest.strip_prefix(":00") {
        rest = after_seconds;
        if let Some(fraction) = rest.strip_prefix(".0") {
            rest = fraction.trim_start_matches('0');
        }
    }
    matches!(rest, "Z" | "+00:00" | "-00:00") && text.parse::<jiff::Timestamp>().is_ok()
}

/// The fields of a wait's output: those of the event that ends it. Fields that only some of the events have may be absent.
fn fields_of(events: &[Event]) -> BTreeMap<String, Type> {
    let mut fields = BTreeMap::new();
    for field in events.iter().flat_map(|event| &event.spec.fields) {
        let each_has = events.iter().all(|event| event.spec.field(&field.name).is_some());
        let kind = type_of(field.kind);
        fields.insert(field.name.clone(), if each_has { kind } else { kind.nullable() });
    }
    if events.len() > 1 {
        fields.insert(EVENT.to_owned(), Type::text());
    }
    fields
}

/// The type of an event's field.
fn type_of(kind: InputType) -> Type {
    match kind {
        InputType::String => Type::text(),
        InputType::Integer => Type::new(Kind::Integer),
        InputType::Number => Type::new(Kind::Number),
        InputType::Boolean => Type::new(Kind::Boolean),
        InputType::Object | InputType::Array | InputType::Any => Type::any(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_moment;

    #[test]
    fn a_moment_is_written_as_step_functions_takes_it() {
        for text in [
            "2026-01-31T06:00:00Z",
            "2026-01-31T06:00Z",
            "2026-01-31T06:00:00.250Z",
            "2026-01-31T06:00:00+14:00",
            "2028-02-29T06:00:00-11:30",
        ] {
            assert!(is_moment(text), "{text}");
        }
        for text in [
            "2026-01-31",
            "2026-01-31T06:00:00",
            "2026-01-31 06:00:00Z",
            "2026-01-31t06:00:00z",
            "20260131T060000Z",
            "2026-01-31T06Z",
            "2026-01-31T06:00:00Z[UTC]",
            "2026-02-29T06:00:00Z",
            "2026-01-31T24:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert!(!is_moment(text), "{text}");
        }
    }
}
