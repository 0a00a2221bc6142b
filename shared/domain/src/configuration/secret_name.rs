//! Names of secrets in the configuration.

/// The secret that a name in the configuration refers to: `ticketsmith/work` for `ticketsmith/work#jira`. The part after `#` names an
/// entry of a secret that bundles several; names in Secrets Manager never contain a `#`.
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
