//! How long texts on GitLab may be: <https://docs.gitlab.com/administration/instance_limits/>.

use domain::text::TextLimit;
use http_client::Failure;
use provider::TextLimits;

/// The description of an issue or merge request, and a note.
pub(crate) const BODY: TextLimit = TextLimit::characters(1_000_000);

/// The same with room for a mark at the end.
pub(crate) const MARKED: TextLimit = BODY.less(64);

/// The title of an issue or merge request.
pub(crate) const TITLE: TextLimit = TextLimit::characters(255);

/// Whether GitLab refuses a text for its length.
pub(crate) fn is_too_long(failure: &Failure) -> bool {
    failure.status == Some(413) || [400, 422].iter().any(|status| failure.says(*status, "is too long"))
}

/// The longest texts that GitLab takes.
pub const LIMITS: TextLimits =
    TextLimits { title: Some(TITLE), body: Some(BODY), comment: Some(BODY), ..TextLimits::NONE };
