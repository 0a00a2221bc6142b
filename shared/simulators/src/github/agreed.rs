//! The manifest of an App that a person agreed to make.

use super::access::Permissions;

/// A manifest that was agreed to. The code that stands for it counts once.
#[derive(Clone)]
pub(super) struct Agreed {
    pub(super) code: String,
    pub(super) permissions: Permissions,
    pub(super) events: Vec<String>,
    pub(super) hook: Option<String>,
}
