//! How a page looks, by which one that people have changed is told from one that nobody has.

use domain::ActionError;
use domain::plugins::{Documentation, PageContent};
use serde_json::json;
use sha2::{Digest, Sha256};

/// What parts of a page say, as a digest.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut digest = hex::encode(Sha256::digest(json!(parts).to_string().as_bytes()));
    digest.truncate(32);
    digest
}

/// How a page looks, as a digest: people who change it change this.
pub(crate) fn look(content: &PageContent) -> String {
    digest(&[&content.title, &content.source])
}

/// How a page looks that was just written; the wiki may keep a text in another form than it was given.
///
/// # Errors
/// The wiki's errors.
pub(crate) async fn look_of(wiki: &dyn Documentation, page_id: &str) -> Result<String, ActionError> {
    Ok(look(&wiki.get_page(page_id).await?))
}

/// That a page has another look than it was left with.
pub(crate) fn was_changed(page_id: &str) -> ActionError {
    ActionError::conflict(format!(
        "the page {page_id} was changed by somebody after it was written, so it stays as it is"
    ))
}
