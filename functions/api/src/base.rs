//! Where the API is.

/// The path before all of its paths.
pub(crate) const BASE: &str = "/api/v1";
