//! A person's question, and the context of its answer.

use crate::address::Address;
use control::{Caller, Control};
use domain::routes::Routes;
use jiff::Timestamp;

/// The context of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerContext<'a> {
    pub(crate) control: &'a Control,
    pub(crate) routes: &'a Routes,
    /// The person who asks, and the event.
    pub(crate) caller: Caller<'a>,
    pub(crate) address: Address<'a>,
    pub(crate) now: Timestamp,
}
