//! The one DynamoDB table, and the only crate that knows its keys. `src/keys.rs` documents every access pattern.
//!
//! [`Table`] has one method per question or change; each is one request or one transaction, and the table is never scanned. Callers
//! pass the time. Conditions in the table decide between concurrent callers, so any number of functions may call a method, also
//! again after a lost response.
//!
//! | file | holds |
//! |---|---|
//! | `execution`, `open_execution` | executions: begun once, checked while open, ended once |
//! | `execution_list`, `view` | lists of executions, and everything about one |
//! | `step`, `agent_execution` | what each state did, and each call of a model |
//! | `task`, `delivery` | who is at work on a ticket; what a webhook led to |
//! | `effect`, `run` | the journal: leases, outputs, inverses; what a rollback reads |
//! | `budget`, `cost` | money: reserved, settled, recorded |
//! | `reply`, `own_account` | what deliveries are answered; the bot's accounts |
//! | `rate`, `circuit` | how fast a provider may be called, and whether it keeps failing |
//! | `waiter`, `occurrence` | executions parked on a task token; the events that they may wait for |
//! | `refusal`, `alert` | which limit blocks an execution; which alerts were sent |
//! | `document` | configuration, routes, prompts |
//! | `stored` | large values as compressed chunks |
//! | `progress`, `pull_request` | the comment edited in place; what became of pull requests |
//! | `put_back` | what was lost, from a copy of the table |
//! | `access` | what a function may touch, for its role |
//! | `stream` | which execution a changed item belongs to |

mod access;
mod agent_execution;
mod alert;
mod budget;
mod cached;
mod circuit;
mod cost;
mod delivery;
mod document;
mod effect;
mod error;
mod execution;
mod execution_list;
mod item;
mod json_text;
mod keys;
mod new_execution;
mod occurrence;
mod open_execution;
mod own_account;
mod progress;
mod pull_request;
mod put_back;
mod rate;
mod refusal;
mod reply;
mod retention;
mod run;
mod step;
mod stored;
mod stream;
mod table;
mod task;
mod timestamp;
mod view;
mod waiter;
mod write;

pub use access::{Access, Partition};
pub use agent_execution::AgentExecution;
pub use budget::{BudgetExceeded, LimitOf, Limits, Reservation, ReserveError, Settlement, Spending};
pub use cached::DOCUMENT_CACHED;
pub use circuit::Circuit;
pub use cost::{Cost, CostRecord, CostTotal};
pub use delivery::Delivery;
pub use document::DOCUMENT_LIMIT;
pub use effect::{
    EFFECT_OUTPUT_LIMIT, EffectEnd, EffectIntent, EffectRecord, EffectStatus, IntendResult, NewEffect,
};
pub use error::RecordsError;
pub use execution::{BeginResult, ExecutionEnd, ExecutionRecord, FinishResult, INPUT_LIMIT};
pub use execution_list::LIST_LIMIT;
pub use new_execution::NewExecution;
pub use occurrence::Occurrence;
pub use own_account::OwnAccount;
pub use progress::{Progress, ProgressPlace};
pub use pull_request::ClosedPullRequest;
pub use put_back::Lost;
pub use rate::{Pass, PutOff};
pub use refusal::Refusal;
pub use reply::{Reply, ReplyPlace};
pub use step::{StepEnd, StepRecord, StepStatus};
pub use stored::STORED_LIMIT;
pub use stream::TableChange;
pub use table::Table;
pub use task::TaskRecord;
pub use view::ExecutionView;
pub use waiter::{Answer, Moves, Timeliness, Topic, Waiter};
