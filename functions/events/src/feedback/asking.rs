//! How people answer on a ticket, where there are no buttons.

use super::Feedback;
use super::destination::Destination;
use control::keep_votes_that_count;
use domain::configuration::Configuration;
use domain::execution::Outcome;
use domain::text::literal;
use records::{ExecutionRecord, RecordsError, Topic, Waiter};

impl Feedback {
    /// How to answer the question that an execution asks on its ticket, in Markdown, for the end of its comment; empty if it asks none.
    pub(super) async fn how_to_answer(
        &self,
        configuration: &Configuration,
        destination: &Destination,
        execution: &ExecutionRecord,
    ) -> Result<String, RecordsError> {
        if !matches!(destination, Destination::Ticket { .. }) || execution.outcome != Outcome::Waiting {
            return Ok(String::new());
        }
        let waiters = self.table.waiters(&Topic::Approval(execution.name.clone())).await?;
        let open = waiters.into_iter().filter(|waiter| waiter.answer.is_none() && waiter.over.is_none());
        let Some(mut waiter) = open.min_by_key(|waiter| waiter.since) else { return Ok(String::new()) };
        keep_votes_that_count(&self.table, configuration, &mut waiter).await?;
        Ok(in_words(&waiter, &configuration.webhooks.mention))
    }
}

fn in_words(waiter: &Waiter, mention: &str) -> String {
    let mut words = format!("\n\n💬 To answer, write `{mention} approve` or `{mention} deny` in a comment.");
    if !waiter.approvers.is_empty() {
        let named: Vec<_> = waiter.approvers.iter().map(|name| literal(name)).collect();
        words.push_str(&format!(" Answers are accepted from {}.", named.join(", ")));
    }
    if let Some(requester) = &waiter.terms.not_by {
        words.push_str(&format!(" Not by {}, who asked for it.", literal(requester)));
    }
    let needed = waiter.terms.needed();
    if needed > 1 {
        let by: Vec<_> = waiter.votes.iter().map(|vote| literal(&vote.by)).collect();
        let who = if by.is_empty() { String::new() } else { format!(": {}", by.join(", ")) };
        words.push_str(&format!(" {} of {needed} people have approved{who}.", by.len()));
    }
    words
}
