//! Lists that GitHub numbers the pages of.

use domain::ActionError;
use http_client::{Answer, Page};
use serde::de::DeserializeOwned;

/// As many items on a page as GitHub gives.
pub(crate) const PER_PAGE: usize = 100;

/// Reads the page of this number. The last page is the first that is not full.
pub(crate) fn numbered<T: DeserializeOwned>(
    answer: &Answer,
    number: usize,
) -> Result<Page<T, usize>, ActionError> {
    let items: Vec<T> = answer.json()?;
    Ok(Page { next: (items.len() >= PER_PAGE).then_some(number + 1), items, bytes: answer.size() })
}
