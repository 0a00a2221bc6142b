//! Refused tickets: those that Linear does not show, and those that have moved.

use domain::ActionError;

/// Linear does not distinguish what is hidden from what does not exist.
pub(crate) fn unknown_ticket(key: &str) -> ActionError {
    ActionError::rejected(format!(
        "Linear has no ticket `{key}`, or the account of the configured secret may not see it"
    ))
}

/// Refuses a ticket that has moved to another team, which Linear finds by its former key: the request was for the former team.
pub(crate) fn refuse_if_moved(asked: &str, found: &str) -> Result<(), ActionError> {
    let is_key =
        asked.rsplit_once('-').is_some_and(|(_, number)| number.len() < 12 && number.parse::<u64>().is_ok());
    if !is_key || asked.eq_ignore_ascii_case(found) {
        return Ok(());
    }
    Err(ActionError::rejected(format!(
        "{asked} was moved and is {found} now; nothing was done there. Start the work on {found} if it is wanted"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_where_its_key_says() {
        assert!(refuse_if_moved("eng-7", "ENG-7").is_ok());
        assert!(refuse_if_moved("9cfb482a-81e3-4154-b5b9-2c805e70a02d", "ENG-7").is_ok());
        assert!(refuse_if_moved("9cfb482a-81e3-4154-b5b9-280507000204", "ENG-7").is_ok());
        let moved = refuse_if_moved("ENG-7", "OPS-1").unwrap_err().message;
        assert!(moved.starts_with("ENG-7 was moved and is OPS-1 now; nothing was done there."), "{moved}");
    }
}
