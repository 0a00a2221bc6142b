//! Everything about one execution in one query: what feedback, `status` and `--json` show.

use crate::agent_execution::AgentExecution;
use crate::budget::is_open_reservation;
use crate::cost::{CostRecord, CostTotal};
use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::{attribute, from_item};
use crate::keys;
use crate::progress::Progress;
use crate::session_parts::{AgentAtWork, SessionLink};
use crate::step::{StepRecord, in_order};
use crate::table::Table;
use crate::waiter::is_question;

/// An execution with its steps and costs.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionView {
    /// The execution.
    pub execution: ExecutionRecord,
    /// Its steps, in the order in which they were first started.
    pub steps: Vec<StepRecord>,
    /// Its calls of models, in their order.
    pub agent_executions: Vec<AgentExecution>,
    /// Its costs, oldest first.
    pub costs: Vec<CostRecord>,
    /// The sessions that its agents opened.
    pub sessions: Vec<SessionLink>,
    /// The sessions that are at work in it.
    pub at_work: Vec<String>,
    /// Whether a step of it asks people something, or did.
    pub asks: bool,
    /// Whether a step of it waits for something, or did.
    pub waits: bool,
    /// Whether a reservation of it was neither settled nor released.
    pub reserves: bool,
    /// Its progress comment, once an edit was begun.
    pub progress: Option<Progress>,
}

impl ExecutionView {
    /// Its cost so far.
    pub fn cost(&self) -> CostTotal {
        CostTotal::of(&self.costs)
    }

    /// One step's cost so far, for all attempts together.
    pub fn cost_of_step(&self, state: &str) -> CostTotal {
        CostTotal::of(self.costs.iter().filter(|cost| cost.state == state))
    }
}

impl Table {
    /// An execution with everything that is recorded about it; `None` if it was never begun.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn execution_view(&self, name: &str) -> Result<Option<ExecutionView>, RecordsError> {
        let (mut execution, mut progress) = (None, None);
        let (mut sessions, mut asks, mut waits, mut reserves) = (Vec::new(), false, false, false);
        let (mut steps, mut agent_executions, mut costs) = (Vec::new(), Vec::new(), Vec::new());
        let mut at_work = Vec::new();
        for item in self.query(keys::execution_partition(name), "").await? {
            match attribute(&item, keys::SK).unwrap_or_default() {
                keys::EXECUTION => execution = Some(from_item(item)?),
                keys::PROGRESS => progress = Some(from_item(item)?),
                sk if sk.starts_with(keys::STEP) => steps.push(from_item(item)?),
                sk if sk.starts_with(keys::AGENT) => agent_executions.push(from_item(item)?),
                sk if sk.starts_with(keys::SESSION) => sessions.push(from_item(item)?),
                sk if sk.starts_with(keys::AT_WORK) => at_work.push(from_item::<AgentAtWork>(item)?.session),
                sk if sk.starts_with(keys::WAITS) => {
                    waits = true;
                    asks |= is_question(&item);
                }
                sk if sk.starts_with(keys::RESERVATION) => reserves |= is_open_reservation(&item),
                sk if sk.starts_with(keys::COST) => costs.push(from_item(item)?),
                _ => {}
            }
        }
        in_order(&mut steps);
        agent_executions.sort_by_key(|call: &AgentExecution| call.started_at);
        Ok(execution.map(|execution| ExecutionView {
            execution,
            steps,
            agent_executions,
            costs,
            sessions,
            at_work,
            asks,
            waits,
            reserves,
            progress,
        }))
    }
}
