//! Runs a project's own checks on this machine: a [`CheckRunner`](domain::CheckRunner) that isolates commands with bubblewrap.
//!
//! | file | holds |
//! |---|---|
//! | `isolation` | whether this machine can isolate commands, and what to do if not |
//! | `arguments` | the view and permissions of a sandbox, as arguments of `bwrap` |
//! | `layout` | files for a sandbox, and folders that are removed whatever their content |
//! | `output` | the end of the commands' output |
//! | `running` | one sandbox from its start to its end |
//! | `set_ups` | what `setup` made, kept by a key |
//! | `sandbox` | the runner |
//!
//! A sandbox lives in one folder, which only the user that it runs as can read, and in the memory of the machine. It ends with the process that
//! started it, even when that is killed, and the folder is removed at the next start at the latest.

mod arguments;
mod isolation;
mod layout;
mod output;
mod running;
mod sandbox;
mod set_ups;

pub use isolation::{Isolation, NotIsolated};
pub use layout::remove;
pub use sandbox::Sandbox;
