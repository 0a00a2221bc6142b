//! How an answer is read, or what there is in place of one.

use crate::answer::Answer;
use crate::auth::Auth;
use crate::client::Client;
use crate::failure::{Failure, from_status};
use domain::ActionError;
use serde_json::Value;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Hears an answer as it comes.
#[derive(Clone, Copy)]
pub(crate) struct Listener<'client>(pub(crate) &'client (dyn Fn(&[u8]) + Send + Sync));

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listener")
    }
}

/// How an answer is read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'client> {
    pub(crate) client: &'client Client,
    /// The most bytes of an answer with a status of success.
    pub(crate) largest_answer: usize,
    pub(crate) listener: Option<Listener<'client>>,
}

impl Reading<'_> {
    /// Reads a whole answer.
    ///
    /// # Errors
    /// As [`Request::send`](crate::Request::send).
    pub(crate) async fn read(
        self,
        timeout: Duration,
        what: &str,
        auth: &Auth,
        mut response: reqwest::Response,
    ) -> Result<Answer, Failure> {
        let Self { client, listener, .. } = self;
        let status = response.status();
        // A refusal is read in full, even if the reader wants little of the content.
        let largest_answer = if status.is_success() { self.largest_answer } else { client.largest_answer };
        let headers = std::mem::take(response.headers_mut());
        if let Some(observe) = &client.options.observer {
            observe(&headers);
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| no_answer(timeout, what, auth, &error))?
        {
            if body.len() + chunk.len() > largest_answer {
                return Err(Failure::unanswered(too_large(what, largest_answer)));
            }
            if let Some(Listener(hear)) = listener.filter(|_| status.is_success()) {
                hear(&chunk);
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            let (what, auth) = (what.to_owned(), auth.clone());
            return Ok(Answer { what, auth, status: status.as_u16(), headers, body });
        }
        let text = String::from_utf8_lossy(&body);
        let body = auth.without_secrets_in(serde_json::from_str(&text).unwrap_or(Value::Null));
        let mut error =
            from_status(what, status, &headers, &body, &auth.quote(&text), client.options.clock.now());
        if let Some(kind) = client.judge.and_then(|judge| judge(status.as_u16(), &body)) {
            error = ActionError { kind, retry_after: None, ..error };
        }
        Err(Failure {
            status: Some(status.as_u16()),
            body,
            error: auth.without_secrets(error),
            was_sent: true,
        })
    }
}

/// An answer that its reader refuses.
fn too_large(what: &str, most: usize) -> ActionError {
    const MEGABYTE: usize = 1024 * 1024;
    let most = if most >= MEGABYTE { format!("{} MiB", most / MEGABYTE) } else { format!("{most} bytes") };
    ActionError::rejected(format!("{what} gave an answer of more than {most}, which is refused"))
}

/// Part of the message of every error for which no connection was made. Code that rewords such an error must keep it.
pub const NO_CONNECTION: &str = "could not connect";

/// Whether an error's message says that no connection was made, so that nothing was sent.
pub fn is_no_connection(words: &str) -> bool {
    words.contains(NO_CONNECTION)
}

/// Why no whole answer came, with the whole chain of causes but without the address: its query is not for logs.
pub(crate) fn no_answer(timeout: Duration, what: &str, auth: &Auth, error: &reqwest::Error) -> Failure {
    if error.is_timeout() && !error.is_connect() {
        let seconds = timeout.as_secs_f64();
        let late = ActionError::unavailable(format!("{what} gave no whole answer within {seconds} s"));
        return Failure::unanswered(late);
    }
    let problem = match error {
        error if error.is_connect() => NO_CONNECTION,
        error if error.is_body() || error.is_decode() => "broke off in the middle of its answer",
        _ => "gave no answer",
    };
    let mut cause = error.source();
    let mut deepest = String::new();
    while let Some(current) = cause {
        deepest = current.to_string();
        cause = current.source();
    }
    let reason = if deepest.is_empty() { String::new() } else { format!(": {}", auth.quote(&deepest)) };
    let failure = Failure::from(ActionError::unavailable(format!("{what} {problem}{reason}")));
    Failure { was_sent: !error.is_connect(), ..failure }
}
