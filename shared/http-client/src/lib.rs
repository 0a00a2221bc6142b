//! The one HTTP client that every provider uses.
//!
//! It adds to [`reqwest`] what all of them need: explicit timeouts, credentials that cannot be printed, a limit on the
//! size of answers, statuses and `Retry-After` read as [`ActionError`](domain::ActionError), and logs without queries,
//! bodies or secrets. It does not retry by itself: a failed action is retried by its workflow, which knows what
//! may run twice. Only [`Request::send_settled`] repeats requests that a service refused because they came too early. It follows
//! redirects only to the same origin, and those of downloads elsewhere without credentials, so that these never reach another host.
//!
//! ```no_run
//! # async fn example() -> Result<(), domain::ActionError> {
//! use http_client::{Auth, Client, Options};
//!
//! let options = Options::new()?;
//! let client = Client::new("Jira", "https://acme.atlassian.net", Auth::None, &options)?;
//! let answer = client.get("/rest/api/3/issue/{key}", &["SHOP-1"]).query("fields", "summary").send().await?;
//! let issue: serde_json::Value = answer.json()?;
//! # Ok(())
//! # }
//! ```

use domain::text::{TextLimit, cut_line, is_hidden};

mod answer;
mod auth;
mod client;
mod credentials;
mod failure;
mod gate;
mod inner;
mod options;
mod pages;
mod path;
mod pause;
mod reading;
mod redact;
mod redirect;
mod request;
mod retry_after;
mod server_sent_events;
mod settle;
mod sign;
mod web_socket;

pub use answer::Answer;
pub use auth::Auth;
pub use client::{Client, Judge, check_base_url, check_endpoint};
pub use credentials::read_credentials;
pub use failure::{Failure, Optional};
pub use gate::{Gate, Reply};
pub use inner::is_on_this_machine;
pub use options::{Observer, Options};
pub use pages::{Page, Pages, PagesError};
pub use pause::Pause;
pub use reading::{NO_CONNECTION, is_no_connection};
pub use redact::redact;
pub use request::Request;
pub use server_sent_events::ServerSentEvents;
pub use sign::{Signer, Unsigned};
pub use web_socket::{Incoming, WebSocket};

/// An excerpt of outside text that is safe in an error: one line, at most 500 characters.
pub fn excerpt(text: &str) -> String {
    const LONGEST: TextLimit = TextLimit::characters(500);
    let plain: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    cut_line(&plain, LONGEST)
}
