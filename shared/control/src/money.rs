//! Decisions about an execution that a limit stopped. This only records a person's decision; `events`, which sees the change in the table's
//! stream, adds the money, and resumes the execution or ends it. Also forecasts of a run's cost from earlier runs.

use crate::authorize::Operation;
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use domain::MicroUsd;
use domain::configuration::Project;
use jiff::Timestamp;
use records::{Answer, Choice, CommandTarget, ExecutionRecord, Limits, RecordsError, Table, Topic, Waiter};
use std::fmt;

/// The most that can be added at once, so that a typo stays affordable.
pub const MOST_ADDED: MicroUsd = MicroUsd(1_000_000_000);
/// From how many past runs something is said about the next one.
const FEWEST_RUNS: usize = 3;
/// How many past runs count.
const RUNS: usize = 50;

/// A person's decision about an execution that a limit stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitDecision {
    /// Continue with this much more.
    Add(MicroUsd),
    /// End with a draft of what is done.
    Draft,
    /// Stop, and take back its effects.
    RollBack,
}

/// The result of choosing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyResult {
    /// It is recorded and counts.
    Recorded(Choice),
    /// Someone already chose, and that counts.
    AlreadyChosen {
        /// The person who decided.
        by: String,
        /// What.
        choice: Choice,
    },
    /// The amount does not let it continue: it would be stopped again at once.
    TooLittle {
        /// The most that the next step may cost.
        step: MicroUsd,
        /// The least amount that lets it be done.
        least: MicroUsd,
    },
    /// It is not stopped by a limit, or no longer by the one that was meant.
    NothingAsked,
    /// They may not; the reason is for them.
    Denied(String),
}

impl LimitDecision {
    /// Parses the words after `budget` and a ticket: `+5`, `+$2.50`, `draft` or `rollback`.
    ///
    /// # Errors
    /// What is wrong with an amount, and the accepted form, for the person who typed it.
    pub fn read(words: &str) -> Result<Self, String> {
        let accepted = "accepted: `+5` for five more dollars, `+2.50` with cents, at most six decimals, up to `+1000`, `draft`, or `rollback`";
        // People end what they write with a full stop.
        let words = words.trim().trim_end_matches(['.', ',', ';', '!']);
        match domain::folded(words).as_str() {
            "draft" => Ok(Self::Draft),
            "rollback" => Ok(Self::RollBack),
            word => match word.strip_prefix('+') {
                Some(amount) => Self::read_amount(amount)
                    .map(Self::Add)
                    .map_err(|wrong| format!("the amount {wrong}; {accepted}")),
                None => Err(accepted.to_owned()),
            },
        }
    }

    /// Parses an amount that can be added: dollars such as `5`, `$2.50` or `0.000001`, to the micro-dollar, at most [`MOST_ADDED`].
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence that begins with the amount: "has more than six decimals".
    pub fn read_amount(text: &str) -> Result<MicroUsd, &'static str> {
        let text = text.strip_prefix('$').unwrap_or(text);
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) {
            return Err("is not a number of dollars");
        }
        if decimals.len() > 6 {
            return Err("has more than six decimals");
        }
        let micro = format!("{whole}{decimals:0<6}").parse().ok().map(MicroUsd);
        match micro.filter(|micro| *micro <= MOST_ADDED) {
            Some(MicroUsd::ZERO) => Err("is zero"),
            Some(micro) => Ok(micro),
            None => Err("is more than 1000 dollars"),
        }
    }
}

impl MoneyResult {
    /// Why an amount is [too little](Self::TooLittle), and what to say instead.
    pub fn too_little(step: MicroUsd, least: MicroUsd) -> String {
        // In whole cents, rounded up, as people type it.
        let cents = least.0.div_ceil(10_000);
        format!(
            "the work would be stopped again at once: its next step may cost up to {step}; accepted: `+{}.{:02}` or more",
            cents / 100,
            cents % 100
        )
    }
}

impl Control {
    /// Chooses for the execution on a ticket.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn choose_for_ticket(
        &self,
        caller: &Caller<'_>,
        ticket: &Ticket<'_>,
        wanted: LimitDecision,
    ) -> Result<MoneyResult, RecordsError> {
        match self.open_execution(ticket.task_id()).await? {
            Some(execution) => self.choose_for_execution(caller, &execution, wanted).await,
            None => self.choose_bound(caller, None, wanted).await,
        }
    }

    /// Chooses for an execution. A delivery chooses once: sent again, it is about the same question.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn choose_for_execution(
        &self,
        caller: &Caller<'_>,
        execution: &ExecutionRecord,
        wanted: LimitDecision,
    ) -> Result<MoneyResult, RecordsError> {
        let asked = self.table.waiters_of(&execution.name, &Topic::Budget).await?;
        let could_see = asked.iter().filter(|waiter| caller.could_see(waiter.since));
        // An open question rather than an answered one, and the newest of several.
        let found = could_see.max_by_key(|waiter| (waiter.answer.is_none(), waiter.since));
        self.choose_bound(caller, found, wanted).await
    }

    async fn choose_bound(
        &self,
        caller: &Caller<'_>,
        found: Option<&Waiter>,
        wanted: LimitDecision,
    ) -> Result<MoneyResult, RecordsError> {
        let found = CommandTarget {
            execution: found.map(|waiter| waiter.execution.clone()),
            question: found.map(question),
            at: self.clock.now(),
        };
        let bound = self.table.bind(&caller.trigger.source(), caller.delivery, "budget", found).await?;
        match bound.question {
            Some(question) => self.choose(caller, &question, wanted).await,
            None => Ok(MoneyResult::NothingAsked),
        }
    }

    /// Decides by the name that [`question`] returns, such as from a button below it: earlier or later questions are not meant.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn choose(
        &self,
        caller: &Caller<'_>,
        question: &str,
        wanted: LimitDecision,
    ) -> Result<MoneyResult, RecordsError> {
        let Some((since, key)) = question.split_once(' ') else { return Ok(MoneyResult::NothingAsked) };
        let waiter = self.table.waiter(&Topic::Budget.to_string(), key).await?;
        let is_meant = |waiter: &Waiter| waiter.since.as_millisecond().to_string() == since;
        let Some(waiter) = waiter.filter(is_meant) else { return Ok(MoneyResult::NothingAsked) };
        let Some(execution) = self.table.execution(&waiter.execution).await? else {
            return Ok(MoneyResult::NothingAsked);
        };
        if waiter.answer.is_none() && execution.outcome.is_final() {
            return Ok(MoneyResult::NothingAsked);
        }
        let key = execution.project.clone().unwrap_or_default();
        let Some(project) = caller.directory.configuration().project(&key) else {
            return Ok(MoneyResult::Denied(format!(
                "the project `{key}` of `{}` is no longer configured",
                execution.name
            )));
        };
        let (choice, operation, too_little) = self.right(caller, &execution, project, wanted).await?;
        if let Some(reason) = self.denial(caller, &operation).await? {
            return Ok(MoneyResult::Denied(reason));
        }
        if waiter.answer.is_none() {
            if let Some(refused) = too_little {
                return Ok(refused);
            }
            self.audit_money(caller, &waiter.execution, choice).await?;
        }
        let answer = Answer {
            approved: choice != Choice::RollBack,
            by: caller.name().to_owned(),
            via: caller.actor.source.clone(),
            at: self.clock.now(),
            comment: None,
            delivery: caller.delivery.to_owned(),
            choice: Some(choice),
        };
        let earlier = match self.table.answer_waiter(&waiter, &answer).await {
            Err(RecordsError::Missing(_)) => return Ok(MoneyResult::NothingAsked),
            other => other?,
        };
        let Some(earlier) = earlier else {
            tracing::info!(execution = waiter.execution, ?choice, by = answer.by, "its limit was decided on");
            return Ok(MoneyResult::Recorded(choice));
        };
        let is_same = earlier.via == answer.via && earlier.delivery == answer.delivery;
        Ok(match earlier.choice {
            // The same delivery gets the same answer again.
            Some(choice) if is_same => MoneyResult::Recorded(choice),
            Some(choice) => MoneyResult::AlreadyChosen { by: earlier.by, choice },
            None => MoneyResult::NothingAsked,
        })
    }

    /// The decision, the operation that it requires the right to, and the refusal if the amount is too little. If more than the ticket's own
    /// limit stops the execution, money is taken from shared limits.
    async fn right<'a>(
        &self,
        caller: &Caller<'a>,
        execution: &'a ExecutionRecord,
        project: &'a Project,
        wanted: LimitDecision,
    ) -> Result<(Choice, Operation<'a>, Option<MoneyResult>), RecordsError> {
        let starter = execution.actor.as_ref();
        Ok(match wanted {
            LimitDecision::Add(amount) => {
                let refusals = self.table.refusals([execution.name.as_str()]).await?;
                let limits = Limits::from(&caller.directory.configuration().budgets);
                let (step, missing) = match refusals.get(&execution.name) {
                    Some(refusal) => {
                        let missing = self.table.room(limits, self.clock.now()).missing(refusal).await?;
                        (refusal.wanted, missing)
                    }
                    None => (MicroUsd::ZERO, Vec::new()),
                };
                let shared = missing.iter().any(|shortfall| shortfall.of.is_shared());
                // Where more is missing than can be added at once, it is added in parts.
                let least = missing.iter().map(|shortfall| shortfall.missing).max().unwrap_or_default();
                let least = least.min(MOST_ADDED);
                let too_little = (amount < least).then_some(MoneyResult::TooLittle { step, least });
                (Choice::Add { amount, shared }, Operation::AddMoney { project, shared }, too_little)
            }
            LimitDecision::Draft => (Choice::Draft, Operation::Stop { project, starter }, None),
            LimitDecision::RollBack => (Choice::RollBack, Operation::Undo { project, starter }, None),
        })
    }
}

/// The name of a question about money, in buttons and where deliveries are bound to it.
pub fn question(waiter: &Waiter) -> String {
    format!("{} {}", waiter.since.as_millisecond(), waiter.key)
}

/// The likely cost of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// How many past runs say so.
    pub runs: usize,
    /// Half of them cost at most this.
    pub median: MicroUsd,
    /// Nine in ten of them cost at most this.
    pub p90: MicroUsd,
}

impl Forecast {
    /// The likely cost of a run that begins at a moment, based on earlier successful runs of the workflow.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn read(table: &Table, workflow: &str, at: Timestamp) -> Result<Option<Self>, RecordsError> {
        Ok(Self::of(table.run_costs(workflow, at, RUNS).await?))
    }

    /// What these runs say about the next one; `None` if they are too few.
    fn of(mut costs: Vec<MicroUsd>) -> Option<Self> {
        costs.sort_unstable();
        let at_most =
            |percent: usize| costs.get((costs.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        (costs.len() >= FEWEST_RUNS)
            .then(|| Some(Self { runs: costs.len(), median: at_most(50)?, p90: at_most(90)? }))?
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, median, p90 } = self;
        write!(formatter, "half of {runs} past runs cost up to {median}, nine in ten up to {p90}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        let add = |amount| Ok(LimitDecision::Add(MicroUsd(amount)));
        assert_eq!(LimitDecision::read("+5"), add(5_000_000));
        assert_eq!(LimitDecision::read(" +$2.5 "), add(2_500_000));
        assert_eq!(LimitDecision::read("+0.01"), add(10_000));
        assert_eq!(LimitDecision::read("+0.001"), add(1_000));
        assert_eq!(LimitDecision::read("+0.000001"), add(1));
        assert_eq!(LimitDecision::read("+2.000010"), add(2_000_010));
        assert_eq!(LimitDecision::read("+0001"), add(1_000_000));
        assert_eq!(LimitDecision::read("+1000"), add(1_000_000_000));
        assert_eq!(LimitDecision::read("+5!"), add(5_000_000));
        assert_eq!(LimitDecision::read("Draft."), Ok(LimitDecision::Draft));
        assert_eq!(LimitDecision::read("rollback"), Ok(LimitDecision::RollBack));
        for wrong in [
            "",
            "5",
            "-5",
            "+",
            "+0",
            "+0.00",
            "+.5",
            "+5.5.5",
            "++5",
            "+$",
            "+1000.01",
            "+1000.000001",
            "+1e3",
            "+5,50",
            "+5.5555555",
            "-3",
            "+5 please",
            "+99999999999999999999",
            "+٥",
        ] {
            assert!(LimitDecision::read(wrong).is_err_and(|error| error.contains("`+5`")), "{wrong}");
        }
        for (amount, wrong) in [
            ("0.000000", "is zero"),
            ("0.0000001", "has more than six decimals"),
            ("1000.000001", "is more than 1000 dollars"),
            ("99999999999999999999", "is more than 1000 dollars"),
            ("five", "is not a number of dollars"),
        ] {
            assert_eq!(LimitDecision::read_amount(amount), Err(wrong), "{amount}");
            let said = LimitDecision::read(&format!("+{amount}")).unwrap_err();
            assert!(said.starts_with(&format!("the amount {wrong}; accepted: ")), "{said}");
        }
    }

    #[test]
    fn a_forecast_takes_three_runs() {
        let of = |costs: &[u64]| Forecast::of(costs.iter().copied().map(MicroUsd).collect());
        assert_eq!(of(&[1, 2]), None);
        let expected = Forecast { runs: 3, median: MicroUsd(2), p90: MicroUsd(9) };
        assert_eq!(of(&[9, 1, 2]), Some(expected));
        let ten: Vec<u64> = (1..=10).collect();
        assert_eq!(of(&ten), Some(Forecast { runs: 10, median: MicroUsd(5), p90: MicroUsd(9) }));
    }
}
