//! Marks in text that code hosts show: HTML comments, which they do not render.

use domain::plugins::Mark;
use domain::text::{CUT, TextLimit, cut};

const BEGIN: &str = Mark::BEGIN;
const END: &str = " -->";

/// The replacement for a text's own [`BEGIN`]: without the space, it does not begin a mark, whatever follows.
const DEFUSED: &str = "<!--ticketsmith:";

/// A text that is already harmless, with the mark at its end, at most as long as `limit`. Existing marks in the text are defused: text
/// from outside must not claim to be ours.
pub fn with_mark(markdown: &str, mark: &Mark, limit: TextLimit) -> String {
    let own = markdown.replace(BEGIN, DEFUSED);
    let ending = format!("\n\n{BEGIN}{}{END}", mark.digest());
    let body = cut(own.trim_end(), limit.less(ending.len()), CUT);
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

/// The body without marks.
pub fn without_marks(body: &str) -> String {
    let mut text = body.to_owned();
    while let Some(begin) = text.find(BEGIN) {
        let Some(length) = text[begin..].find(END) else { break };
        text.replace_range(begin..begin + length + END.len(), "");
    }
    text.trim_end().to_owned()
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
        assert!(marks_in("<!-- ticketsmith:x").is_empty());
        assert_eq!(without_marks("<!-- ticketsmith:x"), "<!-- ticketsmith:x");
        assert!(carries(&with_mark(&"ü".repeat(100_000), &mark("key")), &mark("key")));
    }
}
