//! Statuses of issues, which GitHub does not have: an open issue shows its status by a label, `status: in review`.

/// The status of an open issue without such a label.
pub(super) const OPEN: &str = "open";
/// The status of a closed issue.
pub(super) const CLOSED: &str = "closed";

const STATUS: &str = "status:";

/// The status that a label shows.
pub(super) fn shown_by(label: &str) -> Option<&str> {
    let (start, rest) = label.split_at_checked(STATUS.len())?;
    let rest = rest.trim();
    (start.eq_ignore_ascii_case(STATUS) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_this_form_alone_shows_a_status() {
        assert_eq!(shown_by("Status: In Review"), Some("In Review"));
        assert_eq!(shown_by("status:approved"), Some("approved"));
        assert!(
            ["status:", "status: ", "bug", "ü", "my status: x"]
                .into_iter()
                .all(|label| shown_by(label).is_none())
        );
    }
}
