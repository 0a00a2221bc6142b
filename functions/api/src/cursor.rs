//! Cursors: where the next page of a list begins. They are sealed and bound to their query: a position names the last item of the page, which the
//! caller may not be allowed to see, and only positions that we issued are read from the records.

use crate::api::Api;
use crate::problem::{Code, Problem};
use sign_in::{SessionKeys, seal, unseal};

/// The cursor of a position in the list that a query asks for; `None` if nothing follows.
///
/// # Errors
/// Unavailable if something follows, but the keys that seal cursors are missing.
pub(crate) async fn of(
    api: &Api,
    query: &[&str],
    position: Option<String>,
) -> Result<Option<String>, Problem> {
    let Some(position) = position else { return Ok(None) };
    let sealed = seal(&keys(api).await?, query, &position, api.clock.now());
    sealed.map(Some).ok_or_else(unavailable)
}

/// The position in the list that a query asks for; `None` if the request has no cursor.
///
/// # Errors
/// Invalid if the cursor is not ours, is too old or belongs to another query; unavailable if it cannot be checked.
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
            "this cursor belongs to another query, or is older than half a day; accepted: `next` of a page of the same query, with the \
             same filters",
        )
    })
}

async fn keys(api: &Api) -> Result<SessionKeys, Problem> {
    api.keys.current().await.map_err(|_| unavailable())
}

fn unavailable() -> Problem {
    Problem::new(
        Code::Unavailable,
        "further pages of the list are not available now: the keys that seal cursors are missing",
    )
}
