//! Confluence Cloud as a wiki, through its
//! [REST API v2](https://developer.atlassian.com/cloud/confluence/rest/v2/).
//!
//! Pages are written in the [storage format](https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html)
//! from Markdown by [`storage_from_markdown`]. A page carries its mark as an anchor at its end, which people do not see: it is
//! made by the same request as the page, as a content property could not be, so no page of ours is ever without one. It is
//! found again by space and title.

mod confluence;
mod limits;
mod markdown;
mod pages;
mod permissions;
mod settings;
mod setup;
mod spec;
mod storage;

pub use confluence::{Confluence, Credentials};
pub use limits::LIMITS;
pub use settings::Settings;
pub use spec::SPEC;
pub use storage::storage_from_markdown;
