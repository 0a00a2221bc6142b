//! How long texts in Notion may be: <https://developers.notion.com/reference/request-limits>.

use domain::text::TextLimit;
use http_client::Failure;
use provider::TextLimits;

/// A title is one rich text, which has at most 2,000 characters.
pub(crate) const TITLE: TextLimit = TextLimit::utf16(2_000);

/// A request has at most 500 KB. A character of Markdown takes up to six bytes of JSON.
pub(crate) const BODY: TextLimit = TextLimit::bytes(80_000);

/// Whether Notion refuses a page for its length.
pub(crate) fn is_too_long(failure: &Failure) -> bool {
    failure.status == Some(413)
        || ["too long", "should be ≤", "length"].iter().any(|words| failure.says(400, words))
}

/// What Notion takes.
pub const LIMITS: TextLimits = TextLimits { title: Some(TITLE), body: Some(BODY), ..TextLimits::NONE };
