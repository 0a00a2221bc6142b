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

    /// Of named items, the first `limit` after a name, sorted by name.
    pub(crate) fn by_name<I>(
        all: &[I],
        name: impl Fn(&I) -> &str,
        limit: usize,
        after: Option<&str>,
        query: &[&str],
        show: impl Fn(&I) -> T,
    ) -> Self {
        let mut page: Vec<&I> =
            all.iter().filter(|item| after.is_none_or(|after| name(item) > after)).collect();
        page.sort_unstable_by(|one, other| name(one).cmp(name(other)));
        let more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().filter(|_| more).map(|item| name(item).to_owned());
        Self::new(page.into_iter().map(show).collect(), query, next)
    }
}
