//! What people call a pull request, which depends on the code host.

/// What most code hosts call it, within a sentence.
pub const PULL_REQUEST: &str = "pull request";

/// A text of ours, which says "pull request", in the words of a code host that calls one `name`, such as `merge request`.
pub fn naming_pull_requests(ours: &str, name: &str) -> String {
    let capitalized = |text: &str| {
        let mut characters = text.chars();
        let first = characters.next().map(|first| first.to_uppercase().to_string());
        first.unwrap_or_default() + characters.as_str()
    };
    ours.replace(PULL_REQUEST, name).replace(&capitalized(PULL_REQUEST), &capitalized(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_ours_is_said_in_other_words() {
        let ours = "Pull request #7: reviews a pull request; `pull_request` stays.";
        assert_eq!(naming_pull_requests(ours, PULL_REQUEST), ours);
        let theirs = "Merge request #7: reviews a merge request; `pull_request` stays.";
        assert_eq!(naming_pull_requests(ours, "merge request"), theirs);
    }
}
