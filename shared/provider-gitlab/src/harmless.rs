//! Texts as GitLab may show them: nothing in them acts, they close no issue, and none of their lines is a quick action.

use domain::text::JOINER;
use provider::{harmless_markdown, harmless_text};

/// What closes an issue when it is followed by its name: <https://docs.gitlab.com/administration/issue_closing_pattern/>.
const KEYWORDS: &[&str] = &["clos", "fix", "resolv", "implement"];

/// Their endings.
const ENDINGS: &[&str] = &["", "e", "es", "ed", "ing", "s"];

/// How much of a text is looked at for the name of an issue.
const LONGEST_NAME: usize = 2_000;

/// Markdown for a description or a note.
pub(crate) fn markdown(text: &str) -> String {
    harmless_markdown(text, closes)
}

/// A text without form: a title, the message of a commit.
pub(crate) fn plain(text: &str) -> String {
    without_quick_actions(&harmless_text(text, closes))
}

/// A text without [quick actions](https://docs.gitlab.com/user/project/quick_actions/), which GitLab carries out where a line begins with `/`
/// and a word: also in code, since GitLab sees code elsewhere than we do.
pub(crate) fn without_quick_actions(text: &str) -> String {
    let is_action = |line: &str| {
        let command = line.trim_start().strip_prefix('/');
        command.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    let defused = text.split_inclusive('\n').map(|line| match is_action(line) {
        true => line.replacen('/', &format!("{JOINER}/"), 1),
        false => line.to_owned(),
    });
    defused.collect()
}

/// Whether a word closes the issue named after it.
fn closes(word: &str, rest: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let is_keyword =
        KEYWORDS.iter().any(|stem| word.strip_prefix(stem).is_some_and(|end| ENDINGS.contains(&end)));
    is_keyword && names_an_issue(rest)
}

/// Whether a text begins like the name of an issue after a keyword.
fn names_an_issue(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_whitespace() || ":*_~`[(\\<".contains(c));
    if rest.len() == text.len() {
        return false;
    }
    let token = rest.chars().take_while(|c| !c.is_whitespace()).take(LONGEST_NAME).collect::<String>();
    ["#", "/issues/", "/work_items/"].into_iter().any(|mark| {
        token
            .match_indices(mark)
            .any(|(at, _)| token[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_a_quick_action() {
        let text = "Look:\n/close\n /merge now\n```\n/label ~bug\n```\r\n/1 a/b /x\n";
        let defused = without_quick_actions(text);
        let expected = "Look:\n·/close\n ·/merge now\n```\n·/label ~bug\n```\r\n/1 a/b /x\n";
        assert_eq!(defused.replace(JOINER, "·"), expected);
        assert_eq!(without_quick_actions(&defused), defused);
    }

    #[test]
    fn no_word_closes_an_issue() {
        let check = |text: &str, expected: &str| assert_eq!(markdown(text).replace(JOINER, "·"), expected);
        check("Closes #1, fixing acme/shop#2", "Closes· #1, fixing· acme/shop#2");
        check(
            "Implemented: https://gitlab.com/a/b/-/issues/4",
            "Implemented·: https://gitlab.com/a/b/-/issues/4",
        );
        check("fixes the cart; prefix #1; see #2", "fixes the cart; prefix #1; see #2");
    }

    #[test]
    fn no_message_skips_the_pipeline() {
        assert_eq!(
            plain("Fix it\n\n[CI skip] [skip_ci]").replace(JOINER, "·"),
            "Fix it\n\n[·CI skip] [·skip_ci]"
        );
    }

    #[test]
    fn the_time_is_in_proportion_to_the_text() {
        provider_testing::assert_in_proportion(|text| {
            markdown(text);
            plain(text);
        });
    }
}
