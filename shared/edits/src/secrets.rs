//! Secrets in texts, by the forms that their issuers give them.
//!
//! Only distinctive formats are known: every match is a secret, but many secrets are not found. Examples in
//! documentation, which say so themselves, do not count.

use regex_automata::meta::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A secret's purpose and format.
const FORMS: &[(&str, &str)] = &[
    ("an Anthropic API key", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    ("an Atlassian API token", r"\bATATT3[A-Za-z0-9_=-]{40,}"),
    ("an AWS access key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    (
        "an AWS secret access key",
        r#"(?i:\baws_?secret_?(?:access_?)?key["']?[ \t]{0,5}(?::|=>|=))[ \t]{0,5}["']?[A-Za-z0-9/+]{40}\b"#,
    ),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
    ("a GitLab token", r"\bgl(?:pat|ptt|dt|rt|cbt|agent|oas|soat|ft|imt)-[A-Za-z0-9_.-]{20,}"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("a Hugging Face token", r"\bhf_[A-Za-z]{34}\b"),
    ("a Linear API key", r"\blin_(?:api|oauth)_[A-Za-z0-9]{40,}"),
    ("a Notion token", r"\b(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}\b)"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    (
        "an OpenAI API key",
        r"\bsk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48}\b)",
    ),
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    ("a SendGrid API key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[0-9]-[A-Za-z0-9-]{10,}"),
    (
        "a Slack webhook",
        r"\bhooks\.slack\.com/services/T[A-Za-z0-9_]{6,}/B[A-Za-z0-9_]{6,}/[A-Za-z0-9_]{16,}",
    ),
    ("a Stripe key", r"\b[sr]k_live_[0-9a-zA-Z]{24,}"),
];

static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // Words consist of ASCII letters, whatever is around them.
    let forms: Vec<String> = FORMS.iter().map(|(_, form)| form.replace(r"\b", r"(?-u:\b)")).collect();
    Regex::new_many(&forms).ok()
});

/// A secret in a text. It does not contain the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSecret {
    /// The line that it is in, counted from 1.
    pub line: usize,
    /// Its purpose, with an article: `a GitHub token`.
    pub what: &'static str,
    place: Range<usize>,
}

/// The secrets in a text, in their order.
pub fn secrets_in(text: &str) -> Vec<FoundSecret> {
    let Some(form) = FORM.as_ref() else { return Vec::new() };
    let (mut line, mut counted, mut found) = (1, 0, Vec::new());
    for hit in form.find_iter(text) {
        let is_example =
            text.get(hit.range()).is_some_and(|secret| secret.to_ascii_uppercase().contains("EXAMPLE"));
        let Some((what, _)) = FORMS.get(hit.pattern().as_usize()).filter(|_| !is_example) else { continue };
        let before = text.get(counted..hit.start()).unwrap_or_default();
        line += before.matches('\n').count();
        counted = hit.start();
        found.push(FoundSecret { line, what, place: hit.range() });
    }
    found
}

/// The secrets in a text that are in none of the `earlier` ones.
pub fn new_secrets<'e>(text: &str, earlier: impl IntoIterator<Item = &'e str> + Clone) -> Vec<FoundSecret> {
    let mut found = secrets_in(text);
    found.retain(|secret| {
        let secret = text.get(secret.place.clone()).unwrap_or_default();
        // Of a private key, only the first line is found: another one has the same.
        let is_known = |earlier: &str| earlier.contains(secret) && !secret.starts_with("-----BEGIN");
        let is_same_key =
            |earlier: &str| secret.starts_with("-----BEGIN") && holds_block(earlier, text, secret);
        !earlier.clone().into_iter().any(|earlier| is_known(earlier) || is_same_key(earlier))
    });
    found
}

/// Whether a text has the same key as another one: the line after its beginning is the same.
fn holds_block(earlier: &str, text: &str, begin: &str) -> bool {
    let key = |text: &str| {
        let (_, rest) = text.split_once(begin)?;
        rest.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    };
    key(text).is_some_and(|key| earlier.contains(&key))
}

/// The text with `[secret removed]` in place of each secret.
pub fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for secret in secrets_in(text) {
        shown.push_str(text.get(from..secret.place.start).unwrap_or_default());
        shown.push_str("[secret removed]");
        from = secret.place.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made when the tests run, so that this file holds no secret.
    fn token(prefix: &str, length: usize) -> String {
        format!("{prefix}{}", "aB3dE6gH9j".repeat(length.div_ceil(10)).get(..length).unwrap())
    }

    #[test]
    fn secrets_are_found_with_their_lines_and_kinds() {
        let github = token("ghp_", 36);
        let text = format!(
            "a = 1\nb = '{github}'\nc = {}\n\n-----BEGIN RSA {} KEY-----\nMIIE\n",
            token("sk-ant-api03-", 90),
            "PRIVATE"
        );
        let found: Vec<_> = secrets_in(&text).into_iter().map(|found| (found.line, found.what)).collect();
        assert_eq!(found, [(2, "a GitHub token"), (3, "an Anthropic API key"), (5, "a private key")]);
        let shown = without_secrets(&text);
        assert!(!shown.contains(&github) && shown.contains("b = '[secret removed]'\n"), "{shown}");
        assert!(secrets_in(&shown).is_empty());
    }

    #[test]
    fn every_form_is_a_pattern_and_finds_its_tokens() {
        for (secret, what) in [
            (format!("{}IA{}", "AK", "ABCDEFGHIJ234567"), "an AWS access key"),
            (format!("aws_secret_access_key = \"{}\"", token("", 40)), "an AWS secret access key"),
            (token("glpat-", 20), "a GitLab token"),
            (token("xoxb-", 24), "a Slack token"),
            (token("sk-proj-", 40), "an OpenAI API key"),
            (token("sk-", 48), "an OpenAI API key"),
            (token("npm_", 36), "an npm token"),
        ] {
            let found = secrets_in(&format!("x {secret}\n"));
            assert_eq!(found.iter().map(|found| found.what).collect::<Vec<_>>(), [what], "{what}");
        }
        for harmless in [
            "AKIAIOSFODNN7EXAMPLE",
            "sk-ant-",
            "the prefix ghp_ and task-lists",
            "disk-0123456789abcdef0123456789abcdef0123456789abcdef",
            "-----BEGIN PUBLIC KEY-----",
            "aws_secret_access_key = os.environ[\"AWS_SECRET_ACCESS_KEY\"]",
        ] {
            assert_eq!(secrets_in(harmless), [], "{harmless}");
        }
    }

    #[test]
    fn only_what_was_not_there_before_is_new() {
        let (old, new) = (token("ghp_", 36), token("ghp_", 40));
        let text = format!("{old}\n{new}\n");
        let lines = |earlier: &[&str]| -> Vec<usize> {
            new_secrets(&text, earlier.iter().copied()).into_iter().map(|found| found.line).collect()
        };
        assert_eq!(lines(&[]), [1, 2]);
        assert_eq!(lines(&[&new]), Vec::<usize>::new(), "the shorter one is its beginning");
        assert_eq!(lines(&[&old]), [2]);
        let key = |body: &str| format!("-----BEGIN {} KEY-----\n{body}\n", "PRIVATE");
        assert_eq!(new_secrets(&key("MIIEa"), [key("MIIEa").as_str()]), []);
        assert_eq!(new_secrets(&key("MIIEa"), [key("MIIEb").as_str()]).len(), 1);
    }
}
