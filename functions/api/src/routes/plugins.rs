//! `/plugins`: the services in use, from the configuration file and managed by the API.

use crate::api::Shared;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::{Nothing, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::routes::configured::{FILE, Tagged, file_place, live, manager_of, tag_in_file};
use crate::routes::page::Page;
use crate::routes::plugin_changes;
use crate::routes::shown_plugin::{PluginConfig, served, tagged};
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use control::{Authorization, Operation};
use domain::configuration::{Configuration, Instance};
use domain::{PluginInstance, PluginType};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/plugins` and paths below it.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(list_plugins))
        .routes(routes!(get_plugin_config))
        .merge(plugin_changes::routes())
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
    /// Who manages it: `file`, the configuration file, or `api`.
    managed_by: &'static str,
}

/// The keys of the projects that use each service for each purpose, as far as the caller may see them.
async fn used(
    api: &Shared,
    caller: &Caller,
    configuration: &Configuration,
) -> Result<BTreeMap<(PluginType, String), Vec<String>>, Problem> {
    let mut used: BTreeMap<(PluginType, String), Vec<String>> = BTreeMap::new();
    for project in &configuration.projects {
        if !caller.may_see(api, Some(project), None).await? {
            continue;
        }
        for (kind, name) in &project.providers {
            used.entry((*kind, name.to_string())).or_default().push(project.key.clone());
        }
    }
    Ok(used)
}

/// Whether the caller may see services that no project of theirs uses.
async fn sees_all(api: &Shared, caller: &Caller) -> Result<bool, Problem> {
    let decided = api.control.authorize(&caller.asking(), &Operation::SeePlugins).await?;
    Ok(decided == Authorization::Allowed)
}

/// Lists the services that the caller's projects use, by purpose and name. Admins also see those that no project uses, with every purpose that they can serve.
#[utoipa::path(
    get, path = "/plugins", tag = "plugins",
    responses((status = 200, description = "All of them.", body = Page<Plugin>), Signed)
)]
async fn list_plugins(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<Json<Page<Plugin>>, Problem> {
    let configuration = caller.directory().configuration();
    let file = api.table.configuration_of_file(api.clock.now()).await?;
    let mut used = used(&api, &caller, configuration).await?;
    if sees_all(&api, &caller).await? {
        let names: BTreeSet<String> = used.keys().map(|(_, name)| name.clone()).collect();
        for instance in configuration.instances().filter(|instance| !names.contains(instance.name.as_str())) {
            used.extend(served(instance).iter().map(|kind| ((*kind, instance.name.to_string()), Vec::new())));
        }
    }
    let show = |((kind, name), projects): ((PluginType, String), Vec<String>)| {
        let instance = configuration.instance(&name);
        // One without a section is named by the file's projects, or its like.
        let managed_by = instance.map_or(FILE, |_| manager_of::<PluginInstance>(&file, &name));
        let provider = instance.map_or(name.as_str(), Instance::provider).to_owned();
        Plugin { kind: kind.to_string(), name, provider, projects, managed_by }
    };
    let mut items: Vec<_> = used.into_iter().map(show).collect();
    items.sort_by(|one, other| (&one.kind, &one.name).cmp(&(&other.kind, &other.name)));
    Ok(Json(Page { items, next: None }))
}

/// Returns the settings of a service.
#[utoipa::path(
    get, path = "/plugins/{type}/{name}/config", tag = "plugins",
    params(
        ("type" = String, Path, description = "What it is used for."),
        ("name" = String, Path, description = "Its name in the configuration.")
    ),
    responses(
        (status = 200, description = "Its settings.", body = PluginConfig,
            headers(("ETag" = String, description = "The state that it is in, for `If-Match`."))),
        OfOne
    )
)]
async fn get_plugin_config(
    State(api): State<Shared>,
    caller: Caller,
    Segments((kind, name)): Segments<(String, String)>,
    _: Query<Nothing>,
) -> Result<Tagged<PluginConfig>, Problem> {
    let configuration = caller.directory().configuration();
    let instance = configuration.instance(&name).ok_or_else(|| Problem::not_found("plugin"))?;
    let used = used(&api, &caller, configuration).await?;
    let is_used = used.keys().any(|(of, known)| of.as_str() == kind && *known == name);
    let can_serve = || served(instance).iter().any(|served| served.as_str() == kind);
    if !is_used && !(can_serve() && sees_all(&api, &caller).await?) {
        return Err(Problem::not_found("plugin"));
    }
    if file_place::<PluginInstance>(&api, &name).await?.is_some() {
        let tag = tag_in_file(instance.section);
        return Ok(Tagged { tag, shown: PluginConfig::of(instance, FILE) });
    }
    Ok(tagged(&live::<PluginInstance>(&api, &name).await?))
}
