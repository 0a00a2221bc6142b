//! How long texts in Jira may be.

use domain::text::TextLimit;
use provider::TextLimits;

/// "Summary can't exceed 255 characters."
pub(crate) const SUMMARY: TextLimit = TextLimit::utf16(255);

/// "The entered text is too long. It exceeds the allowed limit of 32,767 characters.", of descriptions and comments:
/// <https://jira.atlassian.com/browse/JRACLOUD-68949>.
const TEXT: TextLimit = TextLimit::utf16(32_767);

/// Jira measures a text in a form of its own, which can be longer than the Markdown that it was made from.
pub(crate) const MARKDOWN: TextLimit = TEXT.less(2_767);

/// What Jira Cloud's errors name. Jira is written in Java, so it counts UTF-16.
pub const LIMITS: TextLimits =
    TextLimits { title: Some(SUMMARY), body: Some(TEXT), comment: Some(TEXT), ..TextLimits::NONE };
