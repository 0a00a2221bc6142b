//! How long texts may be.

/// The longest texts that a provider's methods accept, in characters. `None` where there is no limit that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextLimits {
    /// The title of a ticket, a pull request or a page.
    pub title: Option<usize>,
    /// The body of a ticket, a pull request or a page.
    pub body: Option<usize>,
    /// A comment.
    pub comment: Option<usize>,
    /// A message in a chat.
    pub message: Option<usize>,
    /// One block of a message.
    pub block: Option<usize>,
}
