//! How long texts in Jira may be.

use domain::text::TextLimit;
use http_client::Failure;
use provider::TextLimits;

/// "Summary can't exceed 255 characters."
pub(crate) const SUMMARY: TextLimit = TextLimit::utf16(255);

/// "The entered text is too long. It exceeds the allowed limit of 32,767 characters.", of descriptions and comments:
/// <https://jira.atlassian.com/browse/JRACLOUD-68949>.
const TEXT: TextLimit = TextLimit::utf16(32_767);

/// Whether Jira refuses a text for its length: in words, or with the code of its newer editor.
pub(crate) fn is_too_long(failure: &Failure) -> bool {
    failure.status == Some(413)
        || ["text is too long", "exceeds the allowed limit", "CONTENT_LIMIT_EXCEEDED"]
            .iter()
            .any(|words| failure.says(400, words))
}

/// Jira measures a text in its own format, which can be longer than the Markdown.
pub(crate) const MARKDOWN: TextLimit = TEXT.less(2_767);

/// What Jira Cloud's errors name. Jira is written in Java, so it counts UTF-16.
pub const LIMITS: TextLimits =
    TextLimits { title: Some(SUMMARY), body: Some(TEXT), comment: Some(TEXT), ..TextLimits::NONE };
