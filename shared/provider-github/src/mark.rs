//! Marks in text that GitHub shows.

use crate::harmless;
use crate::limits;
use domain::plugins::Mark;

pub(crate) use provider::mark::{carries, marks_in, without_marks};

/// The text as GitHub may show it, with the mark at its end.
pub(crate) fn with_mark(markdown: &str, mark: &Mark) -> String {
    provider::mark::with_mark(&harmless::markdown(markdown), mark, limits::BODY)
}
