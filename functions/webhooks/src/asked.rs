//! What people ask, and what the answer depends on.

use crate::address::Address;
use control::{Caller, Control};
use domain::routes::Routes;
use jiff::Timestamp;

/// What an answer depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) control: &'a Control,
    pub(crate) routes: &'a Routes,
    /// Who asks, and by which event.
    pub(crate) caller: Caller<'a>,
    pub(crate) address: Address<'a>,
    pub(crate) now: Timestamp,
}
