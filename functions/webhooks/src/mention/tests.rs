use super::*;
use proptest::prelude::*;

fn check(comment: &str, expected: Option<(&str, bool)>) {
    check_in(Markup::Markdown, comment, expected);
}

fn check_in(markup: Markup, comment: &str, expected: Option<(&str, bool)>) {
    let said = words_for_bot(comment, "@ticketsmith", "/ticketsmith", markup);
    assert_eq!(said.map(|said| (said.words, said.is_addressed)), expected, "{comment}");
}

#[test]
fn names_are_whole_words() {
    check("/ticketsmith revise use a map", Some(("revise use a map", true)));
    check("@TicketSmith, revise", Some(("revise", true)));
    check("@ticketsmith", Some(("", true)));
    check("could @ticketsmith look?", Some(("could @ticketsmith look?", false)));
    for thanks in ["Thanks, @ticketsmith!", "@ticketsmith thanks!", "@ticketsmith OK, thank you."] {
        check(thanks, Some(("", false)));
    }
    check("ask (@ticketsmith).", Some(("ask (@ticketsmith).", false)));
    check("@ticketsmith-dev look", None);
    check("@ticketsmith/team look", None);
    check("@ticketsmith.dev look", None);
    check("mail me@ticketsmith please", None);
    check("/ticketsmithing", None);
    check("see docs/ticketsmith", None);
    check("what does /ticketsmith do", None);
    check("", None);
    let said = words_for_bot("@ÜBERSETZER prüfe", "@Übersetzer", "/x", Markup::Markdown);
    assert_eq!(said.map(|said| said.words), Some("prüfe"));
    let composed = words_for_bot("@u\u{308}bersetzer prüfe", "@Übersetzer", "/x", Markup::Markdown);
    assert_eq!(composed.map(|said| said.words), Some("prüfe"));
}

#[test]
fn a_command_may_follow_a_quoted_reply_or_a_greeting() {
    for comment in [
        "> May SHOP-1 be worked on?\r\n\r\n@ticketsmith approve",
        "Hi @ticketsmith, approve",
        "Good morning, @ticketsmith!\napprove",
        "Looks good to me. @ticketsmith approve",
        "I have read it.\n\n@ticketsmith: please approve",
        "Thanks!\n/ticketsmith approve",
        "- @ticketsmith approve",
        "@ticketsmith hello, please approve",
        "approve @ticketsmith",
        "Approve, @ticketsmith!",
        "<!-- who? -->\n@ticketsmith approve",
        "\u{200f}@ticketsmith\u{200f} \u{200f}approve\u{200e}",
        "\u{feff}@ticketsmith\u{a0}approve\u{200b}",
        "approve @ticketsmith\u{2060}",
        "@ticketsmith hello!\n@ticketsmith approve",
        "@ticketsmith\u{ff0c}approve",
        "@ticketsmith[bot] approve",
        "Hi @ticketsmith[bot], approve",
        "@ticketsmith\r\n> May SHOP-1 be worked on?\r\n>\r\n> It is large.\r\n\r\napprove",
        "@ticketsmith <!-- a template --> approve",
        "@ticketsmith\n\n> May I?\n<!-- who? -->\nPlease approve",
        "**@ticketsmith** approve",
        "(@ticketsmith) approve",
        "[@ticketsmith](https://github.com/apps/ticketsmith) approve",
        "Hi **[@ticketsmith](https://github.com/apps/ticketsmith)**, approve",
        "***@ticketsmith***, please approve",
        "I have read it. ~~(@ticketsmith)~~ approve",
        "**@ticketsmith approve**",
    ] {
        let said = words_for_bot(comment, "@ticketsmith", "/ticketsmith", Markup::Markdown).unwrap();
        assert!(said.is_addressed && folded(bare_word(said.words)) == "approve", "{comment}: {said:?}");
    }
    check_in(Markup::Wiki, "{quote}May I?{quote}\r\n\r\n@ticketsmith approve", Some(("approve", true)));
    check_in(Markup::Mrkdwn, "&gt; May I?\n@ticketsmith approve", Some(("approve", true)));
    check_in(Markup::Mrkdwn, "@ticketsmith\n&gt; May I?\napprove", Some(("approve", true)));
    check_in(Markup::Wiki, "@ticketsmith\nbq. May I?\napprove", Some(("approve", true)));
    check_in(Markup::Wiki, "*@ticketsmith* approve", Some(("approve", true)));
    check_in(Markup::Mrkdwn, "*@ticketsmith* approve", Some(("approve", true)));
    check("**@ticketsmith**", Some(("", true)));
    let all = "@ticketsmith\n&gt;&gt;&gt; May I?\napprove";
    check_in(Markup::Mrkdwn, all, Some(("&gt;&gt;&gt; May I?\napprove", true)));
    // What is asked for keeps what it is about.
    check("@ticketsmith\n> the cart\nRename it", Some(("> the cart\nRename it", true)));
    check("@ticketsmith > approve", Some(("> approve", true)));
    check("@ticketsmith\n> approve", Some(("> approve", true)));
}

#[test]
fn what_is_said_before_the_address_is_kept() {
    for (comment, before) in [
        ("The total is wrong.\r\n\r\n@ticketsmith fix this", "The total is wrong."),
        ("> The total is wrong.\n\n@ticketsmith fix this", "> The total is wrong."),
        ("```suggestion\nreturn 2\n```\n(@ticketsmith) fix this", "```suggestion\nreturn 2\n```"),
        ("Ä ü. **@ticketsmith** fix this", "Ä ü."),
        ("Hi, @ticketsmith fix this", ""),
        ("1. @ticketsmith fix this", ""),
        ("@ticketsmith fix this", ""),
    ] {
        let said = words_for_bot(comment, "@ticketsmith", "/ticketsmith", Markup::Markdown).unwrap();
        assert_eq!((said.words, said.before), ("fix this", before), "{comment}");
    }
}

/// Anybody may comment, and comments have up to a million characters.
#[test]
fn time_is_in_proportion_to_the_length() {
    test_inputs::assert_time_in_proportion(6_000, |length| {
        for markup in [Markup::Markdown, Markup::Wiki, Markup::Mrkdwn] {
            for part in
                ["    a\n", "`a`\n", "`a``b", "<code>", "</code ", "<!--", "{{", "{quote", "{code:a}", "\n"]
            {
                words_for_bot(&part.repeat(length / part.len()), "@ticketsmith", "/ticketsmith", markup);
            }
            let half = |part: &str| part.repeat(length / part.len() / 2);
            for named in ["a @ticketsmith ", "a [@ticketsmith]("] {
                let greeted = format!("{}so {}", half("hi "), half(named));
                words_for_bot(&greeted, "@ticketsmith", "/ticketsmith", markup);
            }
        }
    });
}

#[test]
fn a_greeting_that_begins_a_longer_word_is_none() {
    for words in ["all-day events are missing", "team.yaml: rename the key", "PLEASE-CHECK stays as it is"] {
        check(&format!("@ticketsmith {words}"), Some((words, true)));
        check(&format!("@ticketsmith please, {words}"), Some((words, true)));
    }
    check("@ticketsmith hi - all:build fails", Some(("all:build fails", true)));
    check("@ticketsmith hi,all, please: approve", Some(("approve", true)));
}

#[test]
fn a_sentence_that_begins_like_a_greeting_stays_whole() {
    for words in [
        "There is a typo",
        "All tests fail",
        "all stop commands fail",
        "Day 3 is missing",
        "You forgot the tests",
        "Team names are cut",
        "Good plan",
        "Great work, but rename it",
        "Hello world fails",
        "Evening events are missing",
        "Thank you for the tests",
        "OK? I am not sure",
    ] {
        check(&format!("@ticketsmith {words}"), Some((words, true)));
        check(&format!("@ticketsmith hi, {words}"), Some((words, true)));
        check(&format!("@ticketsmith Hello\n{words}"), Some((words, true)));
    }
    for (comment, words) in [
        ("@ticketsmith hello there! All tests fail", "All tests fail"),
        ("@ticketsmith good morning approve", "approve"),
        ("@ticketsmith hi all approve", "approve"),
        ("@ticketsmith hello @ticketsmith approve", "approve"),
        ("@ticketsmith thank you! Now rename it", "Now rename it"),
        ("@ticketsmith hi, all: rename it", "rename it"),
        ("@ticketsmith hello please rename it", "rename it"),
        ("@ticketsmith please all of them", "all of them"),
        ("@ticketsmith Team, please approve", "approve"),
        ("@ticketsmith all!", ""),
    ] {
        check(comment, Some((words, true)));
    }
}

#[test]
fn a_mention_of_somebody_else_first_is_not_spoken_to_the_bot() {
    let comment = "@grace approve what @ticketsmith did";
    check(comment, Some((comment, false)));
    let comment = "As I said, @ticketsmith stop is a command";
    check(comment, Some((comment, false)));
}

#[test]
fn quotes_code_and_comments_are_not_spoken_to_the_bot() {
    check("> @ticketsmith revise\nI agree", None);
    check("```\n@ticketsmith revise\n```\nis what you write", None);
    check("write `@ticketsmith revise`", None);
    check("Fine.\n<!-- maintainers can write @ticketsmith revise -->", None);
    check("Fine.\n\n    @ticketsmith revise", None);
    check("<pre>\n@ticketsmith revise\n</pre>", None);
    check("> @ticketsmith revise\n@ticketsmith please do", Some(("do", true)));
    check_in(Markup::Wiki, "{code}@ticketsmith revise{code}", None);
}

#[test]
fn the_words_keep_their_code() {
    check("@ticketsmith revise `a` to\n```\nb\n```", Some(("revise `a` to\n```\nb\n```", true)));
}

proptest! {
    #[test]
    fn any_comment_is_read(comment in any::<String>(), mention in any::<String>()) {
        for markup in [Markup::Markdown, Markup::Wiki, Markup::Mrkdwn] {
            words_for_bot(&comment, &mention, "/ticketsmith", markup);
        }
    }
}
