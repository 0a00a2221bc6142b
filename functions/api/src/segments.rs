//! The variable parts of a path.

use crate::api::Shared;
use crate::problem::Problem;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The variable parts of a path, percent-decoded. Parts that are not valid text match nothing.
#[derive(Debug)]
pub(crate) struct Segments<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Shared> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(head, api).await {
            Ok(Path(parts)) => Ok(Self(parts)),
            Err(_) => Err(Problem::not_found("thing")),
        }
    }
}
