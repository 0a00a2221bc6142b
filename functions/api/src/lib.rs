//! The API, `/api/v1`: the requests that people and machines can send to Ticketsmith, for the command line, dashboards and other clients.
//!
//! Every decision is made by the crate `control`. This crate reads requests strictly, finds out who sends them, and presents results. It
//! records what people want; `events` carries it out, so the API can neither answer a task token nor stop an execution.
//!
//! | file | purpose |
//! |---|---|
//! | `routes`, `routes/*` | the endpoints: one file for each resource, registered by one line |
//! | `identity`, `identity/*` | who sends a request: one file for each kind of credential, registered by one line |
//! | `audit` | records of who changes what |
//! | `elsewhere`, `pages`, `cookies` | signing in by a browser |
//! | `caller` | the extractor of the caller, and what they may see |
//! | `body`, `strict_json`, `contract` | bodies: JSON without surprises, checked against the schemas of the contract |
//! | `query`, `segments`, `cursor`, `id` | other parts of a request |
//! | `entity_tag` | states of things, and requests that change only the state that was seen |
//! | `idempotency`, `idempotency_key` | repeated requests |
//! | `problem` | refusals, RFC 9457 |
//! | `frame` | request ids, foreign hosts and origins, bugs |
//! | `socket`, `socket_tickets`, `socket_places`, `wanted` | frames pushed by `serve`: tickets, who has how many sockets, what is followed, the socket |
//! | `gateway_sockets` | lets readers in at an account's gateway, in a function of its own |
//! | `openapi` | the contract |

mod api;
mod audit;
mod body;
mod caller;
mod contract;
mod cookies;
mod cursor;
mod elsewhere;
mod endpoints;
mod entity_tag;
mod frame;
mod function;
mod gateway_sockets;
mod id;
mod idempotency;
mod idempotency_key;
mod identity;
mod openapi;
mod pages;
mod problem;
mod query;
#[cfg(test)]
mod reference;
mod router;
mod routes;
mod segments;
mod socket;
mod socket_places;
mod socket_tickets;
mod strict_json;
mod task_record;
mod wanted;

pub use api::Api;
pub use caller::Caller;
pub use frame::{Hosts, only_for};
pub use function::functions;
pub use gateway_sockets::GatewaySockets;
pub use identity::{Credential, Identify, Identity};
pub use openapi::openapi;
pub use problem::{Code, InvalidField, Problem};
pub use router::router;
