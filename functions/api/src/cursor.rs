//! Cursors: where the next page of a list begins. They are sealed, and bound to their query: a position names what the page ended with, which
//! may be something that whoever asks may not see, and no position that we have not given out is read from the records.

use crate::api::Api;
use crate::problem::{Code, Problem};
use sign_in::{SessionKeys, seal, unseal};

/// The cursor of a position in the list that a query asks for; `None` where nothing follows.
///
/// # Errors
/// Unavailable where something follows and there is nothing to seal it with.
pub(crate) async fn of(
    api: &Api,
    query: &[&str],
    position: Option<String>,
) -> Result<Option<String>, Problem> {
    let Some(position) = position else { return Ok(None) };
    let sealed = seal(&keys(api).await?, query, &position, api.clock.now());
    sealed.map(Some).ok_or_else(unavailable)
}

/// The position in the list that a query asks for; `None` where the request has no cursor.
///
/// # Errors
/// Invalid where the cursor is none of ours, or that of another query; unavailable where that cannot be told.
pub(crate) async fn position(
    api: &Api,
    query: &[&str],
    cursor: Option<&str>,
) -> Result<Option<String>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let position = unseal(&keys(api).await?, query, cursor, api.clock.now());
    position.map(Some).ok_or_else(|| {
        Problem::invalid_field(
            "cursor",
            "this cursor is not of this query, or is older than half a day; accepted: `next` of a page of the same query, with the same \
             filters",
        )
    })
}

async fn keys(api: &Api) -> Result<SessionKeys, Problem> {
    api.keys.current().await.map_err(|_| unavailable())
}

fn unavailable() -> Problem {
    Problem::new(Code::Unavailable, "a list has no further pages now: the keys that seal cursors are missing")
}
