//! What `/plugins` changes: services that the API manages. Those of the configuration file are changed there.

use crate::api::{BASE, Shared};
use crate::body::Body;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::entity_tag::IfMatch;
use crate::idempotency::{Accepted, once};
use crate::problem::{Code, Problem, ProblemBody};
use crate::query::{Nothing, Query};
use crate::routes::answers::{ChangeOfState, Signed, WithBody};
use crate::routes::configured::{
    Tagged, Tries, audit, created, refuse_existing, refuse_of_file, replaced, seen, tag_of, who,
};
use crate::routes::plugin_body::{PluginBody, plugin_of};
use crate::routes::shown_plugin::{PluginConfig, served, tagged};
use crate::segments::Segments;
use axum::extract::State;
use control::{Directory, Operation};
use domain::PluginInstance;
use domain::configuration::{Configuration, InstanceName};
use records::{Archived, ManagedPlugin};
use serde_json::Value;

/// What changes `/plugins` and paths below it.
pub(super) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(create_plugin))
        .routes(routes!(replace_plugin_config))
        .routes(routes!(delete_plugin))
}

/// Adds a service that projects can use.
///
/// For admins; machine tokens cannot add services. Projects can use it at once. Its credentials are set with `ticketsmith secrets set`, under
/// the name in `secret`.
#[utoipa::path(
    post, path = "/plugins", tag = "plugins", request_body = PluginBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)),
    responses(
        (status = 201, description = "Its settings.", body = PluginConfig, headers(
            ("Location" = String, description = "The path of its settings."),
            ("ETag" = String, description = "The state that it is in.")
        )),
        (status = 409, description = "There is a service with this name, there are too many, or the rest of the configuration does not go with it.",
            body = ProblemBody, content_type = "application/problem+json"),
        Signed, WithBody
    )
)]
async fn create_plugin(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
    Body { value: new, json }: Body<PluginBody>,
) -> Result<Accepted, Problem> {
    caller.check(&api, &Operation::ChangePlugins).await?;
    once(&api, &caller, "create plugin", &json, async || {
        let mut tries = Tries::new(&api);
        loop {
            let directory = tries.directory().await?;
            refuse_of_file::<PluginInstance>(&api, new.name()).await?;
            let file = api.table.configuration_of_file(api.clock.now()).await?;
            let plugin = plugin_of(&directory, &file, api.table.name(), &new)?;
            let (name, instance) = (&plugin.name, plugin.instance());
            let settings = changes(None, &plugin);
            refuse_existing::<PluginInstance>(&api, name.as_str()).await?;
            audit(&api, &caller, format!("add the plugin {name} of {}{settings}", instance.provider()))
                .await?;
            let (seen, now) = (directory.version(), api.clock.now());
            let written = api.table.create_managed(&plugin, seen, who(&caller), now).await?;
            if let Some(made) = created(written, name.as_str())? {
                tracing::info!(plugin = name.as_str(), "a plugin was added");
                let kind = served(instance).first().map(|kind| kind.as_str()).unwrap_or_default();
                let location = format!("{BASE}/plugins/{kind}/{name}/config");
                return Ok(Accepted::created(location, &tag_of(&made), &PluginConfig::managed(&made)));
            }
        }
    })
    .await
}

/// Replaces the settings of a service.
///
/// Only for admins, and only for services that the API manages; machine tokens cannot change services. `name` and `provider` cannot change. The settings apply
/// from the next step of every execution.
#[utoipa::path(
    put, path = "/plugins/{type}/{name}/config", tag = "plugins", request_body = PluginBody,
    params(
        ("type" = String, Path, description = "What it is used for."),
        ("name" = String, Path, description = "Its name in the configuration."),
        ("If-Match" = String, Header, description = "The ETag of the settings as they were read.")
    ),
    responses(
        (status = 200, description = "Its settings.", body = PluginConfig,
            headers(("ETag" = String, description = "The state that it is in."))),
        ChangeOfState, WithBody
    )
)]
async fn replace_plugin_config(
    State(api): State<Shared>,
    caller: Caller,
    Segments((kind, name)): Segments<(String, String)>,
    _: Query<Nothing>,
    if_match: IfMatch,
    Body { value: body, .. }: Body<PluginBody>,
) -> Result<Tagged<PluginConfig>, Problem> {
    let mut tries = Tries::new(&api);
    loop {
        let directory = tries.directory().await?;
        let present = changeable(&api, &caller, &directory, (&kind, &name), &if_match).await?;
        if body.name() != name {
            let detail = format!("a plugin keeps its name; accepted: `{name}`");
            return Err(Problem::invalid_field("/name", detail));
        }
        // Its secret is that of its provider.
        let provider = present.item.instance().provider();
        if body.provider() != provider {
            let detail = format!("a plugin keeps its provider; accepted: `{provider}`");
            return Err(Problem::invalid_field("/provider", detail));
        }
        let file = api.table.configuration_of_file(api.clock.now()).await?;
        let plugin = plugin_of(&directory, &file, api.table.name(), &body)?;
        let settings = changes(Some(&present.item), &plugin);
        audit(&api, &caller, format!("change the plugin {name}{settings}")).await?;
        let (seen, by, now) = (directory.version(), who(&caller), api.clock.now());
        let written = api.table.replace_managed(&plugin, present.revision, None, seen, by, now).await?;
        if let Some(written) = replaced(written, &if_match)? {
            tracing::info!(plugin = name, "a plugin was changed");
            return Ok(tagged(&written));
        }
    }
}

/// Archives a service: no project can use it anymore.
///
/// Only for admins, and only for services that the API manages; machine tokens cannot remove services. Refused while a project uses it. Its secret stays;
/// `ticketsmith secrets delete` removes it.
#[utoipa::path(
    delete, path = "/plugins/{type}/{name}/config", tag = "plugins",
    params(
        ("type" = String, Path, description = "What it is used for."),
        ("name" = String, Path, description = "Its name in the configuration."),
        ("If-Match" = String, Header, description = "The ETag of the settings as they were read.")
    ),
    responses(
        (status = 200, description = "Its settings as they were.", body = PluginConfig,
            headers(("ETag" = String, description = "The state that it is in."))),
        ChangeOfState
    )
)]
async fn delete_plugin(
    State(api): State<Shared>,
    caller: Caller,
    Segments((kind, name)): Segments<(String, String)>,
    _: Query<Nothing>,
    if_match: IfMatch,
) -> Result<Tagged<PluginConfig>, Problem> {
    let mut tries = Tries::new(&api);
    loop {
        let directory = tries.directory().await?;
        let present = changeable(&api, &caller, &directory, (&kind, &name), &if_match).await?;
        refuse_in_use(directory.configuration(), &present.item.name)?;
        audit(&api, &caller, format!("archive the plugin {name}")).await?;
        let (seen, by, now) = (directory.version(), who(&caller), api.clock.now());
        let (plugin, archived) = (&present.item, Some(Archived::Deleted));
        let written = api.table.replace_managed(plugin, present.revision, archived, seen, by, now).await?;
        if let Some(written) = replaced(written, &if_match)? {
            tracing::info!(plugin = name, "a plugin was archived");
            return Ok(tagged(&written));
        }
    }
}

/// The service with this purpose and name, in the state that the caller saw, if the caller may change services and the API manages it.
async fn changeable(
    api: &Shared,
    caller: &Caller,
    directory: &Directory,
    (kind, name): (&str, &str),
    if_match: &IfMatch,
) -> Result<ManagedPlugin, Problem> {
    caller.check(api, &Operation::ChangePlugins).await?;
    let instance = directory.configuration().instance(name);
    let serves = instance.is_some_and(|found| served(found).iter().any(|served| served.as_str() == kind));
    if !serves {
        return Err(Problem::not_found("plugin"));
    }
    seen(api, name, if_match).await
}

/// Refuses to archive what the rest of the configuration needs.
fn refuse_in_use(configuration: &Configuration, name: &InstanceName) -> Result<(), Problem> {
    let uses =
        |project: &&domain::configuration::Project| project.providers.values().any(|used| used == name);
    let keys: Vec<_> =
        configuration.projects.iter().filter(uses).map(|project| project.key.as_str()).collect();
    let detail = match (keys.as_slice(), providers::check_without_instance(configuration, name).first()) {
        ([], None) => return Ok(()),
        ([], Some(problem)) => {
            format!("the rest of the configuration needs `{name}`: without it, {problem}")
        }
        (keys, _) => format!("projects use `{name}`: {}; change or archive them first", keys.join(", ")),
    };
    Err(Problem::new(Code::Conflict, detail))
}

/// The changed settings as records have them: `; base_url "https://a.example" instead of "https://b.example"`. There is no secret among them.
/// Addresses are first: a record is cut after a few hundred characters, and nobody can hide where requests are sent behind a long setting.
fn changes(before: Option<&PluginInstance>, after: &PluginInstance) -> String {
    let of = |plugin: &PluginInstance| match serde_json::to_value(&plugin.section) {
        Ok(Value::Object(settings)) => settings,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (before.map(of).unwrap_or_default(), of(after));
    let mut changed: Vec<_> = after.iter().filter(|(key, value)| before.get(*key) != Some(*value)).collect();
    changed.sort_by_key(|(key, _)| (!key.ends_with("_url"), *key));
    let mut said = String::new();
    for (key, value) in changed {
        let earlier = before.get(key).map(|earlier| format!(" instead of {earlier}")).unwrap_or_default();
        said.push_str(&format!("; {key} {value}{earlier}"));
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        said.push_str(&format!("; no {key}"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changed_settings_are_recorded_with_what_they_were() {
        let plugin = |section: Value| {
            serde_json::from_value::<PluginInstance>(json!({"name": "ghe", "section": section})).unwrap()
        };
        let before = plugin(
            json!({"provider": "github", "base_url": "https://a.example", "commit_author": "account"}),
        );
        let after =
            plugin(json!({"provider": "github", "rate_limit": "5/s", "base_url": "https://b.example"}));
        let expected = "; base_url \"https://b.example\" instead of \"https://a.example\"; rate_limit \"5/s\"; no commit_author";
        assert_eq!(changes(Some(&before), &after), expected);
        assert_eq!(changes(Some(&after), &after), "");
        assert!(changes(None, &after).starts_with("; base_url "));
    }
}
