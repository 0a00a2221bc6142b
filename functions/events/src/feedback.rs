//! Keeps one progress comment per execution up to date.
//!
//! The table decides who may edit: a writer claims an edit with the digest of the new text, so that the same text is never
//! written twice and edits are at least a second apart. While one writer makes the comment, the others leave their changes to it: it is told
//! of them when it records the comment. A writer that was left changes, or was overtaken by another edit, checks again after writing, so
//! that no change made in the meantime is missed.
//!
//! Edits yield to steps, so under load there are fewer. Required messages wait for their turn: the first comment, the last
//! edit, and the acknowledgement of the starting event, which is tried with each change until it succeeds.

mod acknowledge;
mod asking;
pub(crate) mod destination;
mod elsewhere;
mod ends;
mod forecasts;
mod messages;
mod render;
mod threads;
mod timing;
mod unknown_ticket;

use crate::look::Look;
use crate::reason::words_of;
use control::may_start;
use destination::{Destination, destination};
use domain::built_in_actions::CREATE_PULL_REQUEST;
use domain::configuration::{Configuration, InstanceName};
use domain::execution::Outcome;
use domain::plugins::{CommentId, Mark, Message, MessageBody, RepositoryAccess, SentMessage, TaskManagement};
use domain::{ActionError, Clock, ErrorKind, PluginType};
pub(crate) use ends::Ends;
pub(crate) use forecasts::Forecasts;
use providers::Providers;
use records::{EditClaim, ExecutionRecord, ExecutionView, ProgressPlace, RecordsError, Table};
use render::{PullRequestLink, render};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// The minimum time between two edits of a comment.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long the first writer has to create the comment before another one tries.
const MAKING: Duration = Duration::from_secs(10);

/// How often one call checks again before it leaves the rest to the next event.
const ROUNDS: usize = 5;

/// After this many refusals, an execution gets no more feedback: its ticket is gone, or the cause is not being fixed.
const REFUSALS: u32 = 3;

/// The longest wait for a provider or the edit interval for which a function keeps running.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long required messages wait for their turns. Meanwhile, other changes wait with them.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Feedback {
    pub(crate) table: Table,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) forecasts: Forecasts,
    pub(crate) ends: Ends,
}

impl Feedback {
    /// Updates the comment of an execution, or creates it, using a given look at it, if any. Executions started by other
    /// executions have none. Returns whether nothing is left to be shown or acknowledged, as far as this was seen.
    pub(crate) async fn refresh(&self, execution: &str, look: Option<&Look>) -> Result<bool, ActionError> {
        let configuration = match look {
            Some(look) => look.configuration.clone()?,
            None => self.table.configuration(self.clock.now()).await?,
        };
        let mut written: Option<String> = None;
        // The last error, and when the attempt that ended with it had begun.
        let (mut failed, mut own) = (None, None);
        let mut taken = look;
        for _ in 0..ROUNDS {
            let look = taken.take();
            let seen_at = look.map_or_else(|| self.clock.now(), |look| look.at);
            let anew;
            let view = match look {
                Some(look) => &look.view,
                None => {
                    anew = self.table.execution_view(execution).await?;
                    let Some(view) = &anew else { return Ok(true) };
                    view
                }
            };
            let Some(usual) = destination(&view.execution, &configuration) else { return Ok(true) };
            let mut destination = usual.or_elsewhere(view, &configuration);
            let is_final = view.execution.outcome.is_final();
            let in_line = self.is_in_line(&view.execution, &configuration).await?;
            // Once it costs something itself, that says more.
            let forecast = match is_final || !view.costs.is_empty() {
                true => None,
                false => self.forecasts.of(&self.table, &view.execution, seen_at).await?,
            };
            let mut text = match self.refusal(&configuration, &destination, view).await? {
                Some(refusal) => refusal,
                None => render(
                    view,
                    words_of(&configuration, &view.execution),
                    self.pull_request(&configuration, view, look).await?.as_ref(),
                    in_line,
                    forecast,
                ),
            };
            text.push_str(&self.how_to_answer(&configuration, &destination, &view.execution).await?);
            let digest = digest_of(&text);
            let known = view.progress.as_ref();
            if known.is_some_and(|known| known.refused >= REFUSALS) {
                return Ok(true);
            }
            let begins = !is_final && known.is_none_or(|known| known.place.is_none());
            if begins && !self.may_announce(&configuration, &destination, &view.execution).await? {
                return Ok(true);
            }
            if let Some(wait) = self.being_made(known.filter(|known| own != Some(known.edited_at))) {
                if !is_final {
                    // The writer that creates the comment checks again afterwards. If it has done so, nobody else shows this change.
                    match self.table.leave_to_maker(execution).await? {
                        true => return Ok(false),
                        false => continue,
                    }
                }
                self.until_made(execution, wait).await?;
            }
            if let Some(known) = known.filter(|known| known.place.is_some()) {
                let is_ours = written.as_ref().is_none_or(|written| *written == digest);
                if known.digest.as_ref() == Some(&digest) && is_ours {
                    return self.acknowledge(&configuration, &destination, &view.execution, known).await;
                }
            }
            // Within the interval of an edit that began since the look, no other one is granted. Later, one might be, and write something older in
            // its place.
            if look.is_some_and(|look| self.clock.now().duration_since(look.at).unsigned_abs() >= INTERVAL) {
                continue;
            }
            let now = self.clock.now();
            // The final text is not delayed, but does not replace one that may be newer: two writers may have different final ones.
            let latest = match is_final {
                true => seen_at,
                false => now.checked_sub(INTERVAL).unwrap_or(now).min(seen_at),
            };
            // What was seen already decides a request that would be refused: no edit is begun before another that has begun.
            if let Some(known) = known.filter(|known| known.edited_at > latest && !known.is_ahead_of(now))
                && known.digest.as_ref() != Some(&digest)
            {
                self.until_next(known, is_final, seen_at, now).await;
                continue;
            }
            // Who makes the comment has the time for it. Only our own attempt has failed already.
            let claim = self.table.claim_progress_edit(execution, &digest, latest, MAKING, own, now).await?;
            let progress = match claim {
                EditClaim::Granted(progress) => progress,
                EditClaim::Refused(None) => return Ok(false),
                EditClaim::Refused(Some(mut known)) => {
                    if known.digest.as_ref() != Some(&digest) {
                        self.until_next(&known, is_final, seen_at, now).await;
                        continue;
                    }
                    if known.place.is_some() {
                        known.acknowledged =
                            self.acknowledge(&configuration, &destination, &view.execution, &known).await?;
                    }
                    // Another writer wrote the same newer text, perhaps before our older text arrived, so it is written again.
                    if written.is_none() || written.as_ref() == Some(&digest) {
                        return Ok(known.acknowledged);
                    }
                    known
                }
            };
            let place = progress.place.clone();
            let must = is_final || place.is_none();
            let text = (text.as_str(), must);
            match self.write_somewhere(&configuration, view, &mut destination, place, text).await {
                Ok(place) => {
                    // Both are recorded at once. A function that ends in between finds the comment by its mark, and acknowledges again.
                    let acknowledged =
                        self.acknowledge_now(&configuration, &destination, &view.execution, &progress).await;
                    let edited = self.table.progress_edited(execution, &digest, &place, acknowledged).await?;
                    // While the comment was being made, other writers may have left newer changes to this one. Later, each writer shows its
                    // own change, unless two edits overtook each other.
                    let was_left_more = progress.place.is_none() && edited.outdated;
                    let is_overtaken = edited.edited_at != progress.edited_at;
                    if !was_left_more && !is_overtaken {
                        return Ok(edited.acknowledged || view.execution.continues.is_some());
                    }
                    failed = None;
                    // What others began only after ours had arrived, ours did not replace.
                    written = is_overtaken.then_some(digest);
                }
                Err(error) if error.kind == ErrorKind::Rejected => {
                    if self.table.progress_refused(execution).await? < REFUSALS {
                        return Err(error);
                    }
                    tracing::warn!(%error, "the progress comment was refused several times and is not tried again");
                    return Ok(true);
                }
                Err(error) => {
                    let passes = matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unavailable);
                    let wait = error.retry_after.unwrap_or(INTERVAL);
                    // The next event repeats steps, but not the end.
                    if !passes || wait > LONGEST_WAIT || !is_final {
                        return Err(error);
                    }
                    failed = Some(error);
                    own = Some(progress.edited_at);
                    // As long as the provider asks for.
                    tokio::time::sleep(wait).await;
                }
            }
        }
        failed.map_or(Ok(false), Err)
    }

    /// Creates or replaces the comment, and returns its place.
    async fn write(
        &self,
        configuration: &Configuration,
        view: &ExecutionView,
        destination: &Destination,
        place: Option<ProgressPlace>,
        text: &str,
    ) -> Result<ProgressPlace, ActionError> {
        let execution = &view.execution;
        let mark = Mark { key: format!("{}/progress", execution.name), at: execution.begun_at };
        let place = match place {
            Some(place) => place,
            None => match self.find_or_add(configuration, execution, destination, text, &mark).await? {
                (place, true) => return Ok(place),
                (place, false) => place,
            },
        };
        match destination {
            Destination::Ticket { provider, .. } => {
                let tracker = self.tracker(configuration, provider).await?;
                let comment = CommentId { id: place.id.clone(), url: None };
                tracker.update_comment(&place.container, &comment, text, &mark).await?;
            }
            Destination::Chat { provider, .. } => {
                let chat = self.providers.chat_named(configuration, provider).await?;
                let sent = SentMessage { channel: place.container.clone(), id: place.id.clone(), url: None };
                chat.update_message(&sent, &body(text), Some(&mark)).await?;
            }
        }
        Ok(place)
    }

    /// The comment from an earlier attempt, else a new one; and whether it is new.
    async fn find_or_add(
        &self,
        configuration: &Configuration,
        execution: &ExecutionRecord,
        destination: &Destination,
        text: &str,
        mark: &Mark,
    ) -> Result<(ProgressPlace, bool), ActionError> {
        let task_id = execution.task_id.as_deref();
        match destination {
            Destination::Ticket { provider, ticket, restriction } => {
                let tracker = self.tracker(configuration, provider).await?;
                let place = |comment: CommentId| ProgressPlace {
                    provider: provider.clone(),
                    container: ticket.clone(),
                    id: comment.id,
                };
                match tracker.find_comment(ticket, mark).await? {
                    Some(comment) => Ok((place(comment), false)),
                    None => {
                        let added = match restriction {
                            Some(restriction) => {
                                tracker.add_restricted_comment(ticket, text, restriction, mark).await?
                            }
                            None => tracker.add_comment(ticket, text, mark).await?,
                        };
                        Ok((place(added), true))
                    }
                }
            }
            Destination::Chat { provider, channel, thread } => {
                let chat = self.providers.chat_named(configuration, provider).await?;
                let place = |sent: SentMessage| ProgressPlace {
                    provider: provider.clone(),
                    container: sent.channel,
                    id: sent.id,
                };
                match chat.find_message(channel, thread.as_deref(), mark).await? {
                    Some(sent) => Ok((place(sent), false)),
                    None => {
                        let message =
                            Message { channel: channel.clone(), thread: thread.clone(), body: body(text) };
                        let sent = chat.send_message(&message, mark).await?;
                        if let Some(task_id) = task_id {
                            self.note_thread(&sent, task_id).await?;
                        }
                        Ok((place(sent), true))
                    }
                }
            }
        }
    }

    pub(crate) async fn tracker(
        &self,
        configuration: &Configuration,
        provider: &InstanceName,
    ) -> Result<Arc<dyn TaskManagement>, ActionError> {
        let connected =
            self.providers.connect(configuration, provider, RepositoryAccess::WriteIssues).await?;
        connected.tracker.ok_or_else(|| {
            ActionError::rejected(format!("`{provider}` does not support {}", PluginType::TaskManagement))
        })
    }

    /// Whether an execution waits until others that are at work have ended.
    async fn is_in_line(
        &self,
        execution: &ExecutionRecord,
        configuration: &Configuration,
    ) -> Result<bool, RecordsError> {
        let Some(project) = execution.project.as_deref() else { return Ok(false) };
        if execution.outcome != Outcome::Pending {
            return Ok(false);
        }
        let line = self.table.line(project, configuration.at_work).await?;
        let waits = self.table.place_in(&line, execution).await?.is_some_and(|place| !place.at_work);
        Ok(waits && !may_start(&line.places, configuration.at_work).contains(execution.name.as_str()))
    }

    /// The journaled pull request that was not taken back.
    async fn pull_request(
        &self,
        configuration: &Configuration,
        view: &ExecutionView,
        look: Option<&Look>,
    ) -> Result<Option<PullRequestLink>, RecordsError> {
        let Some(run) = view.execution.run() else { return Ok(None) };
        // The journal is read only if a step may have opened one.
        if !view.steps.iter().any(|step| step.action.as_str() == CREATE_PULL_REQUEST) {
            return Ok(None);
        }
        let read;
        let effects = match look {
            Some(look) => look.effects(&self.table).await?,
            None => {
                read = self.table.effects_of(run).await?;
                read.as_slice()
            }
        };
        let opened = effects
            .iter()
            .filter(|effect| effect.action.as_str() == CREATE_PULL_REQUEST && effect.undone_at.is_none());
        let words = words_of(configuration, &view.execution);
        Ok(opened.filter_map(|effect| effect.output.as_ref()).find_map(|output| {
            let (number, url) = (output["number"].as_u64()?, output["pr_url"].as_str()?.to_owned());
            Some(PullRequestLink { words, number, url })
        }))
    }
}

/// The digest by which a text is known to be shown.
fn digest_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn body(text: &str) -> MessageBody {
    MessageBody { text: text.to_owned(), buttons: Vec::new(), rest: None }
}
