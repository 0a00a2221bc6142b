//! Webhooks: `POST /webhooks/{instance}`, where an instance has the sender's own name unless the configuration names it otherwise.
//!
//! A delivery is verified, parsed and handled with the operations of the crate `control`.
//! Because strangers can reach this function, it does not use providers' APIs, hold their tokens or call models.
//! The same router runs in Lambda and in `ticketsmith serve`.
//!
//! | request | response |
//! |---|---|
//! | a valid delivery, whether or not it has an effect | 200, with its outcome |
//! | a body that does not match its sender's documentation | 400 |
//! | a missing or wrong signature, or one outside the replay window | 401 |
//! | an unknown instance, or one whose provider sends no webhooks | 404 |
//! | a method other than POST | 405 |
//! | a body that does not arrive within ten seconds | 408 |
//! | a body over 25 MiB | 413 |
//! | any, while the records or the signing secrets are not available, or too many bodies arrive | 503: the delivery was not accepted |
//! | any that hits a bug | 500; the process keeps running |

mod account;
mod account_request;
mod act;
mod address;
mod answer;
mod answer_context;
mod awaited;
mod bodies;
mod bounds;
mod button;
mod command;
mod command_answer;
mod decided;
mod endpoint;
mod fetched;
mod function;
mod given_files;
mod help;
mod mention;
mod other_ticket;
mod pull_request_named;
mod question;
mod receive;
mod revision;
mod secrets;
mod seldom;
mod senders;
mod several;
mod slash;
mod spoken;
mod steering;
mod tell;
mod thanks;
mod thread;
mod typed_ticket;
mod undo_preview;
mod wish;
mod words;

pub use function::functions;
pub use receive::Webhooks;
pub use secrets::{signing_entry_problem, signing_problem};
pub use senders::{ALL as SENDERS, SenderSpec, events, signing_form};
