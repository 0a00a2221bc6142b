//! `/plugins`: the services in use.

use crate::api::Shared;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::{Nothing, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::routes::page::Page;
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use domain::configuration::{Configuration, Instance};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/plugins` and paths below it.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(list_plugins)).routes(routes!(get_plugin_config))
}

/// A service that projects use for one purpose.
#[derive(Debug, Serialize, ToSchema)]
struct Plugin {
    /// Its purpose: `task_management`, `version_control`, `documentation`, `communication`, `ai_provider` or `monitoring`.
    #[serde(rename = "type")]
    kind: String,
    /// Its name in the configuration.
    name: String,
    /// The provider.
    provider: String,
    /// The keys of the projects that use it for this, as far as the caller may see them.
    projects: Vec<String>,
}

/// The settings of a service.
#[derive(Debug, Serialize, ToSchema)]
struct PluginConfig {
    /// Its name in the configuration.
    name: String,
    /// The provider.
    provider: String,
    /// The name of the secret with its credentials.
    secret: String,
    /// The request rate per second, minute or hour, if it is not the provider's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<String>,
    /// Its other settings. Credentials are only in the secret.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Who manages it: `file`, the configuration file.
    managed_by: &'static str,
}

/// The services of the projects that the caller may see, by purpose and name.
async fn used(api: &Shared, caller: &Caller, configuration: &Configuration) -> Result<Vec<Plugin>, Problem> {
    let mut plugins: Vec<Plugin> = Vec::new();
    for project in &configuration.projects {
        if !caller.may_see(api, Some(project), None).await? {
            continue;
        }
        for (kind, name) in &project.providers {
            let (kind, name) = (kind.to_string(), name.as_str());
            if let Some(known) = plugins.iter_mut().find(|known| known.kind == kind && known.name == name) {
                known.projects.push(project.key.clone());
                continue;
            }
            let provider = configuration.instance(name).map_or(name, Instance::provider).to_owned();
            let projects = vec![project.key.clone()];
            plugins.push(Plugin { kind, name: name.to_owned(), provider, projects });
        }
    }
    plugins.sort_by(|one, other| (&one.kind, &one.name).cmp(&(&other.kind, &other.name)));
    Ok(plugins)
}

/// Lists the services that the caller's projects use, by purpose and name.
#[utoipa::path(
    get, path = "/plugins", tag = "plugins",
    responses((status = 200, description = "All of them.", body = Page<Plugin>), Signed)
)]
async fn list_plugins(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<Json<Page<Plugin>>, Problem> {
    let items = used(&api, &caller, caller.directory().configuration()).await?;
    Ok(Json(Page { items, next: None }))
}

/// Returns the settings of a service.
#[utoipa::path(
    get, path = "/plugins/{type}/{name}/config", tag = "plugins",
    params(
        ("type" = String, Path, description = "What it is used for."),
        ("name" = String, Path, description = "Its name in the configuration.")
    ),
    responses((status = 200, description = "Its settings.", body = PluginConfig), OfOne)
)]
async fn get_plugin_config(
    State(api): State<Shared>,
    caller: Caller,
    Segments((kind, name)): Segments<(String, String)>,
    _: Query<Nothing>,
) -> Result<Json<PluginConfig>, Problem> {
    let configuration = caller.directory().configuration();
    let used = used(&api, &caller, configuration).await?;
    let is_used = used.iter().any(|plugin| plugin.kind == kind && plugin.name == name);
    let instance = configuration.instance(&name).filter(|_| is_used);
    let instance = instance.ok_or_else(|| Problem::not_found("plugin"))?;
    let rate_limit = instance.section.rate_limit.and_then(|rate| serde_json::to_value(rate).ok());
    Ok(Json(PluginConfig {
        provider: instance.provider().to_owned(),
        secret: instance.secret().into_owned(),
        rate_limit: rate_limit.and_then(|rate| rate.as_str().map(str::to_owned)),
        settings: instance.section.settings.clone(),
        name,
        managed_by: "file",
    }))
}
