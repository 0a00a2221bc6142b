//! Webhooks [of a repository](https://docs.github.com/rest/repos/webhooks) and [of an App](https://docs.github.com/rest/apps/webhooks).

use serde_json::{Value, json};

use super::{Answer, Call, Failure, app::authenticated};
use crate::github::{
    shapes::moment,
    state::{Hook, HookConfig},
};

/// `GET /repos/{owner}/{repo}/hooks`
pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let shown = call.repository().hooks.iter().map(|hook| shape(call, hook)).collect();
    Ok(call.page(shown))
}

/// `POST /repos/{owner}/{repo}/hooks`
pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let mut config = HookConfig::default();
    change_config(&mut config, call.body.get("config").unwrap_or(&Value::Null))?;
    if config.url.is_empty() {
        return Err(Failure::invalid("Hook", "url", "missing_field"));
    }
    let events = events(call)?.unwrap_or_else(|| vec!["push".to_owned()]);
    if call.repository().hooks.iter().any(|hook| hook.config.url == config.url && hook.events == events) {
        return Err(Failure::new(422, "Hook already exists on this repository"));
    }
    let active = call.body.get("active").and_then(Value::as_bool).unwrap_or(true);
    let hook = Hook { id: call.state.next_id(), active, events, config, created_at: call.now() };
    let shown = shape(call, &hook);
    call.repository_mut().hooks.push(hook);
    Ok(Answer::created(shown))
}

/// `PATCH /repos/{owner}/{repo}/hooks/{hook}`
pub(super) fn update(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (id, events, active) = (call.number("hook")?, events(call)?, call.body.get("active").cloned());
    let config = call.body.get("config").cloned();
    let hook = call.repository_mut().hooks.iter_mut().find(|hook| hook.id == id);
    let hook = hook.ok_or_else(Failure::not_found)?;
    change_config(&mut hook.config, &config.unwrap_or_default())?;
    hook.active = active.and_then(|active| active.as_bool()).unwrap_or(hook.active);
    hook.events = events.unwrap_or_else(|| hook.events.clone());
    let hook = hook.clone();
    Ok(Answer::ok(shape(call, &hook)))
}

/// `GET /app/hook/config`
pub(super) fn get_app_config(call: &mut Call<'_>) -> Result<Answer, Failure> {
    authenticated(call)?;
    Ok(Answer::ok(config_shape(&call.state.app_hook)))
}

/// `PATCH /app/hook/config`
pub(super) fn update_app_config(call: &mut Call<'_>) -> Result<Answer, Failure> {
    authenticated(call)?;
    let mut config = call.state.app_hook.clone();
    change_config(&mut config, &call.body)?;
    call.state.app_hook = config;
    Ok(Answer::ok(config_shape(&call.state.app_hook)))
}

fn events(call: &Call<'_>) -> Result<Option<Vec<String>>, Failure> {
    if call.body.get("events").is_none_or(Value::is_null) {
        return Ok(None);
    }
    let names = call.list("events")?.iter().map(|name| name.as_str().map(str::to_owned));
    names
        .collect::<Option<_>>()
        .map(Some)
        .ok_or_else(|| Failure::malformed("events", "is not a list of names"))
}

/// GitHub refuses addresses that it cannot reach.
fn change_config(config: &mut HookConfig, sent: &Value) -> Result<(), Failure> {
    let text = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(url) = text("url") {
        let parsed = reqwest::Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let host = parsed.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
        if host.is_empty() {
            return Err(Failure::new(422, "Invalid webhook url"));
        }
        if host == "localhost" || host.starts_with("127.") {
            let message =
                format!("url is not supported because it isn't reachable over the public Internet ({host})");
            return Err(Failure::new(422, message));
        }
        config.url = url;
    }
    config.content_type = text("content_type").unwrap_or_else(|| config.content_type.clone());
    config.secret = text("secret").or(config.secret.take());
    Ok(())
}

/// A secret is never shown.
fn config_shape(config: &HookConfig) -> Value {
    let mut shown = json!({ "url": config.url, "content_type": config.content_type, "insecure_ssl": "0" });
    if config.secret.is_some() {
        shown["secret"] = "********".into();
    }
    shown
}

fn shape(call: &Call<'_>, hook: &Hook) -> Value {
    let url = format!("{}/hooks/{}", call.state.api(call.repository()), hook.id);
    json!({
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": config_shape(&hook.config),
        "created_at": moment(hook.created_at),
        "updated_at": moment(hook.created_at),
        "url": url,
        "test_url": format!("{url}/test"),
        "ping_url": format!("{url}/pings"),
        "deliveries_url": format!("{url}/deliveries"),
        "last_response": { "code": null, "status": "unused", "message": null },
    })
}
