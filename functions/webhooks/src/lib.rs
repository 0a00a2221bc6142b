//! Webhooks: `POST /webhooks/{sender}`.
//!
//! A delivery is verified, parsed and acted upon by the operations of the crate `control`.
//! Nothing here knows a provider's API, holds a provider's token or calls a model: this is the function that strangers can
//! reach. The same router serves in Lambda and inside `ticketsmith serve`.
//!
//! | what arrives | answer |
//! |---|---|
//! | a delivery that starts something, changes nothing, or is none of ours | 200, with what became of it |
//! | a body that is not what its sender documents | 400 |
//! | a missing or wrong signature, or one outside the replay window | 401 |
//! | a sender we do not know | 404 |
//! | another method than POST | 405 |
//! | a body that does not arrive in ten seconds | 408 |
//! | more than 1 MiB | 413 |
//! | anything while the records or the signing secrets cannot be read or written | 503: the delivery was not accepted |
//! | a defect of ours | 500, without taking the process down |

mod act;
mod answer;
mod command;
mod command_answer;
mod function;
mod mention;
mod receive;
mod secrets;
mod senders;
mod slash;
mod words;

pub use function::functions;
pub use receive::Webhooks;
pub use senders::{ALL as SENDERS, SenderSpec, events, signing_form};
