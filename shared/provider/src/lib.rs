//! What a provider is to the rest of Ticketsmith. Types only: the providers are the crates `provider-*`.

mod text_limits;

pub use text_limits::TextLimits;
