//! How long texts on GitHub may be.

use domain::text::TextLimit;
use http_client::Failure;
use provider::TextLimits;

/// "body is too long (maximum is 65536 characters)", say issues, pull requests and comments.
pub(crate) const BODY: TextLimit = TextLimit::characters(65_536);

/// The same with room for a mark at the end.
pub(crate) const MARKED: TextLimit = BODY.less(64);

/// Whether GitHub refuses a text for its length.
pub(crate) fn is_too_long(failure: &Failure) -> bool {
    failure.status == Some(413) || failure.says(422, "body is too long")
}

/// "title is too long (maximum is 256 characters)", say issues and pull requests.
pub(crate) const TITLE: TextLimit = TextLimit::characters(256);

/// What GitHub's errors of validation name; its documentation does not.
pub const LIMITS: TextLimits =
    TextLimits { title: Some(TITLE), body: Some(BODY), comment: Some(BODY), ..TextLimits::NONE };
