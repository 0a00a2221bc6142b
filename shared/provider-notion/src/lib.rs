//! Notion as a wiki, through its [API](https://developers.notion.com/reference/intro) with the token of an internal integration.
//!
//! - A space is a page, under which pages are made: its ID or its address.
//! - Text is Notion's own Markdown in both directions, which the API takes and gives; there are no blocks to build.
//! - Pages have no hidden fields. A page ends with a gray line that holds its mark. It is found among the children of its parent, which are
//!   listed: Notion's search lags behind.
//! - Titles need not be unique: a second page of the same title is another page.

mod limits;
mod notion;
mod pages;
mod permissions;
mod reference;
mod settings;
mod setup;
mod spec;

pub use limits::LIMITS;
pub use notion::{Credentials, Notion};
pub use settings::Settings;
pub use spec::SPEC;
