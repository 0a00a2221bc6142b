//! Agents' sessions: a conversation with a model that works on a copy of a repository through tools, turn by turn.
//!
//! | file | holds |
//! |---|---|
//! | `attachments` | the files that are attached to the ticket, read within bounds |
//! | `linked` | the files that people link in what they say |
//! | `listed` | both before they are read, with the service to read them from |
//! | `started` | what started the work, whose links are followed |
//! | `shown_files` | both as the agent is shown them |
//! | `opening` | what a session begins with: the ticket, the repository's instructions, the repository |
//! | `guides` | the repository's instructions for agents, and when those of a folder join a result |
//! | `branching` | the branch to work on if the one that is asked for has had its pull request |
//! | `continuing` | another round of a session that worked on the branch before |
//! | `import` | the contents of the repository, kept so that tools need no credentials |
//! | `generation` | the beginning of a generation: its fixed part and the first message |
//! | `thinking` | the model's next reply |
//! | `tools` | the results of its calls |
//! | `repetition` | whether it goes round in circles |
//! | `answering` | a person's answer, and the files that it asked for |
//! | `cut_short` | what becomes of it when money runs out |
//! | `checking` | the results of the project's own checks |
//! | `words` | messages from people while the agent works |
//! | `work`, `kept`, `overlay` | a session as it is read and written, and its stored parts |
//! | `reviewing` | a pull request in the first message |
//! | `report`, `view` | the outputs of the session's actions; the session as people see it |
//!
//! An invocation may be killed at any point and repeated. Each part decides by the head what is due, does nothing if it is not its turn,
//! and writes all that it leads to in one transaction, made to the version of the head that it read.

mod answering;
mod attachments;
mod branching;
mod checking;
mod continuing;
mod cut_short;
mod generation;
mod guides;
mod import;
mod kept;
mod linked;
mod listed;
mod opening;
mod overlay;
mod repetition;
mod report;
mod reviewing;
mod shown_files;
mod started;
mod thinking;
mod tools;
mod view;
mod words;
mod work;

pub use answering::{answer, load_paths};
pub use checking::run_checks;
pub use cut_short::standing;
pub(crate) use import::Commit;
pub use kept::{Prefix, Said, SessionState};
pub use opening::{NewSession, open};
pub use report::Report;
pub use thinking::think;
pub use tools::run_tools;
pub use view::{FileView, SessionView, view};
