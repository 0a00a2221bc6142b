//! GitLab as code host and as tracker, through its [REST API](https://docs.gitlab.com/api/rest/): GitLab.com, or a server of one's own.
//!
//! **Names.** A project is `group/sub/project`, up to 20 parts. Issues and merge requests are numbered apart, so a reference has a sign:
//! `group/project#12` is an issue, `group/project!12` a merge request.
//!
//! **Commits** are made without cloning, [in one request](https://docs.gitlab.com/api/commits/#create-a-commit-with-multiple-files-and-actions).
//! GitLab cannot make moving a branch conditional on where it points. The branch is read just before, each file that is changed or deleted
//! names the commit that it was last changed in, and the parent of the commit that was made is compared: if somebody pushed in between,
//! our commit is reverted at once, and theirs stays.
//!
//! **Taking back.** GitLab cannot move a branch back either, so a commit is taken back by another one that reverts it. A branch on which
//! only such pairs were added since a commit counts as unchanged since then. Between the last look and the deletion of a branch,
//! a push by somebody else would be lost; GitLab offers nothing against that.
//!
//! **Marks** are in descriptions and notes as HTML comments that people do not see, and in commits as the trailer `Ticketsmith-Mark`.
//! They count only on what our own account created.
//!
//! **Issues as tickets.** GitLab has only open and closed; every other status is a label `status::in review`, of which an issue has one at a
//! time. `closed` and `done` close an issue and take its status label away, `open` opens it again. A label `priority::high` is a priority.

mod account;
mod author;
mod branches;
mod checks;
mod claims;
mod co_author;
mod code_review;
mod commits;
mod files;
mod gitlab;
mod harmless;
mod issues;
mod limits;
mod links;
mod merge_requests;
mod merged_results;
mod notes;
mod own;
mod pages;
mod permissions;
mod projects;
mod reference;
mod refusal;
mod reverts;
mod reviews;
mod settings;
mod setup;
mod spec;
mod status;
mod taking_back;
mod uploads;

pub use gitlab::{Credentials, Gitlab};
pub use limits::LIMITS;
pub use settings::Settings;
pub use spec::SPEC;
