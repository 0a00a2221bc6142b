//! Sending a text that a service may refuse as too long.

use domain::text::{CUT, TextLimit, cut, cut_items};

/// How often a text is cut to a half before its refusal counts: to a sixteenth at last.
const HALVINGS: usize = 4;

/// Sends a text cut to a limit, and a shorter one each time the service still refuses it as too long: services count in their own
/// forms, which are longer than the originals. `send` takes the cut text.
///
/// # Errors
/// Those of `send`; after the last cut also that the text is too long.
pub async fn send_fitting<T, E, F>(
    text: &str,
    limit: TextLimit,
    is_too_long: impl Fn(&E) -> bool + Send + Sync,
    send: impl Fn(String) -> F + Send + Sync,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send,
{
    send_cut(text, limit, |limit| cut(text, limit, CUT), is_too_long, send).await
}

/// As [`send_fitting`], for chats: a list that is too long ends with a whole item and the number of those left out, and `rest`, a phrase in the
/// chat's language, says where all of the text can be read.
///
/// # Errors
/// As [`send_fitting`].
pub async fn send_fitting_items<T, E, F>(
    text: &str,
    rest: Option<&str>,
    limit: TextLimit,
    is_too_long: impl Fn(&E) -> bool + Send + Sync,
    send: impl Fn(String) -> F + Send + Sync,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send,
{
    send_cut(text, limit, |limit| at_items(text, rest, limit), is_too_long, send).await
}

async fn send_cut<T, E, F>(
    text: &str,
    limit: TextLimit,
    cut_to: impl Fn(TextLimit) -> String + Send + Sync,
    is_too_long: impl Fn(&E) -> bool + Send + Sync,
    send: impl Fn(String) -> F + Send + Sync,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send,
{
    let mut limit = limit;
    for _ in 0..HALVINGS {
        match send(cut_to(limit)).await {
            Err(error) if is_too_long(&error) => limit = limit.half_of(text),
            sent => return sent,
        }
    }
    send(cut_to(limit)).await
}

fn at_items(text: &str, rest: Option<&str>, limit: TextLimit) -> String {
    let note = |left: usize| match rest {
        Some(rest) => format!("\n\n\u{2026} and {left} more; {rest}"),
        None => format!("\n\n\u{2026} and {left} more (cut)"),
    };
    cut_items(text, limit, note).unwrap_or_else(|| match rest {
        Some(rest) => cut(text, limit, &format!("{CUT}; {rest}")),
        None => cut(text, limit, CUT),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// The lengths that are tried where texts of more than `most` characters are refused.
    fn tried(text: &str, most: usize) -> (Vec<usize>, bool) {
        let lengths = Mutex::new(Vec::new());
        let sent = {
            let send = |text: String| {
                let length = text.chars().count();
                lengths.lock().unwrap().push(length);
                std::future::ready(if length <= most { Ok(()) } else { Err("too long") })
            };
            let limit = TextLimit::characters(1_000);
            let mut sending = std::pin::pin!(send_fitting(text, limit, |error| *error == "too long", send));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            match sending.as_mut().poll(&mut context) {
                std::task::Poll::Ready(sent) => sent.is_ok(),
                std::task::Poll::Pending => panic!("nothing is waited for"),
            }
        };
        (lengths.into_inner().unwrap(), sent)
    }

    #[test]
    fn a_list_is_cut_at_an_item_and_says_where_the_rest_is() {
        let limit = TextLimit::characters(60);
        let list = "- one item\n".repeat(9);
        let cut = at_items(&list, Some("`list` shows all of it"), limit);
        assert_eq!(cut, "- one item\n- one item\n\n\u{2026} and 7 more; `list` shows all of it");
        assert!(at_items(&list, None, limit).ends_with("item\n\n\u{2026} and 6 more (cut)"));
        let words = "word ".repeat(99);
        assert!(at_items(&words, Some("see there"), limit).ends_with("word\n\n\u{2026} (cut); see there"));
        assert!(at_items(&words, None, limit).ends_with(CUT));
        assert_eq!(at_items("short", Some("see there"), limit), "short");
    }

    #[test]
    fn a_text_refused_as_too_long_is_cut_to_halves() {
        assert_eq!(tried(&"x".repeat(2_000), 1_000), (vec![1_000], true));
        assert_eq!(tried(&"x".repeat(2_000), 300), (vec![1_000, 500, 250], true));
        assert_eq!(tried(&"x".repeat(400), 300), (vec![400, 200], true));
        assert_eq!(tried(&"x".repeat(2_000), 0), (vec![1_000, 500, 250, 125, 62], false));
    }
}
