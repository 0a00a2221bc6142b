//! The form of people's accounts at a service.

/// How a person's account at a service is written in the configuration.
#[derive(Debug, Clone, Copy)]
pub struct AccountForm {
    /// Its name for people: `GitHub login`.
    pub name: &'static str,
    /// An account that could exist: `ada-lovelace`.
    pub example: &'static str,
    /// An example of a bot's account: `ticketsmith[bot]`.
    pub bot_example: &'static str,
    /// The regular expression that the whole account matches. It rejects common mistakes, such as an email address; nobody
    /// asks the service.
    pub pattern: &'static str,
}
