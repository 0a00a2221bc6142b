//! Lists that a service answers with page by page.

use crate::failure::Failure;
use domain::ActionError;
use std::fmt;

/// One page of a list.
#[derive(Debug)]
pub struct Page<T, C> {
    /// Its items.
    pub items: Vec<T>,
    /// The position of the next page: a number, an offset, a cursor, a token or an address; `None` at the end.
    pub next: Option<C>,
    /// The size of the answer that it was read from, in bytes.
    pub bytes: usize,
}

/// Reads a list page by page, up to limits that no list in order reaches.
#[derive(Debug, Clone)]
pub struct Pages {
    what: String,
    most_pages: usize,
    most_items: usize,
    most_bytes: usize,
}

/// Why a list was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PagesError {
    /// It has more pages than are read.
    TooManyPages(String, usize),
    /// It has more items than are read.
    TooManyItems(String, usize),
    /// Its answers are larger than are read, in bytes.
    TooManyBytes(String, usize),
    /// A page names itself as the next page.
    Repeats(String),
}

impl fmt::Display for PagesError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyPages(what, most) => write!(formatter, "{what}: there are more than {most} pages"),
            Self::TooManyItems(what, most) => write!(formatter, "{what}: there are more than {most} items"),
            Self::TooManyBytes(what, most) => {
                write!(formatter, "{what}: the list is larger than {} MiB", most / (1024 * 1024))
            }
            Self::Repeats(what) => {
                write!(formatter, "{what}: the service names the same next page again and again")
            }
        }
    }
}

impl std::error::Error for PagesError {}

impl From<PagesError> for ActionError {
    fn from(error: PagesError) -> Self {
        match error {
            PagesError::Repeats(_) => Self::unavailable(error.to_string()),
            _ => Self::rejected(error.to_string()),
        }
    }
}

impl From<PagesError> for Failure {
    fn from(error: PagesError) -> Self {
        ActionError::from(error).into()
    }
}

impl Pages {
    /// A list that errors name as `what`: `GitHub's comments on acme/shop#1`. At most 500 pages, 50,000 items and 256 MiB of it
    /// are read.
    pub fn of(what: impl Into<String>) -> Self {
        Self { what: what.into(), most_pages: 500, most_items: 50_000, most_bytes: 256 * 1024 * 1024 }
    }

    /// Reads at most this many pages.
    pub fn most_pages(self, most_pages: usize) -> Self {
        Self { most_pages, ..self }
    }

    /// Reads at most this many items.
    pub fn most_items(self, most_items: usize) -> Self {
        Self { most_items, ..self }
    }

    /// Reads at most this many bytes.
    pub fn most_bytes(self, most_bytes: usize) -> Self {
        Self { most_bytes, ..self }
    }

    /// The first `wanted` item, reading no page after its own. `first` is the beginning of the list, and `load` reads
    /// the page there.
    ///
    /// # Errors
    /// The result of `load`; [`PagesError`] when a limit is reached or a page names itself as the next one.
    pub async fn find<
        T,
        C: Clone + PartialEq,
        E: From<PagesError>,
        F: Future<Output = Result<Page<T, C>, E>>,
    >(
        &self,
        first: C,
        load: impl FnMut(C) -> F,
        mut wanted: impl FnMut(&T) -> bool,
    ) -> Result<Option<T>, E> {
        let mut found = None;
        self.read(first, load, |items| {
            found = items.into_iter().find(|item| wanted(item));
            found.is_none()
        })
        .await?;
        Ok(found)
    }

    /// The first `limit` items, reading no unneeded page. `first` and `load` are as for [`Pages::find`].
    ///
    /// # Errors
    /// As [`Pages::find`].
    pub async fn collect<
        T,
        C: Clone + PartialEq,
        E: From<PagesError>,
        F: Future<Output = Result<Page<T, C>, E>>,
    >(
        &self,
        first: C,
        limit: usize,
        load: impl FnMut(C) -> F,
    ) -> Result<Vec<T>, E> {
        let mut all = Vec::new();
        self.read(first, load, |items| {
            all.extend(items);
            all.len() < limit
        })
        .await?;
        all.truncate(limit);
        Ok(all)
    }

    /// Reads pages as long as `take` asks for more.
    async fn read<T, C: Clone + PartialEq, E: From<PagesError>, F: Future<Output = Result<Page<T, C>, E>>>(
        &self,
        first: C,
        mut load: impl FnMut(C) -> F,
        mut take: impl FnMut(Vec<T>) -> bool,
    ) -> Result<(), E> {
        let (mut items, mut bytes) = (0_usize, 0_usize);
        let mut read = vec![first];
        while let Some(at) = read.last().cloned() {
            let page = load(at).await?;
            items += page.items.len();
            bytes += page.bytes;
            let more = take(page.items);
            let Some(next) = page.next.filter(|_| more) else { return Ok(()) };
            let what = || self.what.clone();
            if read.contains(&next) {
                return Err(PagesError::Repeats(what()).into());
            }
            if read.len() >= self.most_pages {
                return Err(PagesError::TooManyPages(what(), self.most_pages).into());
            }
            if items >= self.most_items {
                return Err(PagesError::TooManyItems(what(), self.most_items).into());
            }
            if bytes >= self.most_bytes {
                return Err(PagesError::TooManyBytes(what(), self.most_bytes).into());
            }
            read.push(next);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;
    use futures::FutureExt;
    use std::future::ready;

    /// A list of the numbers up to `end`, ten on a page, and the pages that were asked for.
    fn numbers(pages: &Pages, end: usize, wanted: usize) -> (Result<Option<usize>, ActionError>, Vec<usize>) {
        let mut asked = Vec::new();
        let load = |at: usize| {
            asked.push(at);
            let items: Vec<_> = (at..end.min(at + 10)).collect();
            ready(Ok::<_, ActionError>(Page { next: (at + 10 < end).then_some(at + 10), items, bytes: 100 }))
        };
        let found = pages.find(0, load, |number| *number == wanted).now_or_never().unwrap();
        (found, asked)
    }

    #[test]
    fn a_list_is_read_until_something_is_found_or_it_ends() {
        let pages = Pages::of("numbers");
        assert_eq!(numbers(&pages, 95, 17), (Ok(Some(17)), vec![0, 10]));
        let (found, asked) = numbers(&pages, 95, 1_000);
        assert_eq!((found, asked.len()), (Ok(None), 10));
        assert_eq!(numbers(&pages, 0, 1), (Ok(None), vec![0]));
    }

    #[test]
    fn no_page_is_read_that_is_not_needed() {
        let mut asked = 0;
        let load = |at: usize| {
            asked += 1;
            ready(Ok::<_, ActionError>(Page { items: vec![at; 10], next: Some(at + 1), bytes: 1 }))
        };
        let items = Pages::of("numbers").collect(0, 15, load).now_or_never().unwrap().unwrap();
        assert_eq!((items.len(), asked), (15, 2));
    }

    #[test]
    fn a_list_without_an_end_is_named() {
        let check = |pages: Pages, words: &str| {
            let error = numbers(&pages, 1_000_000, usize::MAX).0.unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Rejected, words));
        };
        check(Pages::of("numbers"), "numbers: there are more than 500 pages");
        check(Pages::of("numbers").most_pages(3), "numbers: there are more than 3 pages");
        check(Pages::of("numbers").most_items(45), "numbers: there are more than 45 items");
        check(Pages::of("numbers").most_bytes(450), "numbers: the list is larger than 0 MiB");
    }

    #[test]
    fn a_cursor_that_comes_back_ends_it() {
        let load = |at: usize| {
            ready(Ok::<_, ActionError>(Page { items: vec![0], next: Some((at + 1) % 3), bytes: 1 }))
        };
        let error = Pages::of("numbers").collect(0, 100, load).now_or_never().unwrap().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains("same next page"), "{error}");
    }
}
