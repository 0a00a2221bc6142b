//! Statuses of issues, which GitLab does not have: see the crate's documentation. Labels with `::` are
//! [scoped](https://docs.gitlab.com/user/project/labels/#scoped-labels), of which paid tiers keep one of a scope; the free tier does not.

use domain::configuration::same_status;

const STATUS: &str = "status:";
const PRIORITY: &str = "priority:";

/// What GitLab calls an open issue.
const OPENED: &str = "opened";

/// The status that an issue's state and labels show.
pub(crate) fn status_of(state: &str, labels: &[String]) -> String {
    match labels.iter().find_map(|label| after(label, STATUS)) {
        Some(status) if state == OPENED => status.to_owned(),
        _ if state == OPENED => "open".to_owned(),
        _ => state.to_owned(),
    }
}

/// The priority that an issue's labels show.
pub(crate) fn priority_of(labels: &[String]) -> Option<String> {
    labels.iter().find_map(|label| after(label, PRIORITY)).map(str::to_owned)
}

/// Whether a label shows a status.
pub(crate) fn is_status(label: &str) -> bool {
    after(label, STATUS).is_some()
}

/// Whether a status is one that GitLab closes issues for.
pub(crate) fn closes(status: &str) -> bool {
    ["closed", "done"].iter().any(|closed| same_status(status, closed))
}

/// Whether a status is that of an issue without a status label.
pub(crate) fn is_open(status: &str) -> bool {
    ["open", OPENED].iter().any(|open| same_status(status, open))
}

/// The label that shows a status: one that the issue has already, or a new one.
pub(crate) fn label_of(status: &str, known: &[String]) -> String {
    let same = |label: &&String| after(label, STATUS).is_some_and(|shown| same_status(shown, status));
    match known.iter().find(same) {
        Some(label) => label.clone(),
        None => {
            let words = status.split(|c: char| c == '_' || c == '-' || c.is_whitespace());
            let words = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            // A comma would part it into two labels.
            format!("status::{}", words.to_lowercase().replace(',', ""))
        }
    }
}

/// The part after `status:` or `status::`.
fn after<'a>(label: &'a str, prefix: &str) -> Option<&'a str> {
    let head = label.get(..prefix.len())?;
    let rest = label.get(prefix.len()..)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim();
    (head.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_show_what_gitlab_has_no_field_for() {
        let labels = ["bug", "Status::In Review", "priority:high"].map(str::to_owned);
        assert_eq!(status_of("opened", &labels), "In Review");
        assert_eq!(status_of("closed", &labels), "closed");
        assert_eq!(status_of("opened", &labels[..1]), "open");
        assert_eq!(priority_of(&labels).as_deref(), Some("high"));
        assert_eq!(label_of("in_review", &labels), "Status::In Review");
        assert_eq!(label_of("in_progress", &labels), "status::in progress");
        assert!(!is_status("status::") && !is_status("ü") && is_status("status: x"));
        assert!(closes("Done") && !closes("open") && is_open("Opened"));
    }
}
