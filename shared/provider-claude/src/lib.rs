//! Claude as a language model, through the [Messages API](https://platform.claude.com/docs/en/api/messages).
//!
//! Its own types are written here: there is no official library for Rust, and two endpoints are needed. A reply may take ten minutes unless the client's options say otherwise.

mod claude;
mod permissions;
mod reply;
mod request;
mod settings;
mod setup;
mod spec;
mod stream;

pub use claude::{Claude, Credentials};
pub use settings::Settings;
pub use spec::SPEC;
