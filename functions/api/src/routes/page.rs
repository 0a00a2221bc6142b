//! Pages of lists.

use crate::api::Api;
use crate::cursor;
use crate::problem::Problem;
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
    ///
    /// # Errors
    /// As [`cursor::of`].
    pub(crate) async fn new(
        api: &Api,
        items: Vec<T>,
        query: &[&str],
        next: Option<String>,
    ) -> Result<Self, Problem> {
        Ok(Self { items, next: cursor::of(api, query, next).await? })
    }
}

/// Of things that have names the first `limit` behind a name, in the order of their names, and the position of the next page.
pub(crate) fn by_name<I, T>(
    all: &[I],
    name: impl Fn(&I) -> &str,
    limit: usize,
    after: Option<&str>,
    show: impl Fn(&I) -> T,
) -> (Vec<T>, Option<String>) {
    let mut page: Vec<&I> = all.iter().filter(|item| after.is_none_or(|after| name(item) > after)).collect();
    page.sort_unstable_by(|one, other| name(one).cmp(name(other)));
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(|item| name(item).to_owned());
    (page.into_iter().map(show).collect(), next)
}
