//! Suggests the name that was probably meant.

/// The name in `known` that is most similar to `given`, ignoring case; `None` if none is similar enough to suggest.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(&given.to_lowercase(), &name.to_lowercase());
    let likely =
        known.into_iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > 0.75);
    likely.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

/// What to give in place of an unknown name: the most similar known one, if any, and all of them after `label`, such as
/// "did you mean `base_url`? accepted: secret, base_url".
pub fn instead_of<'a>(given: &str, label: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let meant = nearest(given, known.iter().copied()).map(|name| format!("did you mean `{name}`? "));
    format!("{}{label}: {}", meant.unwrap_or_default(), known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_like_none_has_no_nearest() {
        assert_eq!(nearest("bas_url", ["secret", "base_url"]), Some("base_url"));
        assert_eq!(nearest("gihub", ["jira", "github"]), Some("github"));
        assert_eq!(nearest("zzz", ["jira", "github"]), None);
        assert_eq!(
            instead_of("gihub", "accepted", ["jira", "github"]),
            "did you mean `github`? accepted: jira, github"
        );
        assert_eq!(instead_of("zzz", "known", ["jira", "github"]), "known: jira, github");
    }
}
