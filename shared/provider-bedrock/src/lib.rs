//! Amazon Bedrock as a language model, through its
//! [Converse API](https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html): the models of many vendors, with the
//! account's own credentials.
//!
//! Its own types are written here, as for every model. AWS's client for Rust sorts the fields of a JSON document differently each time it writes
//! one, so that no prompt would be read from a cache, and it drops blocks that it does not know
//! (`docs/decisions/bedrock-without-its-client.md`). Signatures and event streams are read and written by AWS's own crates.

mod bedrock;
mod models;
mod permissions;
mod reply;
mod request;
mod settings;
mod setup;
mod spec;
mod stream;

pub use bedrock::Bedrock;
pub use settings::Settings;
pub use spec::SPEC;
