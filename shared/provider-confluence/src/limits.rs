//! How long texts in Confluence may be.

use domain::text::TextLimit;
use provider::TextLimits;

/// Titles of pages: <https://confluence.atlassian.com/confkb/page-title-is-limited-to-255-characters-in-confluence-222563519.html>.
pub(crate) const TITLE: TextLimit = TextLimit::utf16(255);

/// A page's body has no limit that a ticket's documentation reaches.
pub const LIMITS: TextLimits = TextLimits { title: Some(TITLE), ..TextLimits::NONE };
