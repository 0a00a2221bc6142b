//! Requests that come too early: a new object is not visible everywhere at once.

use crate::answer::Answer;
use crate::failure::Failure;
use crate::request::Request;
use std::time::Duration;

/// The pauses before further attempts, seven seconds in total. Services usually take one or two.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

impl Request<'_> {
    /// Sends the request like [`Request::send`], and again after 1, 2 and 4 seconds while its failure `is_early`: when it says that
    /// something is not there which may have been made a moment ago. Only for refusals, after which nothing was done.
    ///
    /// # Errors
    /// The failure of the last try.
    pub async fn send_settled(
        self,
        is_early: impl Fn(&Failure) -> bool + Send + Sync,
    ) -> Result<Answer, Failure> {
        for pause in PAUSES {
            match self.clone().send().await {
                Err(failure) if is_early(&failure) => {
                    tracing::debug!(error = %failure.error, "too early; the request is sent again");
                    self.client.options.pause.pause(pause).await;
                }
                outcome => return outcome,
            }
        }
        self.send().await
    }
}
