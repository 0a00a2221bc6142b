//! What people's accounts at a service look like.

/// How a person's account at a service is written in the configuration.
#[derive(Debug, Clone, Copy)]
pub struct AccountForm {
    /// What people call it: `GitHub login`.
    pub name: &'static str,
    /// An account that could exist: `ada-lovelace`.
    pub example: &'static str,
    /// What the account of a bot could be: `ticketsmith[bot]`.
    pub bot_example: &'static str,
    /// The regular expression that the whole account matches. It rejects what people commonly write instead, such as an e-mail address; nobody
    /// asks the service.
    pub pattern: &'static str,
}
