//! Refused tickets: those that Linear does not show, and those that have moved.

use domain::ActionError;

/// Linear does not distinguish what is hidden from what does not exist.
pub(crate) fn unknown_ticket(key: &str) -> ActionError {
    ActionError::rejected(format!(
        "Linear has no ticket `{key}`, or the account of the configured secret may not see it"
    ))
}

/// Refuses a ticket that Linear finds by something other than its key: by its former key, if it has moved to another team, or by its ID, which
/// names no team. The request, and the right to make it, were for the team that the key names.
pub(crate) fn check_key(asked: &str, found: &str) -> Result<(), ActionError> {
    if asked.eq_ignore_ascii_case(found) {
        return Ok(());
    }
    let is_key =
        asked.rsplit_once('-').is_some_and(|(_, number)| number.len() < 12 && number.parse::<u64>().is_ok());
    Err(ActionError::rejected(match is_key {
        true => format!(
            "{asked} was moved and is {found} now; nothing was done there. Start the work on {found} if it is wanted"
        ),
        false => format!("`{asked}` is not the key of a ticket; accepted: a key, such as `ENG-7`"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_where_its_key_says() {
        assert!(check_key("eng-7", "ENG-7").is_ok());
        for id in ["9cfb482a-81e3-4154-b5b9-2c805e70a02d", "9cfb482a-81e3-4154-b5b9-280507000204"] {
            let refused = check_key(id, "ENG-7").unwrap_err().message;
            assert!(refused.starts_with(&format!("`{id}` is not the key of a ticket; ")), "{refused}");
        }
        let moved = check_key("ENG-7", "OPS-1").unwrap_err().message;
        assert!(moved.starts_with("ENG-7 was moved and is OPS-1 now; nothing was done there."), "{moved}");
    }
}
