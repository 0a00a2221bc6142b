//! The page of a plan: planning the same requirements again updates it, unless people have changed it.

use crate::action::Action;
use crate::actions::delete_page::DeletePage;
use crate::actions::get_page::GetPage;
use crate::actions::update_page::{MOST_REMEMBERED, UpdatePage};
use crate::context::Context;
use crate::done::Done;
use crate::effect::Intent;
use crate::page_look::{look, look_of};
use domain::execution::Inverse;
use domain::plugins::{Documentation, Page, PageContent, PageRequest};
use domain::{ActionError, ErrorKind};
use jiff::{SignedDuration, Timestamp};
use records::PlannedPage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How long an unconfirmed creation by another run may still show up in a wiki whose search lags.
const LAG: SignedDuration = SignedDuration::from_mins(10);

/// What later steps can read of a page that was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WrittenPage {
    /// Where people see it.
    pub doc_url: String,
    /// The wiki's id.
    pub page_id: String,
    /// `created`, or for the page of a plan also `updated`, `unchanged`, or `left` where people have changed it, or a page with that title is not ours.
    pub state: Option<PageState>,
}

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageState {
    /// It is new.
    Created,
    /// It was written before, and now matches the plan.
    Updated,
    /// It was written before and says so already.
    Unchanged,
    /// It is not as we wrote it, so it stays as it is.
    Left,
}

/// A page before it is updated: decided on once, the same for every later attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Before {
    state: PageState,
    url: String,
    title: String,
    source: String,
}

/// A page that a step is to write.
pub(crate) struct Writing<'a> {
    /// The step.
    pub(crate) context: &'a Context<'a>,
    /// The project's wiki.
    pub(crate) wiki: &'a dyn Documentation,
    /// The space's key.
    pub(crate) space: String,
    /// The ID of the page that it stands under.
    pub(crate) parent: Option<String>,
    /// The title.
    pub(crate) title: String,
    /// The digest of what it says, apart from the date.
    pub(crate) said: String,
    /// Its text in Markdown, as of a moment.
    pub(crate) text: &'a (dyn Fn(Timestamp) -> Result<String, ActionError> + Sync),
}

impl Writing<'_> {
    /// Creates the page, unless an earlier attempt did.
    ///
    /// # Errors
    /// `Conflict` if the space has a page with that title; the wiki's errors.
    pub(crate) async fn create(&self) -> Result<Done<WrittenPage>, ActionError> {
        let intent = self.context.effect().intend(false).await?;
        self.create_intended(&intent).await
    }

    async fn create_intended(&self, intent: &Intent) -> Result<Done<WrittenPage>, ActionError> {
        let request = self.request(&self.title, (self.text)(intent.mark.at)?);
        let earlier = match intent.resumed {
            true => self.wiki.find_page(&request, &intent.mark).await?,
            false => None,
        };
        let page = match earlier {
            Some(page) => page,
            None => {
                let place = format!("the space {}", request.space);
                let created = self.wiki.create_page(&request, &intent.mark);
                self.context.effect().send(Some(place), created).await?
            }
        };
        let inverse = json!({ "page_id": page.id });
        let output = written(page.url, page.id, PageState::Created);
        Ok(Done::undone_by(output, DeletePage::SPEC.id(), inverse))
    }

    /// Updates the page that was written for the same requirements, if nobody has changed it since; creates one if there is none.
    ///
    /// # Errors
    /// `Unavailable` while another run creates the same; as [`Self::create`].
    pub(crate) async fn create_or_update(&self, plan_id: &str) -> Result<Done<WrittenPage>, ActionError> {
        let (table, project) = (self.context.table(), &self.context.scope().project.key);
        let earlier = table.planned_page(project, plan_id).await?;
        let replaced = match earlier {
            // One that this very effect created is created again, which finds it.
            Some(own) if own.claim == self.context.key => Some(own.claim),
            Some(known) => {
                let claim = known.claim.clone();
                if let Some(known) = self.settled(known).await?
                    && let Some(done) = self.update(known).await?
                {
                    return Ok(done);
                }
                Some(claim)
            }
            None => {
                let titled = self.wiki.find_titled_page(&self.space, self.parent.as_deref(), &self.title);
                if let Some(page) = titled.await? {
                    self.context.effect().intend(true).await?;
                    return Ok(Done::for_good(written(page.url, page.id, PageState::Left)));
                }
                None
            }
        };
        self.create_claimed(plan_id, replaced.as_deref()).await
    }

    /// An earlier claim with its page; `None` if it came to nothing.
    async fn settled(&self, mut known: PlannedPage) -> Result<Option<PlannedPage>, ActionError> {
        if known.page_id.is_some() {
            return Ok(Some(known));
        }
        let request = self.request(&known.title, String::new());
        if let Some(page) = self.wiki.find_page(&request, &known.mark()).await? {
            known.looks = vec![look(&self.wiki.get_page(&page.id).await?)];
            known.page_id = Some(page.id);
            return Ok(Some(known));
        }
        if self.context.clock().now().duration_since(known.claimed_at) < LAG {
            return Err(ActionError {
                retry_after: LAG.try_into().ok(),
                ..ActionError::unavailable(format!(
                    "another planning of the same requirements began to create their page at {}, and it is not known yet whether it exists",
                    known.claimed_at
                ))
            });
        }
        Ok(None)
    }

    /// Updates a page; `None` if it is gone.
    async fn update(&self, mut known: PlannedPage) -> Result<Option<Done<WrittenPage>>, ActionError> {
        let (effect, page_id) = (self.context.effect(), known.page_id.clone().unwrap_or_default());
        let before: Option<Before> = effect
            .remember("before", GetPage::SPEC.id(), async || match self.wiki.get_page(&page_id).await {
                Ok(found) => Ok(Some(self.before(&known, found))),
                Err(error) if error.kind == ErrorKind::Rejected => Ok(None),
                Err(error) => Err(error),
            })
            .await?;
        let Some(Before { state, url, title, source }) = before else { return Ok(None) };
        let output = written(url.clone(), page_id.clone(), state);
        if state != PageState::Updated {
            effect.intend(true).await?;
            return Ok(Some(Done::for_good(output)));
        }
        let intent = effect.intend(false).await?;
        let content = PageContent {
            page: Page { id: page_id.clone(), url: url.clone() },
            title: self.title.clone(),
            markdown: String::new(),
            source: self.wiki.source_from_markdown(&(self.text)(intent.mark.at)?),
        };
        effect.send_again(Some(url), self.wiki.update_page(&page_id, &content)).await?;
        let look = look_of(self.wiki, &page_id).await?;
        known.written(self.said.clone(), look.clone());
        self.keep(&known).await?;
        let inverse = json!({"page_id": page_id, "title": title, "source": source, "look": look});
        Ok(Some(Done::undone_by(output, UpdatePage::SPEC.id(), inverse)))
    }

    /// What becomes of a page, and what an undo needs.
    fn before(&self, known: &PlannedPage, found: PageContent) -> Before {
        let look = look(&found);
        let is_as_written = known.looks.contains(&look);
        // An undo has brought what it said before back.
        let is_former = known.looks.iter().skip(1).any(|former| *former == look);
        let state = match found.source.len() {
            _ if known.said.as_ref() == Some(&self.said) && !is_former => PageState::Unchanged,
            // A longer page could not be restored.
            0..=MOST_REMEMBERED if is_as_written => PageState::Updated,
            _ => PageState::Left,
        };
        let source = if state == PageState::Updated { found.source } else { String::new() };
        Before { state, url: found.page.url, title: found.title, source }
    }

    async fn create_claimed(
        &self,
        plan_id: &str,
        replaced: Option<&str>,
    ) -> Result<Done<WrittenPage>, ActionError> {
        let (table, effect) = (self.context.table(), self.context.effect());
        let intent = effect.intend(false).await?;
        let mut claim = PlannedPage {
            project: self.context.scope().project.key.clone(),
            plan: plan_id.to_owned(),
            claim: intent.mark.key.clone(),
            claimed_at: intent.mark.at,
            title: self.title.clone(),
            page_id: None,
            said: None,
            looks: Vec::new(),
        };
        if !effect.seeks() && !table.claim_planned_page(&claim, replaced).await? {
            return Err(ActionError::unavailable(
                "another planning of the same has just begun to create its page; the next attempt finds it",
            ));
        }
        let mut done = self.create_intended(&intent).await?;
        let page_id = done.output.page_id.clone();
        let look = look_of(self.wiki, &page_id).await?;
        done.inverse =
            Some(Inverse { action: DeletePage::SPEC.id(), input: json!({"page_id": page_id, "look": look}) });
        claim.written(self.said.clone(), look);
        claim.page_id = Some(page_id);
        self.keep(&claim).await?;
        Ok(done)
    }

    fn request(&self, title: &str, markdown: String) -> PageRequest {
        PageRequest {
            space: self.space.clone(),
            title: title.to_owned(),
            markdown,
            parent: self.parent.clone(),
        }
    }

    async fn keep(&self, page: &PlannedPage) -> Result<(), ActionError> {
        if !self.context.table().put_planned_page(page).await? {
            tracing::warn!(plan = page.plan, "another planning has claimed the page, and its record is kept");
        }
        Ok(())
    }
}

fn written(doc_url: String, page_id: String, state: PageState) -> WrittenPage {
    WrittenPage { doc_url, page_id, state: Some(state) }
}
