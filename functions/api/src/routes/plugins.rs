//! `/plugins`: the services in use, from the configuration file and managed by the API.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::problem::Problem;
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::routes::configured::{FILE, Tagged, file_place, live, manager_of, tag_in_file};
use crate::routes::page::{Page, by_name};
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
use utoipa::{IntoParams, ToSchema};

/// `/plugins` and paths below it.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(list_plugins))
        .routes(routes!(get_plugin_config))
        .merge(plugin_changes::routes())
}

/// A service that projects use for one purpose.
#[derive(Debug, Clone, Serialize, ToSchema)]
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

/// Which services are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListPlugins {
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListPlugins {
    fn read(given: &mut Given) -> Self {
        Self { limit: given.limit(), cursor: given.cursor() }
    }
}

/// Lists the services that the caller's projects use, by purpose and name.
///
/// Admins also see those that no project uses, with every purpose that they can serve.
#[utoipa::path(
    get, path = "/plugins", tag = "plugins", params(ListPlugins),
    responses((status = 200, description = "A page of services.", body = Page<Plugin>), Signed)
)]
async fn list_plugins(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListPlugins>,
) -> Result<Json<Page<Plugin>>, Problem> {
    let query = ["plugins"];
    let after = cursor::position(&api, &query, parameters.cursor.as_deref()).await?;
    let configuration = caller.directory().configuration();
    let file = api.table.configuration_of_file(api.clock.now()).await?;
    let mut used = used(&api, &caller, configuration).await?;
    if sees_all(&api, &caller).await? {
        let names: BTreeSet<String> = used.keys().map(|(_, name)| name.clone()).collect();
        for instance in configuration.instances().filter(|instance| !names.contains(instance.name.as_str())) {
            used.extend(served(instance).iter().map(|kind| ((*kind, instance.name.to_string()), Vec::new())));
        }
    }
    let all: Vec<(String, Plugin)> = used
        .into_iter()
        .map(|((kind, name), projects)| {
            let instance = configuration.instance(&name);
            // One without a section needs none.
            let managed_by = instance.map_or(FILE, |_| manager_of::<PluginInstance>(&file, &name));
            let provider = instance.map_or(name.as_str(), Instance::provider).to_owned();
            let plugin = Plugin { kind: kind.to_string(), name, provider, projects, managed_by };
            (format!("{} {}", plugin.kind, plugin.name), plugin)
        })
        .collect();
    let (limit, after) = (parameters.limit, after.as_deref());
    let (items, next) = by_name(&all, |(place, _)| place, limit, after, |(_, plugin)| plugin.clone());
    Ok(Json(Page::new(&api, items, &query, next).await?))
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
    if !(is_used || can_serve() && sees_all(&api, &caller).await?) {
        return Err(Problem::not_found("plugin"));
    }
    if file_place::<PluginInstance>(&api, &name).await?.is_some() {
        let tag = tag_in_file(instance.section);
        return Ok(Tagged { tag, shown: PluginConfig::of(instance, FILE) });
    }
    Ok(tagged(&live::<PluginInstance>(&api, &name).await?))
}
