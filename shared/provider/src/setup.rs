//! The steps to set up a service before Ticketsmith can work with it.

use crate::connect::Connector;
use domain::configuration::Project;
use domain::{ActionError, RepositoryName};
use secrecy::SecretString;
use serde_json::Value;
use std::pin::Pin;

/// How a service is set up. `ticketsmith init` guides people by it.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// The steps by which a person obtains credentials at the service and has it send us its events: one text per step, in order, in Markdown
    /// without headings. Links are whole addresses.
    pub steps: fn(&SetupFacts<'_>) -> Vec<String>,
    /// Whose the secret is that the service's deliveries are checked with.
    pub signing: SigningSecret,
    /// Creates or corrects the webhook at the service with a project's credentials; `None` where only a person can.
    pub register_webhook: Option<RegisterWebhook>,
    /// How a browser makes an app that has everything of `steps`; `None` where the service cannot, or where a link in `steps` is enough.
    pub app: Option<AppSetup>,
}

impl Setup {
    /// A set-up by these steps alone: only a person can create the webhook, and no app is made.
    pub const fn new(steps: fn(&SetupFacts<'_>) -> Vec<String>, signing: SigningSecret) -> Self {
        Self { steps, signing, register_webhook: None, app: None }
    }
}

/// How an app is made at a service from a manifest: a browser posts the manifest there, a person agrees, and the service sends the browser
/// back with a code, which is exchanged for the app's credentials.
#[derive(Debug, Clone, Copy)]
pub struct AppSetup {
    /// The manifest, and where it is posted.
    pub manifest: fn(&SetupFacts<'_>, &RepositoryName, &str) -> AppManifest,
    /// Exchanges the code that the browser came back with. A code counts once. The connector has no credentials.
    pub exchange: ExchangeCode,
    /// Looks whether the app is installed where a project needs it. The connector has the secret that the exchange gave.
    pub installed: FindInstallation,
}

/// What a browser posts so that an app is made. Made for a project's repository and the address that the service sends the browser back
/// to, where it adds `code` and `state` to the query.
#[derive(Debug, Clone)]
pub struct AppManifest {
    /// Whose the app will be, and the page for that, to which `state` is added as a query.
    pub pages: Vec<(String, String)>,
    /// The name of the form's only field.
    pub field: &'static str,
    /// What the field holds.
    pub text: String,
}

/// An app that was made.
#[derive(Debug, Clone)]
pub struct MadeApp {
    /// What is known of its secret until it is installed.
    pub secret: SecretString,
    /// What it signs its deliveries with, if it makes any.
    pub signing: Option<SecretString>,
    /// The account that it acts under.
    pub account: String,
    /// The page where people install it.
    pub install_page: String,
}

/// See [`AppSetup::exchange`].
///
/// # Errors
/// `Rejected` for a code that does not count; those of the connection.
pub type ExchangeCode = for<'a> fn(&'a Connector<'a>, &'a str) -> SetupFuture<'a, MadeApp>;

/// See [`AppSetup::installed`]. Gives the whole secret, or `None` while the app is not installed on the project's repository.
///
/// # Errors
/// `Rejected` for a secret that is not what the exchange gave; those of the connection.
pub type FindInstallation = for<'a> fn(&'a Connector<'a>, &'a Project) -> SetupFuture<'a, Option<Value>>;

/// The future of what is asked of a service while it is set up.
pub type SetupFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ActionError>> + Send + 'a>>;

/// Who chooses the secret that a service's deliveries are checked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningSecret {
    /// The service sends nothing.
    None,
    /// We choose it, and the service is told.
    Ours,
    /// The service chooses it and shows it to people.
    Theirs,
}

/// The facts that are known when a service is set up.
#[derive(Debug, Clone, Copy)]
pub struct SetupFacts<'a> {
    /// The address that people open, without a slash at its end; empty if it is not known yet.
    pub site: &'a str,
    /// Where the service sends its deliveries, if there is a public address.
    pub webhook_url: Option<&'a str>,
    /// The slash command: `/ticketsmith`.
    pub command: &'a str,
}

impl SetupFacts<'_> {
    /// The address for deliveries, or words that say what belongs there.
    pub fn webhook_address<'a>(&'a self, path: &'a str) -> std::borrow::Cow<'a, str> {
        match self.webhook_url {
            Some(url) => url.into(),
            None => format!("your public address, followed by `{path}`").into(),
        }
    }
}

/// A webhook that a service must have.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where it delivers.
    pub url: String,
    /// The secret that its deliveries are signed with.
    pub secret: SecretString,
    /// Whether the secret is newer than an existing webhook. Services never reveal a webhook's secret, so it cannot be compared.
    pub has_new_secret: bool,
}

/// What registering a webhook changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// It was created.
    Created,
    /// One with this address was there; its events, secret and state are now ours.
    Corrected,
    /// It is as it must be.
    Unchanged,
}

/// See [`Setup::register_webhook`]. Repeating it creates no second webhook.
///
/// # Errors
/// `Rejected` if the credentials may not; those of the connection.
pub type RegisterWebhook = for<'a> fn(&'a Connector<'a>, &'a Project, &'a Webhook) -> RegisterFuture<'a>;

/// The future of [`RegisterWebhook`].
pub type RegisterFuture<'a> = Pin<Box<dyn Future<Output = Result<Registered, ActionError>> + Send + 'a>>;
