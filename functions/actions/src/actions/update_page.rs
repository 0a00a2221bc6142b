//! `update_page`: replaces the text of a page of documentation; its inverse restores the former text.

use crate::action::{Action, Done, NoOutput};
use crate::actions::get_page::GetPage;
use crate::context::Context;
use crate::page_look::{digest, look_of, was_changed};
use crate::spec::ActionSpec;
use domain::plugins::{Page, PageContent};
use domain::{ActionError, PluginType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The wiki's id.
    pub page_id: String,
    /// The new text in Markdown.
    #[serde(default)]
    pub content: Option<String>,
    /// The new title. Default: as it is.
    #[serde(default)]
    pub title: Option<String>,
    /// The new text in the wiki's own form, in place of `content`. The inverse gives it.
    #[serde(default)]
    pub source: Option<String>,
    /// How the page looked after it was written: with another look, somebody has changed it, and it stays as it is. Default: it is replaced however
    /// it looks. The inverse gives it.
    #[serde(default)]
    pub look: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Where people see it.
    pub doc_url: String,
    /// The wiki's id.
    pub page_id: String,
}

/// A page's former content.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Before {
    url: String,
    title: String,
    source: String,
}

/// The longest text in bytes that is remembered, so that it can be restored.
pub(crate) const MOST_REMEMBERED: usize = 100_000;

/// Replaces the text, the title, or both. The former content is remembered across attempts, so that the inverse stays correct.
///
/// # Errors
/// `Rejected` if there is no such page, if neither text nor title is given, or if the page is too long to be restored; `Conflict` if
/// somebody else changes it at the same time, or if it looks otherwise than `look` says; the wiki's errors.
pub struct UpdatePage;

impl Action for UpdatePage {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec =
        ActionSpec::of_plugin("update_page", PluginType::Documentation).effect().undone_by(&["update_page"]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let Input { page_id, content, title, source, look } = input;
        let (wiki, effect) = (context.wiki().await?, context.effect());
        let wiki = &*wiki;
        let wanted = match (content, source) {
            (Some(_), Some(_)) => return Err(refused("`content` and `source` exclude each other").into()),
            (Some(content), None) => Some(wiki.source_from_markdown(&content)),
            (None, source) => source,
        };
        if wanted.is_none() && title.is_none() {
            return Err(refused("give `content`, `title` or both").into());
        }
        let before: Before = effect
            .remember("before", GetPage::SPEC.id(), async || {
                let PageContent { page: Page { url, .. }, title, source, .. } = wiki.get_page(&page_id).await?;
                match source.len() {
                    0..=MOST_REMEMBERED => Ok(Before { url, title, source }),
                    length => Err(refused(&format!(
                        "the page has {length} bytes; only pages of at most {MOST_REMEMBERED} can be restored, so it was not changed"
                    ))),
                }
            })
            .await?;
        if look.is_some_and(|look| look != digest(&[&before.title, &before.source])) {
            return Err(was_changed(&page_id).into());
        }
        effect.intend(false).await?;
        let page = Page { id: page_id.clone(), url: before.url.clone() };
        let content = PageContent {
            page,
            title: title.unwrap_or_else(|| before.title.clone()),
            markdown: String::new(),
            source: wanted.unwrap_or_else(|| before.source.clone()),
        };
        effect.send_again(Some(before.url.clone()), wiki.update_page(&page_id, &content)).await?;
        let look = look_of(wiki, &page_id).await?;
        let inverse =
            json!({"page_id": page_id, "title": before.title, "source": before.source, "look": look});
        Ok(Done::undone_by(Output { doc_url: before.url, page_id }, Self::SPEC.id(), inverse))
    }
}

fn refused(why: &str) -> ActionError {
    ActionError::rejected(format!("update_page: {why}"))
}
