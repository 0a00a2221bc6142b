//! The senders of webhooks. Each sender has one file, which verifies and parses its deliveries and declares its events, and one
//! line in [`ALL`].

mod delivery;
mod discord;
mod github;
mod gitlab;
mod jira;
mod linear;
mod signature;
mod slack;
mod spec;
#[cfg(test)]
mod table;
#[cfg(test)]
mod testing;
mod uploads;

pub(crate) use delivery::{Bot, Button, Malformed, Meaning, Received, ReopenedPullRequest};
pub(crate) use signature::{SignatureError, Unverified, Verified};
pub use spec::SenderSpec;

use axum::http::HeaderMap;
use domain::event::EventSpecs;
use jiff::Timestamp;

/// Every sender, in the order of their names.
pub const ALL: &[&SenderSpec] =
    &[&discord::SPEC, &github::SPEC, &gitlab::SPEC, &jira::SPEC, &linear::SPEC, &slack::SPEC];

/// The sender of this name.
pub(crate) fn find(name: &str) -> Option<&'static SenderSpec> {
    ALL.iter().copied().find(|sender| sender.name() == name)
}

/// Whether any sender could have sent these headers, as far as can be said without the body and the secret.
pub(crate) fn could_have_sent(headers: &HeaderMap, now: Timestamp) -> bool {
    ALL.iter().any(|sender| sender.check_headers(headers, now).is_ok())
}

/// The senders' names, for people.
pub(crate) fn names() -> String {
    ALL.iter().map(|sender| sender.name()).collect::<Vec<_>>().join(", ")
}

/// The contents of the signing secrets' bundle, for people: an entry for each sender.
pub fn signing_form() -> String {
    let entries: Vec<_> = ALL.iter().map(|sender| format!("\"{}\": …", sender.name())).collect();
    format!("{{{}}}", entries.join(", "))
}

/// Every event of every sender, and our own: what the compiler accepts in workflows. It is committed as `events.json` next to
/// this crate's manifest.
pub fn events() -> EventSpecs {
    EventSpecs::new(ALL.iter().flat_map(|sender| sender.events()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::routes::InputType;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_is_in_order() {
        assert!(ALL.is_sorted_by_key(|sender| sender.name()));
    }

    #[test]
    fn events_are_named_after_their_sender_and_told_apart_by_their_own_fields() {
        let mut names = BTreeSet::new();
        for sender in ALL {
            for event in sender.events() {
                assert_eq!(event.name.source().as_str(), sender.name(), "{}", event.name);
                assert!(names.insert(event.name.clone()), "{} is declared twice", event.name);
                assert!(event.match_fields.iter().all(|name| event.field(name).is_some()), "{}", event.name);
            }
        }
    }

    #[test]
    fn an_event_has_the_fields_of_what_it_also_is() {
        let events = events();
        for event in events.iter() {
            for also in &event.is_also {
                let wider = events.find(also.name.as_str()).unwrap_or_else(|| panic!("no {}", also.name));
                for field in &wider.fields {
                    let narrower = event.field(&field.name);
                    assert!(
                        narrower.is_some_and(|own| own.kind == field.kind || field.kind == InputType::Any),
                        "{} lacks the field `{}` of {}",
                        event.name,
                        field.name,
                        wider.name
                    );
                }
                assert!(also.when.keys().all(|name| event.field(name).is_some()), "{}", event.name);
                assert_eq!(event.confirmed_by, wider.confirmed_by, "{}", event.name);
            }
        }
    }

    #[test]
    fn generated_events_are_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/events.json");
        let fresh = serde_json::to_string_pretty(&events()).unwrap() + "\n";
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == fresh, "functions/webhooks/events.json is stale: run ./check generate");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
            for sender in ALL {
                testing::parse(sender, &HeaderMap::new(), &body).ok();
            }
        }
    }
}
