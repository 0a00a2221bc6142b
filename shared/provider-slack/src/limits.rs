//! How long texts in Slack may be.

use crate::slack::SlackError;
use domain::text::TextLimit;
use provider::TextLimits;

/// Slack takes [40,000 characters](https://docs.slack.dev/reference/methods/chat.postMessage#truncating) and cuts the rest; more
/// than this is not a message that people read.
pub(crate) const MESSAGE: TextLimit = TextLimit::characters(12_000);

/// Beyond this, [`chat.update`](https://docs.slack.dev/reference/methods/chat.update) answers `msg_too_long`. Unlike posting, it counts bytes.
pub(crate) const CHANGED_MESSAGE: TextLimit = TextLimit::bytes(4_000);

/// The text of a [section](https://docs.slack.dev/reference/block-kit/blocks/section-block). Slack's blocks are made of JavaScript,
/// which counts UTF-16.
pub(crate) const SECTION: TextLimit = TextLimit::utf16(3_000);

/// The text of a [button](https://docs.slack.dev/reference/block-kit/block-elements/button-element).
pub(crate) const LABEL: TextLimit = TextLimit::characters(75);

/// Whether Slack refuses a message for its length, as a whole or that of a block, which it says in words.
pub(crate) fn is_too_long(error: &SlackError) -> bool {
    matches!(error.code.as_str(), "msg_too_long" | "msg_blocks_too_long")
        || error.code == "invalid_blocks" && error.says("must be less than")
}

/// What Slack documents of each method and block.
pub const LIMITS: TextLimits = TextLimits {
    message: Some(MESSAGE),
    changed_message: Some(CHANGED_MESSAGE),
    block: Some(SECTION),
    label: Some(LABEL),
    ..TextLimits::NONE
};
