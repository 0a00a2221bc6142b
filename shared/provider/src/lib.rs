//! What a provider is to the rest of Ticketsmith: a [`ProviderSpec`], data and a few functions. This crate has only the types:
//! each provider is a crate `provider-*` with one constant `SPEC`, and the crate `providers` lists them.

mod connect;
mod fitting;
mod nearest;
mod settings;
mod spec;
mod text_limits;

pub use connect::{Connected, Connector, Model};
pub use fitting::send_fitting;
pub use nearest::nearest;
pub use settings::SettingsForm;
pub use spec::{ProbeFuture, ProviderSpec, RepositoryPages, same_site};
pub use text_limits::TextLimits;
