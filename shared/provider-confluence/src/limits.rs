//! How long texts in Confluence may be.

use domain::text::TextLimit;
use http_client::Failure;
use provider::TextLimits;

/// Titles of pages: <https://confluence.atlassian.com/confkb/page-title-is-limited-to-255-characters-in-confluence-222563519.html>.
pub(crate) const TITLE: TextLimit = TextLimit::utf16(255);

/// Confluence documents no limit of a page's body. Nobody reads more than this; a page that is still refused is cut further.
pub(crate) const BODY: TextLimit = TextLimit::characters(1_000_000);

/// Whether Confluence refuses a page for its length.
pub(crate) fn is_too_long(failure: &Failure) -> bool {
    failure.status == Some(413)
        || ["too long", "too large", "exceeds the maximum"].iter().any(|words| failure.says(400, words))
}

/// What Confluence takes.
pub const LIMITS: TextLimits = TextLimits { title: Some(TITLE), body: Some(BODY), ..TextLimits::NONE };
