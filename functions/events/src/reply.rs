//! Answers the authors of deliveries where they wrote: `webhooks` records the answers and cannot send them.

use crate::handle::Events;
use domain::configuration::{Configuration, InstanceName};
use domain::plugins::{Mark, Message, MessageBody, RepositoryAccess};
use domain::{ActionError, ErrorKind, PluginType};
use jiff::SignedDuration;
use providers::{chat_of, tracker_of};
use records::{OwnAccount, Reply, ReplyPlace, ShownPlace, Waiter, WaitingReply};
use std::collections::VecDeque;

/// An older answer reaches nobody who still waits for it; Slack's response addresses work for half an hour.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// A direct message may still be news a day later.
const GIVE_UP_NEWS_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// How long the bot's account at a provider is taken as known.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long one sweep sends waiting replies: half of the function's time, because it has other work. The next sweep goes on.
const SEND_FOR: SignedDuration = SignedDuration::from_secs(60);

/// A service that did not answer is not asked again before.
const TRY_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// What became of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It was sent, refused or given up, or was not due.
    Settled,
    /// The service did not answer.
    Postponed,
}

impl Events {
    /// Sends a recorded reply, once. Where the service does not answer, the sweeper tries again: what changes the reply's record is told
    /// here again, so that trying at once would go on without end.
    ///
    /// # Errors
    /// When the records do not answer. A service that refuses is logged: the same reply would be refused again.
    pub(crate) async fn send_reply(&self, id: &str) -> Result<Sent, ActionError> {
        let now = self.clock.now();
        let is_due = |reply: &Reply| {
            reply.sent_at.is_none() && reply.not_before.is_none_or(|not_before| not_before <= now)
        };
        let Some(reply) = self.table.reply(id).await?.filter(is_due) else { return Ok(Sent::Settled) };
        let give_up_after = match reply.place {
            ReplyPlace::Person { .. } => GIVE_UP_NEWS_AFTER,
            _ => GIVE_UP_AFTER,
        };
        if now.duration_since(reply.at) > give_up_after {
            tracing::warn!(delivery = reply.delivery, "a reply could not be sent in time");
            self.table.mark_reply_sent(&reply, now).await?;
            return Ok(Sent::Settled);
        }
        // It is unknown whether an answer at an address was shown, so it is claimed before; comments and messages are found by their marks.
        let is_claimed = matches!(reply.place, ReplyPlace::Address { .. });
        if is_claimed && !self.table.mark_reply_sent(&reply, now).await? {
            return Ok(Sent::Settled);
        }
        let configuration = self.table.configuration(now).await?;
        match self.answer_at(&configuration, &reply).await {
            Ok(()) => {}
            Err(error) if matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unavailable) => {
                let wait = error.retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
                let wait = wait.unwrap_or(TRY_AGAIN_AFTER).max(TRY_AGAIN_AFTER);
                self.table.postpone_reply(&reply, now + wait).await?;
                tracing::warn!(delivery = reply.delivery, %error, "a reply could not be sent yet");
                return Ok(Sent::Postponed);
            }
            Err(error) => tracing::warn!(delivery = reply.delivery, %error, "a reply was refused"),
        }
        if !is_claimed {
            self.table.mark_reply_sent(&reply, now).await?;
        }
        Ok(Sent::Settled)
    }

    /// Tries again to send the replies that could not be sent, until the time is up. Services take turns, so that many replies to one do not hold up
    /// those to another. Those of a service that still does not answer stay for the next sweep.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn send_waiting_replies(&self) -> Result<(), ActionError> {
        let now = self.clock.now();
        let mut due = self.table.waiting_replies().await?;
        due.retain(|waiting| waiting.not_before <= now);
        let mut turns = VecDeque::from(in_lines(due));
        while let Some(mut line) = turns.pop_front() {
            let Some(waiting) = line.pop_front() else { continue };
            if self.clock.now().duration_since(now) > SEND_FOR {
                tracing::info!("replies are left for the next sweep");
                break;
            }
            if self.send_reply(&waiting.id).await? == Sent::Settled {
                self.table.end_waiting(&waiting).await?;
                turns.push_back(line);
            }
        }
        Ok(())
    }

    async fn answer_at(&self, configuration: &Configuration, reply: &Reply) -> Result<(), ActionError> {
        let mark = Mark { key: mark_of_reply(reply.source.as_str(), &reply.delivery), at: reply.at };
        let source = reply.source.as_str();
        match &reply.place {
            ReplyPlace::Ticket { task_id, restriction } => {
                let place = configuration.instance(source).map(|instance| instance.name.clone());
                let name = place.or_else(|| tracker_of(configuration, None, Some(task_id)));
                let tracker = self.feedback.tracker(configuration, &served(name, source)?).await?;
                if tracker.find_comment(task_id, &mark).await?.is_some() {
                    return Ok(());
                }
                match restriction {
                    Some(restriction) => {
                        tracker.add_restricted_comment(task_id, &reply.text, restriction, &mark).await?;
                    }
                    None => {
                        tracker.add_comment(task_id, &reply.text, &mark).await?;
                    }
                }
            }
            ReplyPlace::Thread { channel, thread } => {
                let name = served(chat_of(configuration, None, Some(source)), source)?;
                let chat = self.feedback.providers.chat_named(configuration, &name).await?;
                let sent = match chat.find_message(channel, Some(thread), &mark).await? {
                    Some(sent) => sent,
                    None => {
                        let body = MessageBody { text: reply.text.clone(), buttons: Vec::new(), rest: None };
                        let message =
                            Message { channel: channel.clone(), thread: Some(thread.clone()), body };
                        chat.send_message(&message, &mark).await?
                    }
                };
                self.feedback.note_answer((channel, thread), &sent).await?;
            }
            // The same, in the direct conversation of the bot and the person.
            ReplyPlace::Person { account, question } => {
                let waiter = match question {
                    Some((topic, key)) => self.table.waiter(topic, key).await?,
                    None => None,
                };
                if waiter.as_ref().is_some_and(Waiter::is_settled) {
                    return Ok(());
                }
                let name = served(chat_of(configuration, None, Some(source)), source)?;
                let chat = self.feedback.providers.chat_named(configuration, &name).await?;
                let channel = chat.direct_messages(account).await?;
                if chat.find_message(&channel, None, &mark).await?.is_none() {
                    let body = MessageBody { text: reply.text.clone(), buttons: Vec::new(), rest: None };
                    chat.send_message(&Message { channel, thread: None, body }, &mark).await?;
                }
                if let Some(waiter) = &waiter {
                    let (chat, account) = (source.to_owned(), account.clone());
                    let place = ShownPlace::Direct { chat, account, mark: mark.key.clone() };
                    self.show_if_decided(waiter, &place).await?;
                }
            }
            ReplyPlace::Address { address } => {
                let name = served(chat_of(configuration, None, Some(source)), source)?;
                let chat = self.feedback.providers.chat_named(configuration, &name).await?;
                chat.respond(address, &reply.text).await?;
            }
        }
        Ok(())
    }

    /// Asks the trackers for the bot's own accounts if the configuration does not name them: a mention of it in a comment is written
    /// with its account. Failures are logged; the next sweep asks again.
    pub(crate) async fn learn_own_accounts(&self) -> Result<(), ActionError> {
        let now = self.clock.now();
        let configuration = self.table.configuration(now).await?;
        for instance in configuration.instances() {
            let name = instance.name;
            let serves = providers::find(instance.provider())
                .is_ok_and(|spec| spec.serves.contains(&PluginType::TaskManagement));
            let own = &configuration.webhooks.own_accounts;
            if !serves || own.contains_key(name.as_str()) || own.contains_key(instance.provider()) {
                continue;
            }
            let known = self.table.own_account(name.as_str()).await?;
            if known.is_some_and(|known| now.duration_since(known.at) < KNOWN_FOR) {
                continue;
            }
            let asked = async {
                let access = RepositoryAccess::WriteIssues;
                let connected = self.feedback.providers.connect(&configuration, name, access).await?;
                match connected.tracker {
                    Some(tracker) => tracker.own_account().await,
                    None => Ok(None),
                }
            };
            match asked.await {
                Ok(account) => {
                    self.table.put_own_account(name.as_str(), &OwnAccount { account, at: now }).await?;
                }
                Err(error) => {
                    tracing::warn!(%error, instance = %name, "the bot's own account is not known yet")
                }
            }
        }
        Ok(())
    }
}

/// The key of the mark of a reply.
pub(crate) fn mark_of_reply(source: &str, delivery: &str) -> String {
    format!("reply/{source}/{delivery}")
}

/// A queue of replies for each service, with those first that have waited longest since they were tried.
fn in_lines(mut replies: Vec<WaitingReply>) -> Vec<VecDeque<WaitingReply>> {
    // One that always fails goes behind the others after each try.
    replies.sort_by_key(|waiting| waiting.not_before);
    let service = |waiting: &WaitingReply| waiting.id.split('#').next().unwrap_or_default().to_owned();
    let mut lines: Vec<VecDeque<WaitingReply>> = Vec::new();
    for waiting in replies {
        let name = service(&waiting);
        let line = lines.iter().position(|line| line.front().is_some_and(|first| service(first) == name));
        match line {
            Some(line) => lines[line].push_back(waiting),
            None => lines.push(VecDeque::from([waiting])),
        }
    }
    lines
}

fn served(name: Option<InstanceName>, source: &str) -> Result<InstanceName, ActionError> {
    name.ok_or_else(|| {
        ActionError::rejected(format!("nothing under plugins can answer what came from `{source}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_a_line_and_the_one_whose_reply_waits_longest_comes_first() {
        let waiting = |id: &str, minutes: i64| WaitingReply {
            id: id.to_owned(),
            not_before: jiff::Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes),
        };
        let lines = in_lines(vec![
            waiting("slack#b", 4),
            waiting("jira#b", 2),
            waiting("slack#a", 1),
            waiting("jira#a", 0),
            waiting("jira#c#1", 3),
        ]);
        let ids: Vec<Vec<&str>> =
            lines.iter().map(|line| line.iter().map(|waiting| waiting.id.as_str()).collect()).collect();
        assert_eq!(ids, [vec!["jira#a", "jira#b", "jira#c#1"], vec!["slack#a", "slack#b"]]);
    }
}
