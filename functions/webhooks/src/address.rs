//! How people address the bot.

/// How the bot was addressed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address<'a> {
    /// The part before a command: `/ticketsmith`, `@ticketsmith`.
    pub(crate) words: &'a str,
    /// Whether it was on a ticket, which need not be named then.
    pub(crate) on_ticket: bool,
}
