//! OpenAI as a language model, through the [Responses API](https://platform.openai.com/docs/api-reference/responses), and servers that
//! are compatible with its [Chat Completions API](https://platform.openai.com/docs/api-reference/chat).
//!
//! Nothing is stored at the service: reasoning comes back encrypted, and goes with the conversation as it came. Its own types are written
//! here: there is no official library for Rust, and three endpoints are needed.

mod chat;
mod chat_call;
mod chat_stream;
mod openai;
mod permissions;
mod reply;
mod request;
mod schema;
mod settings;
mod setup;
mod spec;
mod stream;

pub use openai::{Credentials, OpenAi};
pub use settings::{Api, Settings};
pub use spec::SPEC;
