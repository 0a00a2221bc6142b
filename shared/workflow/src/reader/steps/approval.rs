//! `type: approval`.

use crate::model::{Approval, OnTimeout};
use crate::reader::fields::{Fields, duration, whole_number, word};
use crate::reader::state::Reader;
use crate::reader::values::given;

/// People are reminded by a sweep, which there is one of each minute.
const LEAST_REMINDER: u64 = 60;

const NOT_BY: [(&str, bool); 1] = [("requester", true)];

const POLICIES: [(&str, OnTimeout); 3] =
    [("fail", OnTimeout::Fail), ("approve", OnTimeout::Approve), ("decline", OnTimeout::Decline)];

pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Approval> {
    let question = match (fields.get("question"), fields.get("message")) {
        (Some(_), Some(message)) => {
            reader.problems.error(message.span, "`question` is given twice: `message` is another name of it");
            None
        }
        (None, Some(message)) => Some(message),
        (_, None) => fields.required("question", reader),
    };
    let question = question.map(|node| given(node, reader));
    let details = fields.get("details").map(|node| given(node, reader));
    let approvers = fields.get("approvers").map(|node| given(node, reader));
    let approve_status = fields.get("approve_status").map(|node| given(node, reader));
    let decline_status = fields.get("decline_status").map(|node| given(node, reader));
    let on_timeout = fields.get("on_timeout").and_then(|node| word(node, "`on_timeout`", &POLICIES, reader));
    let not_by = fields.get("not_by").and_then(|node| word(node, "`not_by`", &NOT_BY, reader));
    let count = fields.get("count").and_then(|node| whole_number(node, "`count`", (1, 20), reader));
    let remind = fields.get("remind").and_then(|node| duration(node, "`remind`", reader));
    if let Some(remind) = remind.as_ref().filter(|remind| remind.value < LEAST_REMINDER) {
        reader.problems.error(remind.span, "`remind` is a duration of at least a minute");
    }
    Some(Approval {
        question: question?,
        details,
        approvers,
        approve_status,
        decline_status,
        not_by_requester: not_by.unwrap_or_default(),
        count,
        remind_seconds: remind.map(|remind| remind.value),
        on_timeout: on_timeout.unwrap_or_default(),
    })
}
