//! Sends people the direct messages that they chose: that a question waits for them, or that an execution of theirs waits at a limit, failed or
//! ended otherwise.
//! Each is recorded once, as a reply without a delivery, and sent like other replies.

use crate::handle::Events;
use crate::look::Look;
use crate::reason::{absent, words_of};
use crate::reply::mark_of_reply;
use control::{Authorization, Directory, Operation, authorize};
use domain::configuration::{Configuration, Notice, Project, User};
use domain::execution::{Outcome, UNDO_WORKFLOW};
use domain::text::{TextLimit, cut_line, literal};
use domain::{ActionError, Actor, SourceName};
use providers::chat_of;
use records::{ExecutionRecord, Reply, ReplyPlace, ShownPlace, Topic, Waiter};

/// The most characters of a question or a reason.
const TOLD: TextLimit = TextLimit::characters(300);

/// A notice, and its identity among those of the same execution.
struct News<'a> {
    notice: Notice,
    execution: &'a ExecutionRecord,
    /// The step, where several steps of an execution may have such news.
    step: &'a str,
    /// The question that it is about.
    question: Option<&'a Waiter>,
    text: String,
}

impl Events {
    /// Tells those who may answer a question that it waits, or the starter of an execution that it waits at a limit.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn notify_of_waiter(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let is_question = waiter.topic == Topic::Approval(waiter.execution.clone()).to_string();
        let is_limit = waiter.topic == Topic::Budget.to_string();
        if !is_question && !is_limit {
            return Ok(());
        }
        let Some(execution) = self.table.execution(&waiter.execution).await? else { return Ok(()) };
        let directory = Directory::read(&self.table, self.clock.now()).await?;
        let configuration = directory.configuration();
        let about = about(&execution);
        if is_limit {
            let text = format!(
                "\u{26a0}\u{fe0f} {about} waits, because a limit is reached. {}",
                status(&execution, configuration)
            );
            let news = News {
                notice: Notice::Limit,
                execution: &execution,
                step: &waiter.key,
                question: None,
                text,
            };
            return self.notify_starter(configuration, &news).await;
        }
        let project = execution.project.as_deref().and_then(|key| configuration.project(key));
        let question = waiter.question.as_deref().unwrap_or("A question");
        let named = execution.task_id.as_deref().unwrap_or(&execution.name);
        let command = &configuration.webhooks.command;
        let text = format!(
            "\u{2753} **{}**\n\n{about} waits for an answer: `{command} approve {named}` or `{command} deny {named}`.",
            literal(&cut_line(question, TOLD))
        );
        let news = News {
            notice: Notice::Approval,
            execution: &execution,
            step: &waiter.key,
            question: Some(waiter),
            text,
        };
        let not_by = self.control.not_by(configuration, waiter).await?;
        let not_by = not_by.as_deref();
        let operation = Operation::Answer { project, question, approvers: &waiter.approvers, not_by };
        for user in &configuration.users {
            let person = Some(user.name.clone());
            let actor = Actor { source: SourceName::API, id: user.name.clone(), display_name: None, person };
            if authorize(configuration, &operation, Some(&actor)) == Authorization::Allowed {
                self.notify(configuration, user, &news).await?;
            }
        }
        Ok(())
    }

    /// Tells the starter of an execution how it ended. The result of a stop or an undo is shown where somebody asked for it.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn notify_of_end(&self, look: &Look) -> Result<(), ActionError> {
        let execution = &look.view.execution;
        let configuration = look.configuration.clone()?;
        let (notice, text) = match execution.outcome {
            _ if execution.workflow == UNDO_WORKFLOW => return Ok(()),
            Outcome::Succeeded => {
                let text = match absent(execution.output.as_ref(), words_of(&configuration, execution)) {
                    Some(what) => format!("\u{23f9}\u{fe0f} {} ended without a {what}.", about(execution)),
                    None => format!("\u{2705} {} is done.", about(execution)),
                };
                (Notice::Done, text)
            }
            Outcome::Failed | Outcome::RolledBack => {
                let cause = execution.cause.as_deref().map(|cause| cut_line(cause, TOLD)).unwrap_or_default();
                (Notice::Failed, format!("\u{274c} {} failed: {}", about(execution), literal(&cause)))
            }
            Outcome::Pending | Outcome::Running | Outcome::Waiting | Outcome::Stopped => return Ok(()),
        };
        let text = format!("{text} {}", status(execution, &configuration));
        let news = News { notice, execution, step: "", question: None, text };
        self.notify_starter(&configuration, &news).await
    }

    async fn notify_starter(
        &self,
        configuration: &Configuration,
        news: &News<'_>,
    ) -> Result<(), ActionError> {
        let starter = news.execution.actor.as_ref().and_then(|actor| actor.person.as_ref());
        let user = starter.and_then(|name| configuration.users.iter().find(|user| user.name == *name));
        match user {
            Some(user) => self.notify(configuration, user, news).await,
            None => Ok(()),
        }
    }

    /// Records a direct message to a person, once, if they chose to get it and have an account at the project's chat.
    async fn notify(
        &self,
        configuration: &Configuration,
        user: &User,
        news: &News<'_>,
    ) -> Result<(), ActionError> {
        let News { notice, execution, step, question, text } = news;
        let project = execution.project.as_deref().and_then(|key| configuration.project(key));
        let Some((chat, account)) = self.account_at_chat(configuration, project, user).await? else {
            return Ok(());
        };
        if !self.control.is_told(configuration, &user.name, *notice).await? {
            return Ok(());
        }
        let delivery = format!("notice {} {} {step} {}", notice.as_str(), execution.name, user.name);
        let now = self.clock.now();
        if let Some(waiter) = question {
            let mark = mark_of_reply(chat.as_str(), &delivery);
            let place = ShownPlace::Direct { chat: chat.to_string(), account: account.clone(), mark };
            self.table.put_shown(waiter, &place, now).await?;
        }
        let question = question.map(|waiter| (waiter.topic.clone(), waiter.key.clone()));
        let place = ReplyPlace::Person { account, question };
        let reply = Reply {
            source: chat,
            delivery,
            place,
            text: text.clone(),
            at: now,
            sent_at: None,
            not_before: None,
        };
        Ok(self.table.put_reply(&reply).await?)
    }

    /// The chat of a project, and a person's account there: the configured one, else one that they joined.
    async fn account_at_chat(
        &self,
        configuration: &Configuration,
        project: Option<&Project>,
        user: &User,
    ) -> Result<Option<(SourceName, String)>, ActionError> {
        let Some(chat) = chat_of(configuration, project, None) else { return Ok(None) };
        let Ok(source) = chat.as_str().parse::<SourceName>() else { return Ok(None) };
        if let Some(account) = user.account_at(configuration.account_names(chat.as_str())) {
            return Ok(Some((source, account.to_owned())));
        }
        let joined = self.table.joined_accounts(&user.name).await?;
        let there = joined.into_iter().find(|joined| joined.account.source == source);
        Ok(there.map(|joined| (source, joined.account.id)))
    }
}

/// The work, as people call it: `development on SHOP-1`.
fn about(execution: &ExecutionRecord) -> String {
    let workflow = literal(&execution.workflow);
    match &execution.task_id {
        Some(task_id) => format!("{workflow} on **{}**", literal(task_id)),
        None => format!("{workflow} (`{}`)", execution.name),
    }
}

/// How they see more of it.
fn status(execution: &ExecutionRecord, configuration: &Configuration) -> String {
    let named = execution.task_id.as_deref().unwrap_or(&execution.name);
    format!("`{} status {named}` shows more.", configuration.webhooks.command)
}
