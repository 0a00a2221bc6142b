//! How the configuration names secrets.

/// The secret that a name in the configuration means: `ticketsmith/work` for `ticketsmith/work#jira`. The part after `#` names one
/// entry of a secret that bundles several; no name in Secrets Manager contains a `#`.
pub fn secret_id(name: &str) -> &str {
    name.split_once('#').map_or(name, |(id, _entry)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_part_of_its_secret() {
        assert_eq!(secret_id("ticketsmith/work#jira"), "ticketsmith/work");
        assert_eq!(secret_id("ticketsmith/jira"), "ticketsmith/jira");
    }
}
