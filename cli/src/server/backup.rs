//! The engine's part of a backup: only the engine may read its log while it runs.

use super::aws_error::AwsError;
use super::data_folder::{DataFolder, write_private};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use engine::Engine;

/// Where `ticketsmith backup` asks for the copy.
pub(crate) const PATH: &str = "/backup/engine";

/// What to copy, and where it ends up.
#[derive(Clone)]
pub(crate) struct EngineCopy {
    /// The engine.
    pub(crate) engine: Engine,
    /// The folder.
    pub(crate) folder: DataFolder,
}

impl EngineCopy {
    /// Copies the log to [`DataFolder::engine_copy`], in place of an earlier copy.
    pub(crate) async fn make(&self) -> Response {
        let target = self.folder.engine_copy();
        // Empty and private before anything is in it.
        let made = match write_private(&target, b"") {
            Ok(()) => self.engine.copy_log(&target).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match made {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(error) => AwsError::new(500, "InternalServerError", &error).into_response(),
        }
    }
}
