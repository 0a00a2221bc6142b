//! The framework for functions: what every function needs before its own work begins.
//!
//! A crate in `functions/` provides a [`FunctionSpec`] for each Lambda function that its executable serves, and a type that
//! implements [`Function`]. Everything else is derived from the specification: how `serve` starts it, how it is packaged and
//! deployed, what its role allows, and where its logs are. Its `main` is one call into [`lambda`].
//!
//! ```no_run
//! # fn functions() -> Vec<runtime::FunctionSpec> { Vec::new() }
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), runtime::lambda::Error> {
//!     runtime::lambda::run_documents(&functions()).await
//! }
//! ```

mod environment;
mod evidence_key;
mod function;
pub mod lambda;
mod news;
mod secrets;
mod services;
mod timeouts;

pub use environment::{VariableError, Variables};
pub use evidence_key::EvidenceKey;
pub use function::{Connect, Function, FunctionSpec, SecretUse, SocketUse, Source, StepFunctionsOperation};
pub use news::News;
pub use secrets::{SecretError, Secrets, secrets_changed};
pub use services::Services;
pub use timeouts::Timeouts;
