//! The cost of model calls: reserved before each, booked after it, together with the paid reply.

use super::price::Prices;
use super::{AgentExecution, Charge};
use domain::plugins::{ModelReply, ModelRequest, NoReply, StopReason, Usage};
use domain::{ActionError, ErrorKind, MicroUsd};
use jiff::{SignedDuration, Timestamp};
use records::{PaidReply, QuestionId, Reservation, Settlement};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A request that can have more input tokens than this is counted by the provider. For a smaller one, a token for each byte is reserved.
pub(super) const COUNTED_ABOVE: u64 = 20_000;

/// The first pause for a provider. Each further wait of a step takes twice as long as the one before.
const FIRST_RECOVERY: Duration = Duration::from_secs(5 * 60);
/// No wait takes longer.
const LONGEST_RECOVERY: Duration = Duration::from_secs(60 * 60);

impl AgentExecution {
    /// Reserves the worst case of a call; `None` if that is more than `room`. `expected` is the maximum number of input tokens,
    /// if known.
    ///
    /// # Errors
    /// `BudgetExceeded` if it does not fit a limit; the errors of the provider's count and of the table.
    pub(super) async fn reserve(
        &self,
        request: &ModelRequest,
        expected: Option<u64>,
        room: Option<MicroUsd>,
    ) -> Result<Option<Reservation>, ActionError> {
        let input = self.reserved_input(request, expected).await?;
        let now = self.clock.now();
        let provider = self.provider.price_provider();
        let output = u64::from(request.max_output_tokens);
        let is_cached = self.provider.may_be_cached(request);
        let amount = self.prices().worst_case(&request.model, input, is_cached, output, now).ok_or_else(|| {
            let (instance, model) = (&self.instance, &request.model);
            ActionError::rejected(format!(
                "the price of the model `{model}` is unknown; choose another model, or set plugins.{instance}.prices if the provider \
                 has that setting"
            ))
        })?;
        if room.is_some_and(|room| amount > room) {
            return Ok(None);
        }
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let charge = &self.charge;
        let reservation = Reservation {
            id: format!("{}-{number}", charge.invocation),
            amount,
            account: charge.account.clone(),
            project: Some(charge.project.clone()),
            task_id: charge.task_id.clone(),
            workflow: charge.workflow.clone(),
            execution: charge.execution.clone(),
            state: charge.state.clone(),
            action: charge.action.clone(),
            provider: provider.to_owned(),
            model: request.model.clone(),
            reserved_at: now,
        };
        self.table.reserve(&reservation, self.limits).await?;
        Ok(Some(reservation))
    }

    fn prices(&self) -> Prices<'_> {
        Prices::of(&*self.provider)
    }

    /// The input tokens reserved for a request.
    async fn reserved_input(
        &self,
        request: &ModelRequest,
        expected: Option<u64>,
    ) -> Result<u64, ActionError> {
        let most = self.provider.input_tokens_at_most(request);
        if let Some(expected) = expected {
            return Ok(expected.min(most));
        }
        if most <= COUNTED_ABOVE {
            return Ok(most);
        }
        let counted =
            self.provider.count_input_tokens(request, self.time_left(SignedDuration::ZERO)?).await?;
        Ok(counted.map_or(most, |counted| with_margin(counted).min(most)))
    }

    /// Books the cost of a reply to a request made at `started_at`, and stores the reply with it. Returns its price, if known.
    ///
    /// # Errors
    /// `ReplyLost` when it was not recorded: then the reservation stays booked, and a repeat pays again.
    pub(super) async fn settle(
        &self,
        reservation: &Reservation,
        request: &ModelRequest,
        question: &QuestionId,
        reply: &ModelReply,
        started_at: Timestamp,
    ) -> Result<Option<MicroUsd>, ActionError> {
        let now = self.clock.now();
        let (price, remark) = self.bill(reservation, request, reply);
        if let Some(remark) = &remark {
            tracing::error!(
                reservation = reservation.id,
                model = reply.model,
                remark,
                "a bill is not as expected"
            );
        }
        let settlement = Settlement { price, usage: Some(reply.usage), remark, ..Settlement::unknown(now) };
        let paid = PaidReply { reply: reply.clone(), price };
        let call = self.described(reservation, reply, started_at);
        let settled = self.table.settle_with_reply(reservation, settlement, (question, &paid), &call).await;
        let settled = settled.map_err(|error| lost(error.into()))?;
        self.count(price);
        if settled.is_some() {
            // By the requested model; there are as many as the configuration names.
            observability::metrics::model_call(&reservation.model, &reply.usage, price);
        }
        Ok(price)
    }

    /// The amount to book for a reply, `None` for its reservation, and a remark about anomalies.
    fn bill(
        &self,
        reservation: &Reservation,
        request: &ModelRequest,
        reply: &ModelReply,
    ) -> (Option<MicroUsd>, Option<String>) {
        let input = self.provider.input_tokens_at_most(request);
        let problem = impossible(&reply.usage, input, request.max_output_tokens);
        if let Some(problem) = problem.or_else(|| silent(reply)) {
            let remark = format!("{} {problem}; booked at what was reserved", self.instance);
            return (None, Some(remark));
        }
        // At the prices at which it was reserved: those of the list may rise while the reply is on its way.
        let price =
            self.prices().bill(&reservation.model, &reply.model, &reply.usage, reservation.reserved_at);
        let remark = match price {
            None => Some(format!("{} has no known price; booked at its reservation", reservation.model)),
            Some(price) if price > reservation.amount => {
                Some(format!("{} billed {price}, but {} was reserved", self.instance, reservation.amount))
            }
            Some(_) => None,
        };
        (price, remark)
    }

    /// Adds a reply's price to the step's total.
    pub(super) fn count(&self, price: Option<MicroUsd>) {
        match price {
            Some(price) => drop(self.spent.fetch_add(price.0, Ordering::Relaxed)),
            None => self.unpriced.store(true, Ordering::Relaxed),
        }
    }

    /// Releases calls that are certainly not billed, and books the worst case of all others. Returns the error that the step ends with.
    pub(super) async fn settle_failure(
        &self,
        reservation: &Reservation,
        request: &ModelRequest,
        failure: NoReply,
    ) -> ActionError {
        let now = self.clock.now();
        let (settled, error) = match failure {
            NoReply::NotBilled(error) => (self.table.release(reservation, now).await.map(drop), error),
            NoReply::MayBeBilled { error, reported } => {
                let settlement = Settlement {
                    at_most: reported.and_then(|usage| self.at_most(reservation, request, usage)),
                    remark: Some(format!("no reply came: {}", error.message)),
                    ..Settlement::unknown(now)
                };
                let settled = self.table.settle(reservation, settlement).await.map(drop);
                (settled, ActionError { retry_after: Some(self.recovery().await), ..lost(error) })
            }
        };
        if let Err(error) = settled {
            tracing::warn!(reservation = reservation.id, %error, "a reservation stays open; the sweeper settles it");
        }
        error
    }

    /// The maximum bill for a reply that broke off after reporting this usage: all the output that the request allows.
    fn at_most(&self, reservation: &Reservation, request: &ModelRequest, usage: Usage) -> Option<MicroUsd> {
        let usage = Usage { output_tokens: u64::from(request.max_output_tokens), ..usage };
        let input = self.provider.input_tokens_at_most(request);
        let Reservation { model, reserved_at, .. } = reservation;
        match impossible(&usage, input, request.max_output_tokens) {
            Some(_) => None,
            None => self.prices().price(model, &usage, *reserved_at),
        }
    }

    /// How long the step waits for its provider once its retries are used up: longer each time it lost a reservation.
    async fn recovery(&self) -> Duration {
        let Charge { execution, state, .. } = &self.charge;
        let costs = self.table.costs_of_execution(execution).await.unwrap_or_default();
        recovery(costs.iter().filter(|cost| cost.usage.is_none() && cost.state == *state).count())
    }

    /// A call, described for people.
    fn described(
        &self,
        reservation: &Reservation,
        reply: &ModelReply,
        started_at: Timestamp,
    ) -> records::AgentExecution {
        records::AgentExecution {
            id: reservation.id.clone(),
            execution: reservation.execution.clone(),
            state: reservation.state.clone(),
            agent: self.name.clone(),
            action: reservation.action.clone(),
            model: reply.model.clone(),
            request_id: reply.request_id.clone(),
            stop: match &reply.stop {
                StopReason::Complete => "complete".to_owned(),
                StopReason::ToolCalls => "tool_calls".to_owned(),
                StopReason::Truncated => "truncated".to_owned(),
                StopReason::ContextFull => "context_full".to_owned(),
                StopReason::Refused => "refused".to_owned(),
                StopReason::Other(name) => name.clone(),
            },
            usage: reply.usage,
            started_at,
            ended_at: self.clock.now(),
        }
    }
}

/// Counts are a few percent off, and the service adds some text of its own.
fn with_margin(counted: u64) -> u64 {
    counted.saturating_add(counted.div_ceil(20)).saturating_add(500)
}

/// Why a request cannot have used the reported tokens.
fn impossible(usage: &Usage, most_input: u64, most_output: u32) -> Option<String> {
    let (input, output) = (usage.all_input_tokens(), usage.output_tokens);
    if output > u64::from(most_output) {
        return Some(format!("reported {output} output tokens, where at most {most_output} were asked for"));
    }
    if input == 0 {
        return Some("reported no input tokens, which is impossible".to_owned());
    }
    (input > most_input)
        .then(|| format!("reported {input} input tokens, but the request cannot have more than {most_input}"))
}

/// Why a reply with text or calls cannot have used the reported output tokens.
fn silent(reply: &ModelReply) -> Option<String> {
    let says_something = !reply.text.is_empty() || !reply.calls.is_empty();
    (says_something && reply.usage.output_tokens == 0)
        .then(|| "reported no output tokens, although the reply has text or calls".to_owned())
}

/// How long a step waits for a provider that has lost this many of its replies. Three are lost before each wait.
fn recovery(lost: usize) -> Duration {
    let doublings = u32::try_from(lost.saturating_sub(1) / 3).unwrap_or(u32::MAX).min(8);
    FIRST_RECOVERY.saturating_mul(1 << doublings).min(LONGEST_RECOVERY)
}

/// The same error, of a call that may have been paid for.
fn lost(error: ActionError) -> ActionError {
    ActionError { kind: ErrorKind::ReplyLost, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_that_cannot_be_is_recognized() {
        let usage = Usage { input_tokens: 10, cache_read_tokens: 20, output_tokens: 5, ..Usage::default() };
        assert_eq!(impossible(&usage, 30, 5), None);
        assert!(impossible(&usage, 29, 5).unwrap().contains("reported 30 input tokens"));
        assert!(impossible(&usage, 30, 4).unwrap().contains("reported 5 output tokens"));
        assert!(
            impossible(&Usage { output_tokens: 5, ..Usage::default() }, 30, 5).unwrap().contains("no input")
        );
        let endless = Usage { input_tokens: u64::MAX, cache_write_1h_tokens: u64::MAX, ..usage };
        assert!(impossible(&endless, 1_000_000, 5).is_some());
    }

    #[test]
    fn waits_for_a_provider_double_up_to_an_hour() {
        let minutes = [1, 3, 4, 6, 7, 10, 13, 16, usize::MAX].map(|lost| recovery(lost).as_secs() / 60);
        assert_eq!(minutes, [5, 5, 10, 10, 20, 40, 60, 60, 60]);
    }

    #[test]
    fn a_count_has_a_margin_of_a_twentieth_and_five_hundred() {
        assert_eq!([0, 1, 20_000, u64::MAX].map(with_margin), [500, 502, 21_500, u64::MAX]);
    }
}
