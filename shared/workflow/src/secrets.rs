//! Texts that look like secrets. A workflow is committed, compiled and shown to people, so none may be in one.

/// How providers' tokens start, how many characters follow at least, and whose they are.
const TOKENS: [(&str, usize, &str); 18] = [
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("ghu_", 30, "a GitHub token"),
    ("ghs_", 30, "a GitHub token"),
    ("ghr_", 30, "a GitHub token"),
    ("github_pat_", 20, "a GitHub token"),
    ("glpat-", 16, "a GitLab token"),
    ("xoxb-", 10, "a Slack token"),
    ("xoxp-", 10, "a Slack token"),
    ("xoxe-", 10, "a Slack token"),
    ("xapp-", 10, "a Slack token"),
    ("sk-", 20, "an API key of a model provider"),
    ("sk_live_", 16, "a Stripe key"),
    ("ATATT3", 20, "an Atlassian token"),
    ("lin_api_", 16, "a Linear key"),
    ("ntn_", 30, "a Notion token"),
    ("AIza", 30, "a Google key"),
    ("npm_", 30, "an npm token"),
];
/// The number of characters in AWS's access keys after their prefix.
const AWS_KEY: ([&str; 2], usize) = (["AKIA", "ASIA"], 16);

/// What secret a text seems to hold, with its article.
pub(crate) fn found_in(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    if text.contains("https://hooks.slack.com/services/") {
        return Some("the address of a Slack webhook");
    }
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
    words.filter_map(token).next()
}

fn token(word: &str) -> Option<&'static str> {
    // A token mixes letters and digits, which distinguishes it from words that start alike.
    if !word.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let (starts, length) = AWS_KEY;
    let is_aws = starts.iter().filter_map(|start| word.strip_prefix(start)).any(|rest| {
        rest.len() == length && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    });
    if is_aws {
        return Some("an AWS access key");
    }
    TOKENS
        .iter()
        .find(|(start, least, _)| word.strip_prefix(start).is_some_and(|rest| rest.len() >= *least))
        .map(|(_, _, whose)| *whose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_seen_and_words_are_not() {
        let made_up = |start: &str| format!("Bearer {start}{}", "a1B2c3D4".repeat(5));
        assert_eq!(found_in(&made_up("ghp_")), Some("a GitHub token"));
        assert_eq!(found_in(&made_up("xoxb-")), Some("a Slack token"));
        assert_eq!(found_in(&made_up("sk-ant-api03-")), Some("an API key of a model provider"));
        assert_eq!(found_in(&format!("AKIA{}", "A1B2".repeat(4))), Some("an AWS access key"));
        assert_eq!(found_in("-----BEGIN RSA PRIVATE KEY-----"), Some("a private key"));
        for text in [
            "",
            "feature/SHOP-1",
            "sk-or-not",
            "ask-the-team-what-they-think-of-it-1",
            "a sk-sentence-of-many-words-without-digits",
            "ghp_short1",
            "AKIA1",
        ] {
            assert_eq!(found_in(text), None, "{text}");
        }
    }
}
