//! The settings of a service, as answers have them.

use crate::routes::configured::{API, Tagged, tag_of};
use domain::PluginType;
use domain::configuration::Instance;
use jiff::Timestamp;
use records::ManagedPlugin;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The settings of a service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginConfig {
    /// Its name in the configuration.
    name: String,
    /// The provider.
    provider: String,
    /// The name of the secret with its credentials, if it needs any.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// The request rate per second, minute or hour, if it is not the provider's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<String>,
    /// Its other settings. Credentials are only in the secret.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Who manages it: `file`, the configuration file, or `api`.
    managed_by: &'static str,
    /// When it was archived; no project can use it anymore.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
    /// The person who archived it.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_by: Option<String>,
}

impl PluginConfig {
    /// One of the configuration.
    pub(super) fn of(instance: Instance<'_>, managed_by: &'static str) -> Self {
        let rate_limit = instance.section.rate_limit.and_then(|rate| serde_json::to_value(rate).ok());
        let has_credentials = providers::find(instance.provider()).is_ok_and(|spec| !spec.secret.is_empty());
        Self {
            name: instance.name.to_string(),
            provider: instance.provider().to_owned(),
            secret: has_credentials.then(|| instance.secret().into_owned()),
            rate_limit: rate_limit.and_then(|rate| rate.as_str().map(str::to_owned)),
            settings: instance.section.settings.clone(),
            managed_by,
            archived_at: None,
            archived_by: None,
        }
    }

    /// One that the API manages.
    pub(super) fn managed(managed: &ManagedPlugin) -> Self {
        let archived = managed.archived.map(|_| managed.changed_at);
        Self {
            archived_at: archived,
            archived_by: archived.map(|_| managed.changed_by.clone()),
            ..Self::of(managed.item.instance(), API)
        }
    }
}

/// One that the API manages, with the tag of its state.
pub(super) fn tagged(managed: &ManagedPlugin) -> Tagged<PluginConfig> {
    Tagged { tag: tag_of(managed), shown: PluginConfig::managed(managed) }
}

/// What a service can be used for; nothing if its provider does not exist.
pub(super) fn served(instance: Instance<'_>) -> &'static [PluginType] {
    providers::find(instance.provider()).map_or(&[], |spec| spec.serves)
}
