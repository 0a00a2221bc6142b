//! Edits of a repository's files: a model's requests, their checks against the files it saw, and the resulting commit.
//!
//! Everything here is pure: contents come in, contents go out. Every action that edits files goes through [`Ground::apply`] or
//! checks its input with [`check_path`], [`path_problems`] and [`ProtectedPaths`]. An agent that works in turns changes a
//! [`Workspace`] with its tools, whose [`definitions`] a model is shown.
//!
//! **Text has a form.** Line endings, the final newline and a byte-order mark belong to the file, not to the model: a model sees
//! and writes text with only LF, and [`Text`] restores each file's form.
//!
//! **Paths have an identity.** Two paths that differ in case or in the composition of their characters are one file on many
//! machines, so [`path_identity`] makes them equal. Names that Windows cannot check out are not created, and `.git` is found in every
//! disguise that a file system sees through.

mod added_secrets;
mod agent_paths;
mod changes;
mod code_owners;
mod diff;
mod edit;
mod file_edit;
mod globs;
mod ground;
mod identity;
mod ignored_paths;
mod merge;
mod moved;
mod names;
mod numbers;
mod path;
mod protected_paths;
mod review;
mod rules;
mod secret_problems;
mod secrets;
mod shown;
mod state;
mod text;
mod tool_set;
mod tools;
mod tree;
mod workspace;

pub use added_secrets::{added_secrets, suspicious};
pub use agent_paths::AgentPaths;
pub use changes::check_changes;
pub use code_owners::CodeOwners;
pub use diff::{DiffFile, DiffLine, Side};
pub use edit::{Edit, Operation, Replacement};
pub use file_edit::{Edits, FileEdit, MovedContent, content_sha256};
pub use ground::Ground;
pub use identity::path_identity;
pub use ignored_paths::IgnoredPaths;
pub use merge::merge;
pub use moved::without_needless_ids;
pub use path::check_path;
pub use protected_paths::{ProtectedPaths, protected_path_problems};
pub use review::{Review, ReviewSubject, ThreadAnswer};
pub use secret_problems::secret_problems;
pub use secrets::{FoundSecret, new_secrets, secrets_in, without_secrets};
pub use shown::{Unshown, is_named_as_binary, shown_text};
pub use state::{Change, ChangedContent, PlanItem, PlanStatus, WorkspaceState};
pub use text::Text;
pub use tool_set::{FileAccess, ToolSet};
pub use tools::{
    Finish, MOST_CHARACTERS, Outcome, PROPOSE_PLAN, Question, RUN_CHECKS, ToolEnd, definitions, tool_names,
};
pub use tree::path_problems;
pub use workspace::{Base, Contents, Workspace};
