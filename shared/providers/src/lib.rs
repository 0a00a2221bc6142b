//! The list of providers, and data derived from it: whether a configuration is valid, how its tickets are written, and a
//! provider's clients.
//!
//! A new provider is one crate `provider-*` and one line in `list.rs`; `docs/growing.md` lists the manifests.

mod check;
mod choose;
mod connect;
mod final_message;
mod instance;
mod list;
mod pages;
mod references;

pub use check::{check, fill, secret_name_problem};
pub use choose::{chat_of, model_among, other_models, tracker_of};
pub use connect::{Absent, Place, Providers, Waiting, serving};
pub use instance::{
    InstanceProblems, check_instance, check_without_instance, complete, local_address_problems, own_secret,
};
pub use list::{ALL, find, is_shown};
pub use pace::{Patience, with_patience};
pub use pages::{branch_url, pull_request_words, repository_url};
pub use provider::{
    AppManifest, AppSetup, Claims, Connected, Connector, MadeApp, Model, ProviderSpec, Pull,
    PullRequestWords, PulledDelivery, Receiver, Registered, SetupFacts, SigningSecret, Webhook, described,
    nearest, words,
};
pub use references::{InForce, Overruled, put_in_force, references};
