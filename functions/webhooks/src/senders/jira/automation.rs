//! Bodies that rules of Jira Automation send: <https://support.atlassian.com/cloud-automation/docs/jira-automation-actions/>.

use std::collections::BTreeSet;

/// Why a body of *Issue data* starts nothing, in Jira's format or in that of Automation: neither says what happened, nor who did it.
pub(super) const NAMES_NO_EVENT: &str = "the delivery does not say what happened: it has no `webhookEvent`. A rule of Jira Automation that sends issue data must \
                              send custom data instead, as the page on Jira shows";

/// The labels of a change, between which Automation also writes commas.
pub(super) fn labels(written: Option<&str>) -> BTreeSet<&str> {
    let labels = written.unwrap_or_default().split_whitespace().map(|label| label.trim_end_matches(','));
    labels.filter(|label| !label.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{labels_of, meaning_of};
    use super::super::{COMMENTED, CREATED, Meaning, ReplyPlace, Restriction, TRANSITIONED};
    use serde_json::{Value, json};

    /// What a rule of Automation can send without custom data says neither what happened nor who did it:
    /// <https://support.atlassian.com/cloud-automation/docs/issue-data-automation-format-payload-for-send-web-request>.
    #[test]
    fn issue_data_of_a_rule_is_ignored_with_what_to_send_instead() {
        let issue = json!({
            "self": "https://acme.example/rest/api/2/issue/11111", "id": 11111, "key": "SHOP-1",
            "changelog": {"startAt": 0, "maxResults": 0, "total": 0, "histories": null},
            "fields": {"project": {"key": "SHOP", "id": 10002}, "labels": ["agent"], "status": {"name": "To Do"}},
        });
        for payload in [
            issue.clone(),
            json!({"issue": issue}),
            // As the rules of service projects once did.
            json!({"timestamp": 1_772_442_000_000_i64, "issue": issue, "comment": {"body": "@ticketsmith plan it"},
                   "user": {"accountId": "ada"}, "action": {"name": "Webhook"}}),
        ] {
            let Meaning::Ignored(reason) = meaning_of(payload) else { panic!("it has a meaning") };
            assert!(reason.contains("no `webhookEvent`") && reason.contains("custom data"), "{reason}");
        }
    }

    #[test]
    fn what_rules_send_as_custom_data_is_understood() {
        let about = |event: &str, more: Value| {
            let mut payload = json!({
                "webhookEvent": event, "timestamp": 1_772_442_000_000_i64,
                "user": {"accountId": "ada", "displayName": "Ada"},
                "issue": {"key": "SHOP-1", "fields": {"project": {"key": "SHOP"}}},
            });
            payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            match meaning_of(payload) {
                Meaning::Events(events) => events,
                other => panic!("{other:?}"),
            }
        };
        // Automation writes lists with commas.
        let labels = json!({"changelog": {"items": [{"field": "labels", "fromString": "", "toString": "agent, urgent"}]}});
        assert_eq!(labels_of(&about("jira:issue_updated", labels)), ["agent", "urgent"]);
        let status = json!({"changelog": {"items": [{"field": "status", "fromString": "To Do", "toString": "In Review"}]}});
        let moved = about("jira:issue_updated", status);
        assert_eq!(
            (&moved[0].event.kind, &moved[0].event.fields["to"]),
            (&TRANSITIONED, &json!("In Review"))
        );
        let created = about("jira:issue_created", json!({}));
        assert_eq!(created.iter().map(|received| &received.event.kind).collect::<Vec<_>>(), [&CREATED]);
        let comment = json!({"comment": {"body": "@ticketsmith plan it", "author": {"accountId": "ada"}}});
        let said = about("comment_created", comment);
        assert_eq!((&said[0].event.kind, said[0].words.as_deref()), (&COMMENTED, Some("plan it")));
    }

    #[test]
    fn a_rule_says_who_may_read_a_comment() {
        let restriction = |internal: Value, kind: &str, value: &str| {
            let comment = json!({"body": "@ticketsmith status", "author": {"accountId": "ada"},
                "internal": internal, "visibility": {"type": kind, "value": value}});
            let payload =
                json!({"webhookEvent": "comment_created", "issue": {"key": "SHOP-1"}, "comment": comment});
            let Meaning::Events(events) = meaning_of(payload) else { panic!("it is no comment") };
            match &events[0].reply {
                Some(ReplyPlace::Ticket { restriction, .. }) => restriction.clone(),
                other => panic!("{other:?}"),
            }
        };
        for everybody in [json!(""), json!("false"), json!(false), Value::Null] {
            assert_eq!(restriction(everybody, "", ""), None);
        }
        for internal in [json!("true"), json!(true)] {
            let expected = Restriction { readers: None, internal: true };
            assert_eq!(restriction(internal, "", ""), Some(expected));
        }
        let readers = Some(json!({"type": "role", "value": "Developers"}));
        let expected = Restriction { readers, internal: false };
        assert_eq!(restriction(json!("false"), "role", "Developers"), Some(expected));
    }
}
