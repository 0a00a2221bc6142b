//! Requests to AWS services that a project uses in addition to the deployment's own: signed with the account's credentials
//! ([Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html)) and sent by [`http_client`], so that they
//! have the gate, the time limits and the errors of every other provider.
//!
//! The credentials are those that every program of AWS finds: a function's role in Lambda, else the environment, a profile, or the
//! machine's role. None of our secrets contains them.

mod account;
mod region;

pub use account::Account;
pub use region::{address, region};
