//! A provider's interface to the rest of Ticketsmith: a [`ProviderSpec`], data and a few functions. This crate has only the types:
//! each provider is a crate `provider-*` with one constant `SPEC`, and the crate `providers` lists them.

mod account;
mod blocks;
mod claims;
mod connect;
mod fitting;
mod harmless;
mod links;
pub mod mark;
mod model_call;
mod pull;
mod settings;
mod setup;
mod spec;
mod structured_output;
mod text_limits;

pub use account::AccountForm;
pub use blocks::Blocks;
pub use claims::Claims;
pub use connect::{Connected, Connector, Model};
pub use domain::nearest;
pub use fitting::{send_fitting, send_fitting_items};
pub use harmless::{Closes, harmless_markdown, harmless_text};
pub use links::{Link, files_linked_in, first_address};
pub use model_call::{free_of_charge, recorded_stop, refused_for};
pub use pull::{Pull, PulledDelivery, Receiver};
pub use settings::{SettingsForm, described, words};
pub use setup::{
    AppManifest, AppSetup, ExchangeCode, FindInstallation, MadeApp, RegisterFuture, RegisterWebhook,
    Registered, Setup, SetupFacts, SetupFuture, SigningSecret, Webhook,
};
pub use spec::{ProbeFuture, ProviderSpec, PullRequestWords, RepositoryPages, same_site};
pub use structured_output::accepted_schema;
pub use text_limits::TextLimits;
