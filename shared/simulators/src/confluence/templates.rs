//! Templates for pages, which only version 1 of the API has.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State as AxumState};
use serde_json::{Value, json};

use super::{Confluence, Failure};

const FIRST_TEMPLATE_ID: usize = 98_400;

fn template_json(confluence: &Confluence, position: usize, body: bool) -> Value {
    let template = &confluence.0.world.templates[position];
    let id = FIRST_TEMPLATE_ID + position;
    let mut json = json!({
        "templateId": id.to_string(), "name": template.name, "description": "", "labels": [], "templateType": "page",
        "editorVersion": "v2", "_expandable": {"body": ""},
        "_links": {"self": format!("{}/rest/api/template/{id}", confluence.base()), "base": confluence.base()},
    });
    if body {
        json["body"] = json!({"storage": {"value": template.body, "representation": "storage",
                                          "embeddedContent": [], "_expandable": {}}});
    }
    json
}

fn wants_body(parameters: &BTreeMap<String, String>) -> bool {
    parameters.get("expand").is_some_and(|names| names.split(',').any(|name| name.starts_with("body")))
}

pub(super) async fn list(
    AxumState(confluence): AxumState<Confluence>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let space = parameters.get("spaceKey");
    let results: Vec<Value> = confluence
        .0
        .world
        .templates
        .iter()
        .enumerate()
        .filter(|(_, template)| template.space.is_none() || template.space.as_ref() == space)
        .map(|(position, _)| template_json(&confluence, position, wants_body(&parameters)))
        .collect();
    Json(json!({"results": results, "start": 0, "limit": 25, "size": results.len(),
                "_links": {"base": confluence.base()}}))
}

pub(super) async fn get(
    AxumState(confluence): AxumState<Confluence>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let position = id.parse::<usize>().ok().and_then(|id| id.checked_sub(FIRST_TEMPLATE_ID));
    let position = position.filter(|position| *position < confluence.0.world.templates.len());
    let position = position.ok_or_else(|| Failure::not_found("No template has this id."))?;
    // The service gives one template with its body, asked for or not.
    Ok(Json(template_json(&confluence, position, true)))
}
