//! Linear as a tracker, through its [GraphQL API](https://linear.app/developers/graphql) with an API key.
//!
//! - A team's key is the project's key: `ENG` of `ENG-7`. A team's workflow states are its statuses.
//! - Text is Markdown in both directions.
//! - Linear takes the ID of what it creates from us. A ticket and a comment have an ID made from their mark, so that a repeat asks for
//!   exactly that one. Nothing is searched, and nothing is polled.
//! - Linear has no types of tickets and no epics: an epic is the parent of its tickets.
//!
//! Linear reports most errors in the field `errors` of an answer, with status 200 or 400; they become errors of the kind that their
//! code means.

mod comments;
mod fields;
mod graphql;
mod limits;
mod linear;
mod links;
mod mark;
mod permissions;
mod plan;
mod refusals;
mod settings;
mod setup;
mod spec;
mod states;
mod tickets;
mod uploads;

pub use limits::LIMITS;
pub use linear::{Credentials, Linear};
pub use mark::id_of;
pub use settings::Settings;
pub use spec::SPEC;
