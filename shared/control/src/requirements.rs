//! Requirements that are nothing but a ticket.

use crate::directory::{Directory, DirectoryError};
use domain::typed::bare_ticket;
use serde_json::{Map, Value};

/// The workflow that plans.
pub const PLANNING: &str = "planning";

/// What people do who mean the words, in whole after the reason why no ticket was found.
pub(crate) const AS_TEXT: &str = "to plan these words as a text, put them in quotation marks";

/// How people begin and end a quotation. Code and emphasis are not among them: they are how people write the name of a ticket.
const QUOTATION_MARKS: [char; 9] =
    ['"', '\'', '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}', '\u{bb}'];

/// What separates the parts of a link: in one of them, a tracker has the name of the ticket.
const PARTS_OF_LINK: [char; 5] = ['/', '?', '&', '=', '#'];

/// Has requirements that are nothing but a ticket, as in `plan SHOP-12`, be about that ticket: its planning claims it and counts against its
/// limit, as if somebody had labelled it. Gives the ticket as it was typed.
///
/// # Errors
/// [`DirectoryError`] when they are written as a ticket of no project is, because planning the mere name of one costs money and gives nothing. In
/// quotation marks, it is a text.
pub(crate) fn about_named_ticket(
    directory: &Directory,
    workflow: &str,
    inputs: &mut Map<String, Value>,
) -> Result<Option<String>, DirectoryError> {
    // A workflow of the team's own may not take tickets.
    if workflow != PLANNING || inputs.get("task_id") != Some(&Value::Null) {
        return Ok(None);
    }
    let Some(said) = inputs.get("requirements").and_then(Value::as_str) else { return Ok(None) };
    let said = said.trim().to_owned();
    // A link may have words, which are not part of the ticket.
    let bare = bare_ticket(&said);
    if bare.contains(char::is_whitespace) {
        return Ok(None);
    }
    match directory.ticket(&said) {
        Ok(_) => {}
        Err(_) if said.starts_with(QUOTATION_MARKS) => return Ok(None),
        Err(error @ (DirectoryError::Outside { .. } | DirectoryError::Archived { .. })) => return Err(error),
        Err(error @ DirectoryError::NotATicket { .. }) if is_link_to_ticket(directory, bare) => {
            return Err(error);
        }
        Err(_) => return Ok(None),
    }
    inputs.insert("task_id".to_owned(), said.clone().into());
    Ok(Some(said))
}

/// What people do who meant the words of a planning's requirements, and not the ticket that they name; `None` if they do not name one.
pub fn meant_as_text(workflow: &str, inputs: &Map<String, Value>) -> Option<&'static str> {
    let said = inputs.get("requirements").and_then(Value::as_str)?;
    let is_about_ticket = workflow == PLANNING && inputs.get("task_id").is_some_and(Value::is_string);
    (is_about_ticket && !bare_ticket(said.trim()).contains(char::is_whitespace)).then_some(AS_TEXT)
}

/// Whether a text is a link that names a ticket: to a tracker at another address than the configured ones.
fn is_link_to_ticket(directory: &Directory, typed: &str) -> bool {
    let Some((_, link)) = typed.split_once("://") else { return false };
    link.split(PARTS_OF_LINK).skip(1).any(|part| directory.is_written_as_ticket(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_ticket_that_was_said_may_have_been_meant_as_a_text() {
        let meant = |workflow: &str, inputs: Value| meant_as_text(workflow, inputs.as_object().unwrap());
        let said = |requirements: &str| json!({"requirements": requirements, "task_id": "SHOP-7"});
        assert_eq!(meant(PLANNING, said("shop-7")), Some(AS_TEXT));
        assert_eq!(meant(PLANNING, said(" <https://jira.example/browse/SHOP-7|Limit carts>")), Some(AS_TEXT));
        assert_eq!(meant(PLANNING, said("with a receipt")), None);
        assert_eq!(meant("development", said("SHOP-7")), None);
        for inputs in [json!({"requirements": "Gifts", "task_id": null}), json!({"task_id": "SHOP-7"})] {
            assert_eq!(meant(PLANNING, inputs.clone()), None, "{inputs}");
        }
    }
}
