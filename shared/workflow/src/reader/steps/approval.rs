//! `type: approval`.

use crate::model::{Approval, OnTimeout};
use crate::reader::fields::{Fields, word};
use crate::reader::state::Reader;
use crate::reader::values::given;

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
    Some(Approval {
        question: question?,
        details,
        approvers,
        approve_status,
        decline_status,
        on_timeout: on_timeout.unwrap_or_default(),
    })
}
