//! The operations that people and machines can request from Ticketsmith: start, answer, stop, undo, redrive, status,
//! costs.
//!
//! Every entry point (`webhooks`, `events`, the command line) calls these operations and presents the typed results in its own
//! way. Only this crate starts state machines, resolves projects and decides who may do what.
//!
//! | file | purpose |
//! |---|---|
//! | `authorize` | who may do what: one table, one function |
//! | `authority` | what credentials add to roles or take from them |
//! | `directory`, `channel`, `pull_request` | finds projects and tickets; the project of a chat's channel; the ticket of a pull request |
//! | `plan` | whether and how an event, a schedule or a person starts a workflow |
//! | `other_projects` | whether inputs lead to projects in which the person may not start work |
//! | `reach` | whether a step may act on what its input names in another project |
//! | `planning`, `requirements` | asks for a plan of requirements, which may be a ticket |
//! | `start`, `undo`, `redrive` | record an execution and start its state machine |
//! | `left`, `undo_preview` | the effects that an undo would take back, and the code that binds a confirmation to them |
//! | `rounds` | how often a pull request is revised |
//! | `line` | who goes to work next, and who waits |
//! | `tell`, `succeed` | messages to agents at work, and what follows an execution that ends before it takes them in |
//! | `link` | joins a person's accounts by a code that both confirm |
//! | `notify` | people's direct messages |
//! | `votes` | which votes of a question count |
//! | `answer`, `money`, `stop` | record people's requests; `events` carries them out |
//! | `audit` | audit records of people's requests and of events |
//! | `following`, `reader` | the next frames of a socket; what its reader may still see |
//! | `status`, `costs` | read the records |
//!
//! This crate does not know providers, send HTTP requests itself, or render anything. `events`, the only function with
//! permission, answers task tokens and stops executions.

mod answer;
mod audit;
mod authority;
mod authorize;
mod caller;
mod capacity;
mod channel;
mod control;
mod costs;
mod directory;
mod following;
mod left;
mod line;
mod link;
mod money;
mod notify;
mod other_projects;
mod plan;
mod planning;
mod pull_request;
mod reach;
mod reader;
mod redrive;
mod requirements;
mod rounds;
mod start;
mod status;
mod stop;
mod succeed;
mod tell;
mod undo;
mod undo_preview;
mod votes;

pub use answer::{AnswerResult, how, why};
pub use authority::Authority;
pub use authorize::{Authorization, Operation, authorize};
pub use caller::Caller;
pub use capacity::{Turn, may_pass, turn_of};
pub use control::Control;
pub use costs::{Costs, CostsResult};
pub use directory::{Directory, DirectoryError, ProjectQuery, Ticket};
pub use domain::configuration::OPERATOR;
pub use following::{Following, NextFrames, ToldFrame};
pub use left::UndoPreview;
pub use line::{ahead, may_start};
pub use link::LinkResult;
pub use money::{Forecast, LimitDecision, MOST_ADDED, MoneyResult, question};
pub use notify::NotifyResult;
pub use plan::{PlanError, StartDecision, StartRequest, WorkflowRequest, decide, plan};
pub use planning::{Requester, Requirements, planning};
pub use reach::{PROSE, Reach, check_reach, reached};
pub use reader::Reader;
pub use redrive::{RedriveError, RedriveRefusal, RedriveResult};
pub use requirements::{PLANNING, meant_as_text};
pub use start::{StartError, StartResult};
pub use status::{ExecutionFilter, StatusResult};
pub use stop::StopResult;
pub use succeed::Successor;
pub use tell::{TellResult, Words};
pub use undo::{UndoError, UndoRequest, UndoResult, too_old_to_undo};
pub use undo_preview::UndoPreviewResult;
pub use votes::keep_votes_that_count;
