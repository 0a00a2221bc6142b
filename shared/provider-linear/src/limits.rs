//! How long texts in Linear may be.

use crate::graphql::Refusal;
use domain::text::TextLimit;
use provider::TextLimits;

/// Linear documents no limit of a title. Its own editor takes 255 characters, and it counts like JavaScript.
pub(crate) const TITLE: TextLimit = TextLimit::utf16(255);

/// Linear documents no limit of a description or a comment. More than this is nothing that people read; what it refuses all the same is
/// cut further.
pub(crate) const TEXT: TextLimit = TextLimit::utf16(65_000);

/// Whether Linear refuses a text for its length, which it says in words.
pub(crate) fn is_too_long(refusal: &Refusal) -> bool {
    refusal.is_invalid_input()
        && ["too long", "shorter than", "too large"].iter().any(|words| refusal.says(words))
}

/// The maximum lengths that are sent.
pub const LIMITS: TextLimits =
    TextLimits { title: Some(TITLE), body: Some(TEXT), comment: Some(TEXT), ..TextLimits::NONE };
