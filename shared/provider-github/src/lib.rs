//! GitHub as code host and as tracker, through its [REST API](https://docs.github.com/en/rest).
//!
//! **Own types, no client library.** About twenty endpoints are used. The best library repeats a `POST` after a 502 by
//! itself, cannot express the deletion of a file in a tree (`sha: null`), and links a second cryptography library; each of
//! these would have to be worked around.
//!
//! **Who we are.** A token, or a [GitHub App](https://docs.github.com/en/apps) whose installation tokens are narrowed to one
//! repository and to the permissions that a [`RepositoryAccess`](domain::plugins::RepositoryAccess) names, and are kept until five minutes before they expire.
//!
//! **Commits** are made without cloning, by [Git data](https://docs.github.com/en/rest/git): a tree on top of the parent's, a
//! commit, and a branch that is moved only while it points to the parent. That and deleting a branch is GraphQL's `updateRefs`, since
//! the REST API moves a branch wherever it points. An App's commits carry no author, so that GitHub signs them; the person for whom
//! they are made is a co-author.
//!
//! **Just made.** GitHub does not show everywhere at once what was pushed or created. Refusals that say so are tried again for seven
//! seconds.
//!
//! **Marks** are in the bodies of pull requests, issues and comments as HTML comments that people do not see, and in commits
//! as the trailer `Ticketsmith-Mark`.
//!
//! **Checks** are check runs in their suites, and commit statuses. Why one failed is said by the log of its GitHub Actions job, else by its
//! own report: its output and annotations, or a status's description.
//!
//! **Issues as tickets.** A task's id is `owner/name#12`. GitHub has only open and closed; every other status is a label
//! `status: in review`, of which an issue has one at a time, and which is made when first used. `closed` and `done` close an issue
//! and take its status label away, `open` opens it again. A label `priority: high` is a priority. Types other than `Task`
//! become labels, and an epic and story points become lines of the body.

mod app;
mod attachments;
mod author;
mod branches;
mod checks;
mod claims;
mod co_author;
mod commits;
mod conversations;
mod credentials;
mod dependencies;
mod drafts;
mod failed_checks;
mod files;
mod files_at_once;
mod find_commit;
mod github;
mod harmless;
mod issue_reference;
mod issues;
mod limits;
mod mark;
mod moved;
mod own;
mod pages;
mod permissions;
mod pull;
mod pull_requests;
mod reaction;
mod references;
mod refusal;
mod repositories;
mod reverts;
mod review_threads;
mod reviews;
mod settings;
mod setup;
mod spec;
mod status;
mod upload_links;

pub use app::AppCredentials;
pub use credentials::Credentials;
pub use github::Github;
pub use limits::LIMITS;
pub use reaction::{Reaction, Subject};
pub use settings::Settings;
pub use spec::SPEC;
