//! How long texts may be.

use domain::text::TextLimit;

/// The longest texts that a provider's methods accept, each in the unit that the service counts in. `None` if there is no such
/// text or no limit that matters. [`domain::text::cut`] cuts to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimits {
    /// The title of a ticket, a pull request or a page.
    pub title: Option<TextLimit>,
    /// The body of a ticket, a pull request or a page.
    pub body: Option<TextLimit>,
    /// A comment.
    pub comment: Option<TextLimit>,
    /// A new message in a chat.
    pub message: Option<TextLimit>,
    /// The text that a message is changed to.
    pub changed_message: Option<TextLimit>,
    /// One block of a message.
    pub block: Option<TextLimit>,
    /// The words on a button.
    pub label: Option<TextLimit>,
}

impl TextLimits {
    /// No limits; a provider sets those that it has.
    pub const NONE: Self = Self {
        title: None,
        body: None,
        comment: None,
        message: None,
        changed_message: None,
        block: None,
        label: None,
    };
}
