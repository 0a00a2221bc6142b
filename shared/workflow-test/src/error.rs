//! Why a test file could not be run.

use workflow::Diagnostic;

/// Why a test file could not be run.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The file is wrong; here is every mistake in it.
    #[error("the test file has {} error(s)", .0.len())]
    Wrong(Vec<Diagnostic>),
    /// The workflow has errors, so there is nothing to run.
    #[error("the workflow does not compile")]
    NotCompiled,
    /// An execution did not end within five minutes on the wall clock.
    #[error("the execution does not end")]
    Endless,
    /// The engine failed or refused the definition.
    #[error("{0}")]
    Engine(String),
}

impl TestError {
    pub(crate) fn engine(error: impl std::fmt::Display) -> Self {
        Self::Engine(error.to_string())
    }
}
