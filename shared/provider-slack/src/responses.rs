//! Answers at the address that Slack gives for a command or a button:
//! <https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses>.

use crate::limits;
use crate::messages::content;
use crate::mrkdwn::mrkdwn_from_markdown;
use crate::slack::Slack;
use domain::ActionError;
use domain::text::{CUT, cut};
use http_client::{Auth, Client};

impl Slack {
    /// Shows an answer to the person alone, below the message that they answered, which stays. The address knows whom it is for; the token
    /// is not sent there.
    pub(crate) async fn post_response(&self, address: &str, markdown: &str) -> Result<(), ActionError> {
        let client = Client::new("Slack", address, Auth::None, &self.options)
            .map_err(|_| ActionError::rejected("Slack: the response_url is not an https address"))?;
        let text = mrkdwn_from_markdown(&cut(markdown, limits::MESSAGE, CUT));
        let mut body = content(&text, &[], limits::MESSAGE);
        body["response_type"] = "ephemeral".into();
        body["replace_original"] = false.into();
        client.post("", &[]).json(&body).send().await?;
        Ok(())
    }
}
