//! Pages and their text.

use axum::Json;
use axum::extract::{Path, Query, State as AxumState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, Notion, Stored};

/// The longest text of one rich text.
const MOST_TITLE: usize = 2_000;

/// The largest request, in bytes: <https://developers.notion.com/reference/request-limits>.
const MOST_REQUEST: usize = 500_000;

type Answer = Result<Json<Value>, Failure>;

impl Notion {
    /// Whether the integration sees a page: it or a page above it is shared.
    fn is_shared(pages: &[Stored], id: &str) -> bool {
        let Some(page) = pages.iter().find(|page| page.id == id) else { return false };
        page.shared || page.parent.as_deref().is_some_and(|parent| Self::is_shared(pages, parent))
    }

    fn page_json(&self, page: &Stored) -> Value {
        let parent = match &page.parent {
            Some(parent) => json!({"type": "page_id", "page_id": parent}),
            None => json!({"type": "workspace", "workspace": true}),
        };
        let text =
            json!({"type": "text", "text": {"content": page.title, "link": null}, "plain_text": page.title});
        json!({
            "object": "page", "id": page.id, "created_time": page.created.to_string(), "last_edited_time": page.edited.to_string(),
            "created_by": {"object": "user", "id": self.0.bot}, "parent": parent, "in_trash": page.in_trash,
            "properties": {"title": {"id": "title", "type": "title", "title": [text]}},
            "url": format!("{}/{}", self.0.base_url, page.id.replace('-', "")),
        })
    }
}

/// A page that the integration sees.
fn seen<'a>(pages: &'a mut [Stored], id: &str) -> Result<&'a mut Stored, Failure> {
    if !Notion::is_shared(pages, id) {
        return Err(Failure::unknown(id));
    }
    pages.iter_mut().find(|page| page.id == id).ok_or_else(|| Failure::unknown(id))
}

/// The title in the properties of a page, which is all that a page under a page has.
fn title(properties: &Value) -> Result<Option<String>, Failure> {
    let Some(given) = properties.as_object() else { return Ok(None) };
    if let Some(other) = given.keys().find(|name| *name != "title") {
        return Err(Failure::invalid(format!("{other} is not a property that exists.")));
    }
    let parts =
        properties["title"]["title"].as_array().ok_or_else(|| Failure::invalid("title should be defined"))?;
    let contents = parts.iter().map(|part| part["text"]["content"].as_str().unwrap_or_default());
    let title: String = contents.collect();
    if title.encode_utf16().count() > MOST_TITLE {
        return Err(Failure::invalid(format!(
            "body.properties.title.title[0].text.content.length should be ≤ `{MOST_TITLE}`"
        )));
    }
    Ok(Some(title))
}

fn check_size(body: &Value) -> Result<(), Failure> {
    if body.to_string().len() > MOST_REQUEST {
        return Err(Failure::invalid("The request is too large: its length should be ≤ 500 KB"));
    }
    Ok(())
}

/// `POST /v1/pages`
pub(super) async fn create(AxumState(notion): AxumState<Notion>, Json(body): Json<Value>) -> Answer {
    check_size(&body)?;
    let parent = body["parent"]["page_id"].as_str().unwrap_or_default().to_owned();
    let title = title(&body["properties"])?.unwrap_or_default();
    let now = notion.now();
    let mut pages = notion.lock();
    if seen(&mut pages, &parent)?.in_trash {
        return Err(Failure::invalid("Can't edit page on block with an archived ancestor."));
    }
    let page = Stored {
        id: uuid::Uuid::new_v4().to_string(),
        title,
        parent: Some(parent),
        markdown: body["markdown"].as_str().unwrap_or_default().to_owned(),
        in_trash: false,
        shared: false,
        created: now,
        edited: now,
    };
    let shown = notion.page_json(&page);
    pages.push(page);
    Ok(Json(shown))
}

/// `GET /v1/pages/{page}`
pub(super) async fn get(AxumState(notion): AxumState<Notion>, Path(id): Path<String>) -> Answer {
    let mut pages = notion.lock();
    let page = seen(&mut pages, &id)?.clone();
    Ok(Json(notion.page_json(&page)))
}

/// `PATCH /v1/pages/{page}`
pub(super) async fn edit(
    AxumState(notion): AxumState<Notion>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Answer {
    let (title, now) = (title(&body["properties"])?, notion.now());
    let mut pages = notion.lock();
    let page = seen(&mut pages, &id)?;
    if let Some(title) = title {
        page.title = title;
    }
    if let Some(in_trash) = body["in_trash"].as_bool() {
        page.in_trash = in_trash;
    }
    page.edited = now;
    let page = page.clone();
    Ok(Json(notion.page_json(&page)))
}

fn markdown_json(page: &Stored) -> Value {
    json!({"object": "page_markdown", "id": page.id, "markdown": page.markdown, "truncated": false, "unknown_block_ids": []})
}

/// `GET /v1/pages/{page}/markdown`
pub(super) async fn markdown(AxumState(notion): AxumState<Notion>, Path(id): Path<String>) -> Answer {
    let mut pages = notion.lock();
    Ok(Json(markdown_json(seen(&mut pages, &id)?)))
}

/// `PATCH /v1/pages/{page}/markdown`
pub(super) async fn replace(
    AxumState(notion): AxumState<Notion>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Answer {
    check_size(&body)?;
    let text = match body["type"].as_str() {
        Some("replace_content") => body["replace_content"]["new_str"].as_str(),
        _ => return Err(Failure::invalid("only replace_content is simulated")),
    };
    let text = text.ok_or_else(|| Failure::invalid("replace_content.new_str should be defined"))?;
    let now = notion.now();
    let mut pages = notion.lock();
    // Notion does not delete child pages in the text unless asked to.
    if pages.iter().any(|page| page.parent.as_deref() == Some(id.as_str()) && !page.in_trash)
        && body["replace_content"]["allow_deleting_content"] != true
    {
        return Err(Failure::invalid(
            "This operation would delete child pages; set allow_deleting_content to allow that",
        ));
    }
    let page = seen(&mut pages, &id)?;
    if page.in_trash {
        return Err(Failure::invalid(
            "Can't edit block that is archived. You must unarchive the block before editing.",
        ));
    }
    (page.markdown, page.edited) = (text.to_owned(), now);
    Ok(Json(markdown_json(page)))
}

#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    #[serde(default)]
    start_cursor: Option<String>,
    #[serde(default)]
    page_size: Option<usize>,
}

/// `GET /v1/blocks/{page}/children`: the pages under a page, and one paragraph, as its text also consists of blocks.
pub(super) async fn children(
    AxumState(notion): AxumState<Notion>,
    Path(id): Path<String>,
    Query(Listing { start_cursor, page_size }): Query<Listing>,
) -> Answer {
    let mut pages = notion.lock();
    seen(&mut pages, &id)?;
    let paragraph = json!({"object": "block", "id": uuid::Uuid::nil().to_string(), "type": "paragraph", "paragraph": {"rich_text": []},
                           "created_time": notion.now().to_string()});
    let below = pages.iter().filter(|page| page.parent.as_deref() == Some(id.as_str()) && !page.in_trash);
    let below = below.map(|page| {
        json!({"object": "block", "id": page.id, "type": "child_page", "child_page": {"title": page.title},
               "created_time": page.created.to_string(), "has_children": true, "in_trash": false})
    });
    let all: Vec<Value> = [paragraph].into_iter().chain(below).collect();
    let start = match &start_cursor {
        None => 0,
        Some(cursor) => all
            .iter()
            .position(|block| block["id"] == cursor.as_str())
            .ok_or_else(|| Failure::invalid("The start_cursor provided is invalid"))?,
    };
    let size = page_size.unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(Failure::invalid("page_size should be from 1 to 100"));
    }
    let end = all.len().min(start + size);
    let next = all.get(end).map(|block| block["id"].clone());
    let results = all.get(start..end).unwrap_or_default();
    Ok(Json(
        json!({"object": "list", "type": "block", "block": {}, "has_more": next.is_some(), "next_cursor": next, "results": results}),
    ))
}

/// `GET /v1/users/me`
pub(super) async fn myself(AxumState(notion): AxumState<Notion>) -> Json<Value> {
    Json(json!({"object": "user", "id": notion.0.bot, "type": "bot", "name": "Ticketsmith", "bot": {}}))
}
