//! The log of what GitHub delivered to an App's webhook, or tried to. It is kept for three days, with the payloads.

use super::{Happened, keep, until};
use crate::app::Installation;
use crate::github::Github;
use crate::pages::PER_PAGE;
use crate::permissions::SUBSCRIBED;
use domain::ActionError;
use http_client::{Optional, Page, Pages};
use jiff::Timestamp;
use provider::Receiver;
use serde::Deserialize;
use serde_json::Value;

/// A separate place: the log does not belong to a repository.
const LOG: &str = "deliveries";

/// One attempt to deliver.
#[derive(Debug, Clone, Deserialize)]
struct Attempt {
    id: u64,
    /// The same when the delivery is attempted again.
    guid: String,
    delivered_at: Timestamp,
    event: String,
    #[serde(default)]
    installation_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Whole {
    request: Sent,
}

#[derive(Debug, Deserialize)]
struct Sent {
    payload: Value,
}

impl Github {
    /// Hands over the entries of the App's log for our installation.
    pub(super) async fn pull_log(
        &self,
        installation: &Installation,
        to: &dyn Receiver,
    ) -> Result<(), ActionError> {
        let mut place = self.place_of(LOG, to).await?;
        let from = place.from();
        let load = |cursor: String| async move {
            let proof = installation.proof(self.client.clock().now())?;
            let request = self.client.get("/app/hook/deliveries", &[]).bearer(proof);
            let request = request.query("per_page", PER_PAGE);
            let request = match cursor.is_empty() {
                true => request,
                false => request.query("cursor", cursor),
            };
            // An App without a webhook has no log.
            let Some(answer) = request.send().await.optional()? else {
                return Ok(Page { items: Vec::new(), next: None, bytes: 0 });
            };
            let next = answer.header("link").and_then(|link| next_cursor(&link));
            Ok(Page { items: answer.json()?, next, bytes: answer.size() })
        };
        let pages = Pages::of("GitHub's deliveries to the App");
        let attempts = until(pages, String::new(), load, |one: &Attempt| one.delivered_at < from).await?;
        let newest = attempts.iter().map(|attempt| attempt.delivered_at).max();
        let ours = |attempt: &Attempt| {
            attempt.installation_id.is_none_or(|id| installation.is(id))
                && SUBSCRIBED.iter().any(|(event, ..)| *event == attempt.event)
        };
        let mut happened: Vec<Happened> = Vec::new();
        for attempt in attempts.into_iter().filter(ours) {
            let known = happened.iter().any(|one| one.id == attempt.guid);
            if known || place.seen.contains_key(&attempt.guid) {
                continue;
            }
            let proof = installation.proof(self.client.clock().now())?;
            let id = attempt.id.to_string();
            let request = self.client.get("/app/hook/deliveries/{id}", &[&id]).bearer(proof);
            let whole: Whole = request.send().await?.json()?;
            happened.push(Happened {
                id: attempt.guid,
                at: attempt.delivered_at,
                event: attempt.event,
                payload: whole.request.payload,
            });
        }
        let handed = place.hand_over(happened, to).await;
        if let (Ok(()), Some(newest)) = (&handed, newest) {
            place.move_to(newest);
        }
        keep(LOG, &place, handed, to).await
    }
}

/// The cursor in the address of the next page.
fn next_cursor(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let (address, _) = next.trim().strip_prefix('<')?.split_once('>')?;
    let (_, query) = address.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("cursor=")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_of_the_next_page_is_in_its_address() {
        let link = r#"<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_17>; rel="next""#;
        assert_eq!(next_cursor(link), Some("v1_17".to_owned()));
        assert_eq!(next_cursor(r#"<https://api.github.com/x?cursor=v1_1>; rel="prev""#), None);
    }
}
