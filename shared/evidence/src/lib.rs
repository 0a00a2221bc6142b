//! How a pull request came about, as a signed [in-toto statement](https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md)
//! over its commit.
//!
//! | file | purpose |
//! |---|---|
//! | `statement` | the statement: a subject, which is the commit, and our own predicate |
//! | `envelope` | the [DSSE](https://github.com/secure-systems-lab/dsse) envelope: signing and verifying |
//! | `signature` | the one form of a signature that is accepted |
//! | `public_key`, `signing_key` | keys on the curve P-256, as a KMS key or a file holds them |
//!
//! This crate does no I/O. `events` collects the facts and has them signed; the command line verifies them without a network.

mod envelope;
mod public_key;
mod signature;
mod signing_key;
mod statement;

pub use envelope::{Refusal, Unsigned, verify};
pub use public_key::{PublicKey, PublicKeyError};
pub use signing_key::{SigningKey, SigningKeyError};
pub use statement::{
    Agent, Approval, Chain, Check, Commit, Execution, InForce, PREDICATE_TYPE, Person, Predicate,
    PullRequest, STATEMENT_TYPE, Statement, Step, Subject, Workflow,
};
