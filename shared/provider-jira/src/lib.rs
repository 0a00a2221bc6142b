//! Jira Cloud as a tracker, through its
//! [REST API v3](https://developer.atlassian.com/cloud/jira/platform/rest/v3/).
//!
//! - Text travels as the [Atlassian Document Format](https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/)
//!   and is Markdown everywhere else: [`markdown_from_document`] and [`document_from_markdown`].
//! - A comment carries its mark as a comment property, set by the request that makes the comment. A ticket carries its mark
//!   as a label, `ticketsmith-` and the mark's digest: Jira's search finds labels, but no issue property that no app declared.
//!   The search index follows a new ticket within seconds; a repeat sooner than that may not find it.
//! - A ticket waits for another by an issue link, of the type that the settings name.
//! - A status is changed by the first transition that leads to it. Where the workflow has none from the present status, the
//!   error lists the statuses that can be reached.

mod attachments;
mod claims;
mod comments;
mod document_to_markdown;
mod fields;
mod jira;
mod limits;
mod links;
mod markdown_to_document;
mod permissions;
mod plan;
mod settings;
mod setup;
mod spec;
mod tickets;
mod transitions;

pub use document_to_markdown::markdown_from_document;
pub use jira::{Credentials, Jira};
pub use limits::LIMITS;
pub use markdown_to_document::document_from_markdown;
pub use settings::Settings;
pub use spec::SPEC;
