//! Edits of a repository's files: what a model may ask for, how it is checked against the files it saw, and what is committed.
//!
//! Everything here is pure: contents come in, contents go out. Every action that edits files goes through [`Ground::apply`] or
//! checks what it was given with [`check_path`] and [`ProtectedPaths`].

mod edit;
mod file_edit;
mod ground;
mod path;
mod protected_paths;

pub use edit::{Edit, Operation, Replacement};
pub use file_edit::{Edits, FileEdit, sha256};
pub use ground::Ground;
pub use path::check_path;
pub use protected_paths::ProtectedPaths;
