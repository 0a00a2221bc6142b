//! Pages.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Confluence, FIRST_SPACE_ID, Failure, State, Stored, parse};

type Parameters = Query<BTreeMap<String, String>>;

fn page_json(confluence: &Confluence, page: &Stored, body: bool) -> Value {
    let mut json = json!({
        "id": page.id, "status": page.status, "title": page.title,
        "spaceId": (FIRST_SPACE_ID + page.space).to_string(),
        "parentId": page.parent, "parentType": page.parent.as_ref().map(|_| "page"), "position": 0,
        "authorId": confluence.0.world.bot, "ownerId": confluence.0.world.bot, "lastOwnerId": null,
        "createdAt": page.created.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "version": {"number": page.version, "message": "", "minorEdit": false,
                    "authorId": confluence.0.world.bot,
                    "createdAt": page.created.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()},
        "body": {},
        "_links": {
            "webui": confluence.web_path(page),
            "editui": format!("/pages/resumedraft.action?draftId={}", page.id),
            "tinyui": format!("/x/{}", page.id),
        },
    });
    if body {
        json["body"] = json!({"storage": {"representation": "storage", "value": page.body}});
    }
    json
}

/// One page as an answer, with the address of the site.
fn single(confluence: &Confluence, page: &Stored, body: bool) -> Json<Value> {
    let mut json = page_json(confluence, page, body);
    json["_links"]["base"] = confluence.base().into();
    Json(json)
}

fn wants_storage(parameters: &BTreeMap<String, String>) -> Result<bool, Failure> {
    match parameters.get("body-format").map(String::as_str) {
        None => Ok(false),
        Some("storage") => Ok(true),
        Some(other) => Err(Failure::invalid(format!(
            "Provided value {{{other}}} for 'body-format' is not supported here"
        ))),
    }
}

fn listed(
    confluence: &Confluence,
    parameters: &BTreeMap<String, String>,
    path: &str,
    space: Option<usize>,
) -> Result<Json<Value>, Failure> {
    let body = wants_storage(parameters)?;
    let state = confluence.lock();
    let ids = parameters.get("id").map(|ids| ids.split(',').collect::<Vec<_>>());
    let spaces = parameters.get("space-id").map(|ids| ids.split(',').collect::<Vec<_>>());
    let found: Vec<&Stored> = state
        .pages
        .iter()
        .filter(|page| page.status == parameters.get("status").map_or("current", String::as_str))
        .filter(|page| space.is_none_or(|space| space == page.space))
        .filter(|page| parameters.get("title").is_none_or(|title| *title == page.title))
        .filter(|page| ids.as_ref().is_none_or(|ids| ids.contains(&page.id.as_str())))
        .filter(|page| {
            spaces
                .as_ref()
                .is_none_or(|ids| ids.contains(&(FIRST_SPACE_ID + page.space).to_string().as_str()))
        })
        .collect();
    let start: usize = match parameters.get("cursor") {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| Failure::invalid("Invalid cursor provided"))?,
    };
    let limit: usize = match parameters.get("limit") {
        None => 25,
        Some(limit) => match limit.parse() {
            Ok(limit @ 1..=250) => limit,
            _ => {
                return Err(Failure::invalid(format!(
                    "Provided value {{{limit}}} for 'limit' is not from 1 to 250"
                )));
            }
        },
    };
    let end = found.len().min(start.saturating_add(limit));
    let results: Vec<Value> = found
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .map(|page| page_json(confluence, page, body))
        .collect();
    let mut links = json!({"base": confluence.base()});
    if end < found.len() {
        links["next"] = format!("/wiki/api/v2/{path}?cursor={end}&limit={limit}").into();
    }
    Ok(Json(json!({"results": results, "_links": links})))
}

pub(super) async fn list(
    AxumState(confluence): AxumState<Confluence>,
    Query(parameters): Parameters,
) -> Result<Json<Value>, Failure> {
    listed(&confluence, &parameters, "pages", None)
}

/// The storage-format body of a page to be written: directly, or under `storage`.
fn storage(body: &Value) -> Result<String, Failure> {
    let written = if body["storage"].is_object() { &body["storage"] } else { body };
    let representation = written["representation"].as_str().unwrap_or_default();
    if representation != "storage" {
        return Err(Failure::invalid(format!(
            "Provided value {{{representation}}} for 'representation' is not supported here"
        )));
    }
    let value = written["value"].as_str().ok_or_else(|| Failure::invalid("Must supply body value"))?;
    check_storage(value)?;
    Ok(value.to_owned())
}

/// The storage format is XML: an unclosed tag or a bare ampersand is refused.
fn check_storage(value: &str) -> Result<(), Failure> {
    let refused = |what: &str| Failure::invalid(format!("Error parsing xhtml: {what}"));
    let mut open: Vec<&str> = Vec::new();
    let mut rest = value;
    while let Some(start) = rest.find(['<', '&']) {
        if rest[start..].starts_with('&') {
            let entity = rest[start + 1..].split_once(';').map(|(name, _)| name);
            if !entity
                .is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '#'))
            {
                return Err(refused("The reference to entity must end with the ';' delimiter."));
            }
            rest = &rest[start + 1..];
            continue;
        }
        let tag = &rest[start..];
        if let Some(data) = tag.strip_prefix("<![CDATA[") {
            let end = data.find("]]>").ok_or_else(|| refused("CDATA section is not closed"))?;
            rest = &data[end + 3..];
            continue;
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            let end = comment.find("-->").ok_or_else(|| refused("comment is not closed"))?;
            rest = &comment[end + 3..];
            continue;
        }
        let end = tag.find('>').ok_or_else(|| refused("a tag has no end"))?;
        let inner = &tag[1..end];
        let name = inner.trim_start_matches('/').split([' ', '/', '\n', '\t']).next().unwrap_or_default();
        if name.is_empty() {
            return Err(refused("a tag has no name"));
        }
        if inner.starts_with('/') {
            match open.pop() {
                Some(last) if last == name => {}
                Some(last) => return Err(refused(&format!("expected </{last}>, found </{name}>"))),
                None => return Err(refused(&format!("</{name}> closes nothing"))),
            }
        } else if !inner.ends_with('/') {
            open.push(name);
        }
        rest = &tag[end + 1..];
    }
    match open.last() {
        Some(name) => Err(refused(&format!("<{name}> is not closed"))),
        None => Ok(()),
    }
}

fn check_title(state: &State, space: usize, title: &str) -> Result<(), Failure> {
    if title.trim().is_empty() {
        return Err(Failure::invalid("Must supply a title when publishing a page"));
    }
    let taken =
        state.pages.iter().any(|page| page.space == space && page.title == title && page.status == "current");
    match taken {
        true => Err(Failure::invalid(
            "A page with this title already exists: A page already exists with the same TITLE in this space",
        )),
        false => Ok(()),
    }
}

pub(super) async fn create(
    AxumState(confluence): AxumState<Confluence>,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let body = parse(&body)?;
    let space = confluence.space(body["spaceId"].as_str().unwrap_or_default())?;
    let title = body["title"].as_str().unwrap_or_default();
    let content = if body["body"].is_null() { String::new() } else { storage(&body["body"])? };
    let now = (confluence.0.clock)();
    let mut state = confluence.lock();
    check_title(&state, space, title)?;
    let parent = match body["parentId"].as_str() {
        Some(id) => Some(state.page(id).map(|page| page.id.clone())?),
        None => confluence.home(&state, space),
    };
    let page = Stored {
        id: state.next_id(),
        space,
        parent,
        title: title.to_owned(),
        body: content,
        status: "current",
        version: 1,
        created: now,
    };
    let answer = single(&confluence, &page, true);
    state.pages.push(page);
    Ok(answer)
}

pub(super) async fn get(
    AxumState(confluence): AxumState<Confluence>,
    Path(id): Path<String>,
    Query(parameters): Parameters,
) -> Result<Json<Value>, Failure> {
    let body = wants_storage(&parameters)?;
    let state = confluence.lock();
    Ok(single(&confluence, state.page(&id)?, body))
}

/// Writes the next version of a page. Another number is refused: somebody else was faster.
pub(super) async fn update(
    AxumState(confluence): AxumState<Confluence>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let body = parse(&body)?;
    let (title, content) = (body["title"].as_str().unwrap_or_default(), storage(&body["body"])?);
    let mut state = confluence.lock();
    let page = state.page(&id)?.clone();
    if body["version"]["number"].as_u64() != Some(page.version + 1) {
        return Err(Failure::conflict(format!(
            "Version must be incremented when updating a page. Current version: {}",
            page.version
        )));
    }
    if page.title != title {
        check_title(&state, page.space, title)?;
    }
    let page = state.page_mut(&id)?;
    title.clone_into(&mut page.title);
    (page.body, page.version) = (content, page.version + 1);
    let page = page.clone();
    Ok(single(&confluence, &page, true))
}

pub(super) async fn delete(
    AxumState(confluence): AxumState<Confluence>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    confluence.lock().page_mut(&id)?.status = "trashed";
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_storage_format_must_be_well_formed() {
        assert!(check_storage("<p>a &amp; b<br/><strong>c</strong></p>").is_ok());
        assert!(check_storage("<ac:plain-text-body><![CDATA[if a < b && c]]></ac:plain-text-body>").is_ok());
        assert!(check_storage("<p>a").is_err());
        assert!(check_storage("<p>a</em></p>").is_err());
        assert!(check_storage("<p>a & b</p>").is_err());
    }
}
