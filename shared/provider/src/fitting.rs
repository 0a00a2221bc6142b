//! Sending a text that a service may refuse as too long.

use domain::text::{CUT, TextLimit, cut};

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
    let mut limit = limit;
    for _ in 0..HALVINGS {
        match send(cut(text, limit, CUT)).await {
            Err(error) if is_too_long(&error) => limit = limit.half_of(text),
            sent => return sent,
        }
    }
    send(cut(text, limit, CUT)).await
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
    fn a_text_refused_as_too_long_is_cut_to_halves() {
        assert_eq!(tried(&"x".repeat(2_000), 1_000), (vec![1_000], true));
        assert_eq!(tried(&"x".repeat(2_000), 300), (vec![1_000, 500, 250], true));
        assert_eq!(tried(&"x".repeat(400), 300), (vec![400, 200], true));
        assert_eq!(tried(&"x".repeat(2_000), 0), (vec![1_000, 500, 250, 125, 62], false));
    }
}
