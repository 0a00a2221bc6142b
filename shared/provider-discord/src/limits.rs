//! How long texts in Discord may be.

use crate::marks::LENGTH;
use domain::text::TextLimit;
use http_client::Failure;
use provider::TextLimits;

/// The `content` of a [message](https://docs.discord.com/developers/resources/message#create-message). Which characters Discord counts is not
/// documented; no count is higher than the one in UTF-16.
const CONTENT: TextLimit = TextLimit::utf16(2_000);

/// The text in a message, in addition to its mark.
pub(crate) const MESSAGE: TextLimit = CONTENT.less(LENGTH);

/// An answer to an interaction has no mark.
pub(crate) const ANSWER: TextLimit = CONTENT;

/// The label of a [button](https://docs.discord.com/developers/components/reference#button).
pub(crate) const LABEL: TextLimit = TextLimit::utf16(80);

/// Whether Discord refuses a message for its length: `BASE_TYPE_MAX_LENGTH` of `content`.
pub(crate) fn is_too_long(failure: &Failure) -> bool {
    failure.says(400, "BASE_TYPE_MAX_LENGTH") || failure.says(400, "BASE_TYPE_BAD_LENGTH")
}

/// What Discord documents of each method.
pub const LIMITS: TextLimits = TextLimits {
    message: Some(MESSAGE),
    changed_message: Some(MESSAGE),
    label: Some(LABEL),
    ..TextLimits::NONE
};
