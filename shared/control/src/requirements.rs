//! Requirements that are nothing but a ticket.

use crate::directory::Directory;
use serde_json::{Map, Value};

/// The workflow that plans.
pub const PLANNING: &str = "planning";

/// Has requirements that are nothing but a ticket, as in `plan SHOP-12`, be about that ticket: its planning claims it and counts against its
/// limit, as if somebody had labelled it. Gives the ticket as it was typed.
pub(crate) fn about_named_ticket(
    directory: &Directory,
    workflow: &str,
    inputs: &mut Map<String, Value>,
) -> Option<String> {
    // A workflow of the team's own may not take tickets.
    if workflow != PLANNING || inputs.get("task_id") != Some(&Value::Null) {
        return None;
    }
    let said = inputs.get("requirements")?.as_str()?.trim().to_owned();
    if said.contains(char::is_whitespace) || directory.ticket(&said).is_err() {
        return None;
    }
    inputs.insert("task_id".to_owned(), said.clone().into());
    Some(said)
}
