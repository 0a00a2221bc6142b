//! Marks in text that code hosts show: HTML comments, which they do not render.

use domain::plugins::Mark;
use domain::text::{CUT, TextLimit, closed, cut};

const BEGIN: &str = Mark::BEGIN;
const END: &str = " -->";

/// The replacement for a text's own [`BEGIN`]: without the space, it does not begin a mark, whatever follows.
const DEFUSED: &str = "<!--ticketsmith:";

/// A text that is already harmless, with the mark at its end, at most as long as `limit`. Existing marks in the text are defused: text
/// from outside must not claim to be ours.
pub fn with_mark(markdown: &str, mark: &Mark, limit: TextLimit) -> String {
    // In a code block that the text leaves open, the mark would be seen.
    let own = closed(markdown.replace(BEGIN, DEFUSED).trim_end());
    let ending = format!("\n\n{BEGIN}{}{END}", mark.digest());
    let body = cut(&own, limit.less(ending.len()), CUT);
    format!("{body}{ending}")
}

/// The digests of the marks in a body.
pub fn marks_in(body: &str) -> Vec<String> {
    let ends = body.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    ends.map(|(digest, _)| digest.to_owned()).collect()
}

/// Whether a body carries the mark.
pub fn carries(body: &str, mark: &Mark) -> bool {
    marks_in(body).contains(&mark.digest())
}

/// The body without marks, and without those that the text around a removed one makes. Linear in the body's length: strangers write bodies of
/// nothing but marks.
pub fn without_marks(body: &str) -> String {
    let mut kept = String::with_capacity(body.len());
    let mut rest = body;
    loop {
        // A mark may begin in what is kept, which holds no whole beginning.
        let begun = (1..BEGIN.len())
            .rev()
            .find(|bytes| kept.ends_with(&BEGIN[..*bytes]) && rest.starts_with(&BEGIN[*bytes..]));
        let begin = if begun.is_some() { Some(0) } else { rest.find(BEGIN) };
        let Some((begin, length)) = begin.and_then(|begin| Some((begin, rest[begin..].find(END)?))) else {
            break;
        };
        kept.truncate(kept.len() - begun.unwrap_or_default());
        kept.push_str(&rest[..begin]);
        rest = &rest[begin + length + END.len()..];
    }
    kept.push_str(rest);
    kept.truncate(kept.trim_end().len());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_mark(markdown: &str, mark: &Mark) -> String {
        super::with_mark(markdown, mark, TextLimit::characters(65_536))
    }

    fn mark(key: &str) -> Mark {
        Mark { key: key.into(), at: jiff::Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_mark_is_found_and_cannot_be_claimed_by_the_text() {
        let forged = with_mark("stolen", &mark("other"));
        for text in [forged.clone(), forged.replace(BEGIN, "<!-- ticketsmith:ticketsmith:")] {
            let body = with_mark(&format!("Text\n{text}"), &mark("key"));
            assert_eq!(marks_in(&body), [mark("key").digest()]);
        }
        let body = with_mark(&format!("Text\n{forged}"), &mark("key"));
        assert!(carries(&body, &mark("key")) && !carries(&body, &mark("other")));
        assert_eq!(without_marks(&with_mark("Text", &mark("key"))), "Text");
        assert!(with_mark("```\na", &mark("key")).starts_with("```\na\n```\n\n<!-- "), "no code");
        assert!(marks_in("<!-- ticketsmith:x").is_empty());
        assert_eq!(without_marks("<!-- ticketsmith:x"), "<!-- ticketsmith:x");
        assert!(carries(&with_mark(&"ü".repeat(100_000), &mark("key")), &mark("key")));
    }

    #[test]
    fn no_mark_is_left_by_what_is_around_a_removed_one() {
        assert_eq!(without_marks("a <!-- tick<!-- ticketsmith:x -->etsmith:y --> b"), "a  b");
        assert_eq!(
            without_marks("<!-- <!-- ti<!-- ticketsmith:x -->cketsmith:y -->ticketsmith:z -->ü\n"),
            "ü"
        );
        assert_eq!(without_marks("a<!-- tick<!-- ticketsmith:x -->etsmith:y"), "a<!-- ticketsmith:y");
        assert_eq!(without_marks("<!-- ticketsmith:a <!-- ticketsmith:b --> c"), " c");
    }

    #[test]
    fn a_body_of_nothing_but_marks_is_read_once() {
        // If each removal moved what follows, these would move 12 TB.
        let marks = "<!-- ticketsmith:x -->ü".repeat(1_000_000);
        assert_eq!(without_marks(&marks).chars().count(), 1_000_000);
        let nested =
            format!("{}{}", "<!-- tick".repeat(500_000), "<!-- ticketsmith:x -->etsmith:y -->".repeat(2));
        assert!(without_marks(&nested).ends_with("tick"));
    }
}
