//! Texts as GitHub may show them: nothing in them acts, and they close no issue.

use provider::{harmless_markdown, harmless_text};

/// What closes an issue when it is followed by its name:
/// <https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue>.
const KEYWORDS: &[&str] =
    &["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];

/// How much of a text is looked at for the name of an issue: addresses with the longest names of an owner and a repository are shorter.
const LONGEST_NAME: usize = 300;

/// Markdown for a body or a comment.
pub(crate) fn markdown(text: &str) -> String {
    harmless_markdown(text, closes)
}

/// A text without form: a title, the message of a commit.
pub(crate) fn plain(text: &str) -> String {
    harmless_text(text, closes)
}

/// Whether a word closes the issue named after it.
fn closes(word: &str, rest: &str) -> bool {
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) && names_an_issue(rest)
}

/// Whether a text begins like the name of an issue after a keyword.
fn names_an_issue(text: &str) -> bool {
    let rest = text.strip_prefix(':').unwrap_or(text);
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "*_~`[(\\<".contains(c));
    if rest.len() == text.len() {
        return false;
    }
    let token = rest.chars().take_while(|c| !c.is_whitespace()).take(LONGEST_NAME);
    let token = token.collect::<String>().to_ascii_lowercase();
    let digit_follows = |mark: &str| {
        token
            .match_indices(mark)
            .any(|(at, _)| token[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    digit_follows("#") || token.starts_with("gh-") || digit_follows("/issues/") || digit_follows("/pull/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::text::JOINER;

    #[test]
    fn nothing_acts_in_markdown() {
        let check = |text: &str, expected: &str| {
            let shown = markdown(text).replace(JOINER, "·");
            assert_eq!(shown, expected, "{text}");
            assert_eq!(markdown(&markdown(text)), markdown(text), "{text}");
        };
        check("@ada and @acme/team, not a@b.example", "@·ada and @·acme/team, not a@b.example");
        check(
            "(@ada) **@ada** [@ada](https://github.com/ada)",
            "(@·ada) **@·ada** [@·ada](https://github.com/ada) (github.com)",
        );
        check(
            "Fixes #1, closes: acme/shop#2, RESOLVED GH-3",
            "Fixes· #1, closes·: acme/shop#2, RESOLVED· GH-3",
        );
        check(
            "fix https://github.com/a/b/issues/4 and fixed **#5**",
            "fix· https://github.com/a/b/issues/4 and fixed· **#5**",
        );
        check("fixes the cart; prefix #1; see #2", "fixes the cart; prefix #1; see #2");
        check("![alt](https://evil.example/x.png)", "[alt](https://evil.example/x.png) (evil.example)");
        check("[here](https://evil.example/x) it is", "[here](https://evil.example/x) (evil.example) it is");
        check(
            "[here][1]\n\n[1]: https://evil.example",
            "[here][1] (evil.example)\n\n[1]: https://evil.example",
        );
        check("[#12](https://github.com/acme/shop/pull/12)", "[#12](https://github.com/acme/shop/pull/12)");
        check(
            "<https://medium.com/@ada> https://medium.com/@ada",
            "<https://medium.com/@ada> https://medium.com/@ada",
        );
        check("https://@acme/team", "https://@·acme/team");
        check("a <img src=https://evil.example> b", "a &lt;img src=https://evil.example> b");
        check(
            "<div>\n![x](https://evil.example)\n@ada\n</div>",
            "&lt;div>\n[x](https://evil.example) (evil.example)\n@·ada\n&lt;/div>",
        );
        check("<!-- ticketsmith:x -->", "&lt;!-- ticketsmith:x -->");
        check(
            "<details><summary>More</summary>\n\na<br/>b\n\n</details>",
            "<details><summary>More</summary>\n\na<br/>b\n\n</details>",
        );
        check("<details onclick=x>", "&lt;details onclick=x>");
        check(
            "`@ada fixes #1 <img>`\n\n```\n@ada ![x](y) fixes #1\n```",
            "`@ada fixes #1 <img>`\n\n```\n@ada ![x](y) fixes #1\n```",
        );
        check("    @ada in code", "    @ada in code");
        check("Plain **text**, a list:\n\n- a\n- b\n", "Plain **text**, a list:\n\n- a\n- b\n");
    }

    #[test]
    fn no_hostile_text_acts_in_a_message() {
        let mark = domain::plugins::Mark { key: "key".into(), at: jiff::Timestamp::UNIX_EPOCH };
        for text in provider_testing::HOSTILE {
            for shown in [crate::mark::with_mark(text, &mark), plain(text)] {
                for name in ["@ada", "@acme", "@channel", "@here", "@everyone"] {
                    assert!(!shown.contains(name), "{shown}");
                }
                for keyword in ["Fixes #", "closes acme", "resolves: http", "fixed **", "FIX GH"] {
                    assert!(!shown.contains(keyword), "{shown}");
                }
                assert!(!shown.chars().any(|c| domain::text::is_hidden(c) && c != '\n'), "{shown}");
            }
            let body = crate::mark::with_mark(text, &mark);
            for tag in ["![", "<img", "<a ", "<div", "<script", "<!channel"] {
                assert!(!body.contains(tag), "{body}");
            }
            assert_eq!(crate::mark::marks_in(&body), [mark.digest()]);
            if text.contains("](https://evil") || text.contains("[1]") {
                assert!(body.contains("(evil.example)"), "{body}");
            }
        }
    }

    #[test]
    fn nothing_acts_in_a_title() {
        assert_eq!(plain("`@ada`: fixes #1").replace(JOINER, "·"), "`@·ada`: fixes· #1");
        assert_eq!(plain("Add a discount code"), "Add a discount code");
        for (text, shown) in [
            ("[skip ci] a [CI skip]", "[·skip ci] a [·CI skip]"),
            ("[no ci][skip actions] [actions skip]", "[·no ci][·skip actions] [·actions skip]"),
            ("[ci-skip] [Skip_CI] ***NO_CI***", "[·ci-skip] [·Skip_CI] ***N·O_CI***"),
            ("a\n\n\nskip-checks:true\nSkip-Checks: true", "a\n\n\nskip·-checks:true\nSkip·-Checks: true"),
            ("[x] skip ci [no] [skip] [ci] [skip the ci]", "[x] skip ci [no] [skip] [ci] [skip the ci]"),
        ] {
            assert_eq!(plain(text).replace(JOINER, "·"), shown, "{text}");
            assert_eq!(plain(&plain(text)), plain(text), "{text}");
        }
    }

    #[test]
    fn long_texts_take_time_in_proportion() {
        provider_testing::assert_in_proportion(|text| {
            markdown(text);
            plain(text);
        });
    }
}
