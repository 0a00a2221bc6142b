//! The one DynamoDB table, and the only crate that knows its keys. `src/keys.rs` documents every access pattern.
//!
//! [`Table`] has one method per question or change; each is one request or one transaction, and the table is never scanned. Callers
//! pass the time. Conditions in the table decide between concurrent callers, so any number of functions may call a method, also
//! again after a lost response.
//!
//! | file | holds |
//! |---|---|
//! | `execution`, `execution_record`, `open_execution` | executions: begun once, checked while open, ended once |
//! | `execution_list`, `page`, `view` | lists of executions, and everything about one |
//! | `step`, `agent_execution` | the work of each state, and each model call |
//! | `step_reading` | the reads before a step is performed |
//! | `line`, `place` | who is at work in a project, and who waits |
//! | `review_place` | which runs have a place at reviewers, and which wait for one |
//! | `continuation` | executions that continue each other |
//! | `effects_left` | an execution's remaining effects, as its record shows them |
//! | `task`, `delivery`, `steered` | the execution at work on a ticket; a webhook's result; a command's target |
//! | `inbox`, `word` | messages to the agents of a ticket while an execution is at work on it |
//! | `thread` | the tickets of our messages in chats |
//! | `effect`, `effect_record`, `run` | the journal: leases, outputs, inverses; what a rollback reads |
//! | `doubt`, `effect_request` | effects whose response was lost: the request, and the result |
//! | `budget`, `limit`, `spending`, `cost` | money: reserved, settled, recorded |
//! | `draft`, `run_cost` | which runs end as drafts because money ran out; what past runs cost |
//! | `reply`, `own_account`, `pulled` | what deliveries are answered; the bot's accounts; how far events were fetched |
//! | `passing` | which updates need not outlive the loss of power |
//! | `rate`, `circuit`, `pass`, `failures` | how fast a provider may be called, and whether it keeps failing |
//! | `local_turns`, `local_pass` | the same in the memory of a process that makes all calls |
//! | `waiter`, `topic`, `vote`, `voting`, `moves`, `turns`, `occurrence`, `inquiry` | executions parked on a task token, and the sweeper's next ones; the events that they may wait for; questions to providers |
//! | `shown`, `over` | how questions end without an answer; where questions are shown, until what became of them is shown there |
//! | `creation` | tickets that we created, as deliveries report them |
//! | `planned`, `planned_page` | the tickets and pages that plans became |
//! | `refusal`, `put_off`, `alert` | which limit blocks an execution; until when a provider does; which alerts were sent |
//! | `document` | configuration, routes, prompts, agents |
//! | `configured_item`, `managed`, `configured` | items that the API may configure, and manages; the resulting configuration |
//! | `stored`, `kept`, `reading` | large values as compressed chunks, alone or with a record; contents of commits |
//! | `session`, `session_change` | agents' sessions: where each is, its messages, and the files that it changed |
//! | `progress`, `pull_request`, `opened_pull_request`, `own_branch` | the comment edited in place; what became of pull requests; whose pull requests and branches are |
//! | `put_back` | restoring lost records from a copy of the table |
//! | `feed` | the events of an execution, for programs that follow it |
//! | `socket`, `socket_turn` | sockets at an account's gateway: tickets, who follows what; who sends to one of them now |
//! | `listing` | the lists in the index: questions, sessions, tickets by state |
//! | `backfill` | puts what earlier versions wrote into lists and roll-ups |
//! | `spend` | spending by day |
//! | `request` | repeated requests to the API |
//! | `token` | tokens, by their hashes |
//! | `access` | a function's access, for its role |
//! | `machine_token`, `sign_in` | who may sign in |
//! | `account_link`, `notify_choice` | people's joined accounts and choice of direct messages |
//! | `audit`, `audit_record`, `audit_chain`, `audit_turns` | who did what, in chains of hashes, and their verification |
//! | `evidence` | how pull requests came about, signed |
//! | `admission`, `reach_reading` | which runs may do anything; who may push; what decides whether a step reaches another project |
//! | `stream` | the changes that a listener receives, and the execution that a changed item belongs to |

mod access;
mod account_link;
mod admission;
mod agent_execution;
mod alert;
mod audit;
mod audit_chain;
mod audit_record;
mod audit_turns;
mod backfill;
mod budget;
mod cached;
mod circuit;
mod command_target;
mod configured;
mod configured_item;
mod continuation;
mod cost;
mod creation;
mod delivery;
mod document;
mod doubt;
mod draft;
mod effect;
mod effect_record;
mod effect_request;
mod effects_left;
mod error;
mod evidence;
mod execution;
mod execution_list;
mod execution_record;
mod failures;
mod feed;
mod forget;
mod inbox;
mod inquiry;
mod item;
mod json_text;
mod kept;
mod keys;
mod limit;
mod line;
mod listing;
mod local_pass;
mod local_turns;
mod machine_token;
mod managed;
mod moves;
mod new_execution;
mod notify_choice;
mod occurrence;
mod open_execution;
mod opened_pull_request;
mod over;
mod own_account;
mod own_branch;
mod page;
mod paid_reply;
mod pass;
mod passing;
mod place;
mod planned;
mod planned_page;
mod progress;
mod pull_request;
mod pulled;
mod put_back;
mod put_off;
mod rate;
mod reach_reading;
mod reading;
mod refusal;
mod reply;
mod request;
mod retention;
mod review_place;
mod run;
mod run_cost;
mod session;
mod session_change;
mod session_parts;
mod session_words;
mod shown;
mod shown_step;
mod sign_in;
mod socket;
mod socket_turn;
mod spend;
mod spending;
mod step;
mod step_reading;
mod store;
mod stored;
mod stream;
mod table;
mod task;
mod thread;
mod timestamp;
mod token;
mod topic;
mod turns;
mod update;
mod usage;
mod view;
mod vote;
mod voting;
mod waiter;
mod word;
mod write;

pub use access::{Access, Partition};
pub use account_link::{JoinedAccount, LinkAccount, LinkCode, LinkSide};
pub use admission::{Admission, WRITER_KNOWN};
pub use agent_execution::AgentExecution;
pub use audit::AuditPage;
pub use audit_chain::{AuditHead, AuditLine, AuditVerified, AuditVerifier};
pub use audit_record::{AUDIT_CHAINS, AuditKind, AuditRecord};
pub use backfill::BackfillResult;
pub use budget::{BudgetExceeded, Reservation, ReserveError, Settlement};
pub use cached::DOCUMENT_CACHED;
pub use command_target::CommandTarget;
pub use configured::Configured;
pub use configured_item::{
    ConfiguredItem, ListedItem, MOST_PEOPLE, MOST_PLUGINS, MOST_PROJECTS, PERSON_LIMIT, PLUGIN_LIMIT,
    PROJECT_LIMIT,
};
pub use continuation::CONTINUED_WITHIN;
pub use cost::{Cost, CostRecord, CostTotal};
pub use delivery::Delivery;
pub use document::DOCUMENT_LIMIT;
pub use draft::{Choice, Draft};
pub use effect::{EFFECT_INVERSE_LIMIT, EFFECT_OUTPUT_LIMIT};
pub use effect_record::{
    EffectEnd, EffectIntent, EffectRecord, EffectStatus, IntendResult, NewEffect, SeenEffect,
};
pub use effect_request::EffectRequest;
pub use error::RecordsError;
pub use evidence::{DocumentDigests, SignedEvidence};
pub use execution::{BeginResult, FinishResult, INPUT_LIMIT};
pub use execution_list::LIST_LIMIT;
pub use execution_record::{ExecutionEnd, ExecutionRecord};
pub use failures::Circuit;
pub use feed::{Frame, NewFrame, Reports, Told};
pub use inbox::{MOST_WAITING, PutWordResult};
pub use inquiry::{Inquiry, NewInquiry};
pub use limit::{LimitOf, Limits, Spender};
pub use line::{Line, MOST_COUNTED};
pub use listing::Listing;
pub use local_turns::LocalTurns;
pub use machine_token::{MOST_TOKENS, MOST_TOKENS_OF_ONE, MachineToken, TokenKept};
pub use managed::{Archived, Managed, ManagedPerson, ManagedPlugin, ManagedProject, Written};
pub use moves::Moves;
pub use new_execution::{NewExecution, TakenOver};
pub use notify_choice::NotifyChoice;
pub use occurrence::{Meeting, Occurrence};
pub use opened_pull_request::OpenedPullRequest;
pub use over::{Over, OverReason};
pub use own_account::OwnAccount;
pub use own_branch::OwnBranch;
pub use page::{ExecutionList, Page};
pub use paid_reply::{PaidReply, QuestionId};
pub use pass::{Pass, Patience, PutOff};
pub use passing::may_be_lost;
pub use place::Place;
pub use planned::{LinkState, PlannedItem, PlannedLink, Rewriting};
pub use planned_page::PlannedPage;
pub use progress::{EditClaim, Progress, ProgressPlace};
pub use pull_request::ClosedPullRequest;
pub use pulled::PulledPlace;
pub use put_back::Lost;
pub use reach_reading::ReachReading;
pub use reading::ReadingOf;
pub use refusal::Refusal;
pub use reply::{Reply, ReplyPlace, WaitingReply};
pub use request::RequestClaim;
pub use review_place::{FIRST_ASKED_OF_REVIEW, ReviewPlace};
pub use run_cost::RunCost;
pub use session::{ReadSession, SessionBounds, SessionHead, SessionPhase, SessionRound};
pub use session_change::{Changed, SessionChange};
pub use session_parts::{AgentAtWork, MovedFile, OverlayFile, SessionLink};
pub use session_words::{ApprovedChange, StrangerWords};
pub use shown::{Shown, ShownPlace};
pub use shown_step::ShownStep;
pub use sign_in::{EndedSessions, SignInAccount, SignInTicket};
pub use socket::{OpenSocket, SOCKET_LIFE, SocketHolder, SocketTicket};
pub use socket_turn::SocketTurn;
pub use spend::{Spend, SpendBy};
pub use spending::Spending;
pub use step::{StepEnd, StepRecord, StepStatus};
pub use step_reading::StepReading;
pub use store::Store;
pub use stored::STORED_LIMIT;
pub use stream::{DECISIONS, PROGRESS, StreamedItems, TableChange, execution_of_frame};
pub use table::Table;
pub use task::{TaskRecord, TaskState};
pub use thread::OpenedThread;
pub use token::token_digest;
pub use topic::Topic;
pub use turns::{Room, Shortfall};
pub use view::ExecutionView;
pub use vote::{Terms, Vote};
pub use voting::VoteResult;
pub use waiter::{Answer, Telling, Timeliness, Waiter};
pub use word::{Inbox, ReviewOf, WaitingWord, Word};
