//! Pages of lists.

use crate::cursor;
use serde::Serialize;
use utoipa::ToSchema;

/// Some items of a list, in its order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// At most 100. There may be fewer than asked for, or none, although more follow.
    #[schema(max_items = 100)]
    pub(crate) items: Vec<T>,
    /// Where the next page begins: to be sent as `cursor` with the same filters. Absent at the end of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// Items of the list that a query asks for; the next page begins at a position.
    pub(crate) fn new(items: Vec<T>, query: &[&str], next: Option<String>) -> Self {
        Self { items, next: next.map(|position| cursor::encode(query, &position)) }
    }
}
