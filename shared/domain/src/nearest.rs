//! Suggests the name that was probably meant.

/// The name in `known` that is most similar to `given`, ignoring case; `None` if none is similar enough to suggest.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(&given.to_lowercase(), &name.to_lowercase());
    let likely =
        known.into_iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > 0.75);
    likely.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_like_none_has_no_nearest() {
        assert_eq!(nearest("bas_url", ["secret", "base_url"]), Some("base_url"));
        assert_eq!(nearest("gihub", ["jira", "github"]), Some("github"));
        assert_eq!(nearest("zzz", ["jira", "github"]), None);
    }
}
