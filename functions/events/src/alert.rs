//! Alerts: tells the team, and programs that follow the execution, once when a share of a limit is spent.

use crate::handle::Events;
use crate::look::Look;
use domain::configuration::{Configuration, Project};
use domain::plugins::{Mark, Message, MessageBody};
use domain::{ActionError, Actor, MicroUsd, PluginType};
use records::{ExecutionRecord, Limits, NewFrame, Spender};
use serde_json::json;

impl Events {
    /// Reports to the project's channel, and in the execution's feed, the highest share in `alert_at_percent` that the limit of the ticket, or of the month of the person,
    /// the project or the workflow, has reached since the last alert. Failures are logged; the costs are in the records either way.
    pub(crate) async fn alert_logged(&self, look: &Look) {
        if let Err(error) = self.alert(look).await {
            tracing::warn!(execution = look.view.execution.name, %error, "a spending alert was not sent");
        }
    }

    async fn alert(&self, look: &Look) -> Result<(), ActionError> {
        let execution = &look.view.execution;
        let name = &execution.name;
        let now = self.clock.now();
        let configuration = look.configuration.clone()?;
        let place = channel_of(&configuration, execution);
        let budgets = &configuration.budgets;
        let limits = Limits::from(budgets);
        let account = execution.actor.as_ref().map_or_else(|| "nobody".to_owned(), Actor::account);
        let spender = Spender {
            account: &account,
            task_id: execution.task_id.as_deref(),
            project: execution.project.as_deref(),
            workflow: Some(&execution.workflow),
        };
        let all = spender.limits(now);
        let spendings = self.table.spendings(&all).await?;
        for of in all {
            let Some((spending, limit)) = spendings.get(&of).zip(limits.of(&of)) else { continue };
            let (spent, limit) = (spending.spent, limit + spending.added);
            let Some(percent) = highest_reached(&budgets.alert_at_percent, spent, limit) else { continue };
            if !self.table.claim_alert(&of, percent).await? {
                continue;
            }
            let data = json!({
                "execution": name,
                "limit": of.to_string(),
                "percent": percent,
                "spent_micro_usd": spent.0,
                "limit_micro_usd": limit.0,
            });
            let part = format!("alert {of} {percent}");
            let told = self.tell_one(name, part, NewFrame { event: "budget.alert", data }).await;
            let Some((project, channel)) = &place else {
                told?;
                continue;
            };
            let text = format!(
                "\u{26a0}\u{fe0f} **{percent} %** of the limit of {of} is spent: {spent} of {limit} ({})",
                project.key
            );
            let message = Message {
                channel: channel.clone(),
                thread: None,
                body: MessageBody { text, buttons: Vec::new(), rest: None },
            };
            let mark = Mark { key: format!("{of}/alert/{percent}"), at: now };
            self.feedback.send_message(&configuration, project, &message, &mark).await?;
            told?;
        }
        Ok(())
    }
}

fn channel_of<'a>(
    configuration: &'a Configuration,
    execution: &ExecutionRecord,
) -> Option<(&'a Project, String)> {
    let project = configuration.project(execution.project.as_deref()?)?;
    project.providers.get(&PluginType::Communication)?;
    Some((project, project.channel.clone()?))
}

/// The highest share that is spent; none for a limit of zero.
fn highest_reached(shares: &[u8], spent: MicroUsd, limit: MicroUsd) -> Option<u8> {
    let reached = |percent: &&u8| u128::from(spent.0) * 100 >= u128::from(limit.0) * u128::from(**percent);
    shares.iter().filter(reached).max().copied().filter(|_| limit > MicroUsd::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_share_that_is_spent() {
        let reached = |spent| highest_reached(&[100, 50, 80], MicroUsd(spent), MicroUsd(1_000));
        assert_eq!(
            [reached(499), reached(500), reached(999), reached(1_000)],
            [None, Some(50), Some(80), Some(100)]
        );
        assert_eq!(highest_reached(&[50], MicroUsd::ZERO, MicroUsd::ZERO), None);
        assert_eq!(highest_reached(&[], MicroUsd(1), MicroUsd(1)), None);
    }
}
