//! Statuses of issues, which GitHub does not have: see the crate's documentation.

use domain::configuration::same_status;

const STATUS: &str = "status:";
const PRIORITY: &str = "priority:";

/// The status that an issue's state and labels show.
pub(crate) fn status_of(state: &str, labels: &[String]) -> String {
    match labels.iter().find_map(|label| after(label, STATUS)) {
        Some(status) if state == "open" => status.to_owned(),
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

/// The label that shows a status: one that the issue has already, or a new one.
pub(crate) fn label_of(status: &str, known: &[String]) -> String {
    let same = |label: &&String| after(label, STATUS).is_some_and(|shown| same_status(shown, status));
    match known.iter().find(same) {
        Some(label) => label.clone(),
        None => {
            let words = status.split(|c: char| c == '_' || c == '-' || c.is_whitespace());
            let words = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            format!("{STATUS} {}", words.to_lowercase())
        }
    }
}

fn after<'a>(label: &'a str, prefix: &str) -> Option<&'a str> {
    let head = label.get(..prefix.len())?;
    let rest = label.get(prefix.len()..)?.trim();
    (head.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_show_what_github_has_no_field_for() {
        let labels = ["bug", "Status: In Review", "priority:high"].map(str::to_owned);
        assert_eq!(status_of("open", &labels), "In Review");
        assert_eq!(status_of("closed", &labels), "closed");
        assert_eq!(status_of("open", &labels[..1]), "open");
        assert_eq!(priority_of(&labels).as_deref(), Some("high"));
        assert_eq!(label_of("in_review", &labels), "Status: In Review");
        assert_eq!(label_of("in_progress", &labels), "status: in progress");
        assert!(!is_status("status:") && !is_status("ü") && is_status("status:x"));
    }
}
