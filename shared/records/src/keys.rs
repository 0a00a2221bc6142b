//! Every key of the one table, and with them every access pattern. The file is long because the whole table is best read in one place.
//!
//! The table has the string keys `pk` and `sk`, the index `gsi1` (`gsi1pk`, `gsi1sk`; sparse, keys only), the time-to-live
//! attribute `expires_at` (seconds since 1970) and a stream of keys. Nothing is ever scanned.
//!
//! | what is asked | how | `pk` | `sk` |
//! |---|---|---|---|
//! | one execution | get | `EXECUTION#<name>` | `EXECUTION` |
//! | everything about one execution | query | `EXECUTION#<name>` | |
//! | its steps | query | `EXECUTION#<name>` | `STEP#<state key>` |
//! | its calls of agents | query | `EXECUTION#<name>` | `AGENT#<id>` |
//! | its costs | query | `EXECUTION#<name>` | `COST#<at>#<id>` |
//! | its agents' sessions | query | `EXECUTION#<name>` | `SESSION#<state key>` |
//! | its reservations | query | `EXECUTION#<name>` | `RESERVATION#<id>` |
//! | its progress comment | get | `EXECUTION#<name>` | `PROGRESS` |
//! | that a person asked to stop it | the stream alone | `EXECUTION#<name>` | `STOP` |
//! | one task, with the execution that is at work on it | get | `TASK#<id>` | `TASK` |
//! | what a task may still spend | get | `TASK#<id>` | `BUDGET` |
//! | how many words wait for the agents of a task | get | `INBOX#<task>` | `INBOX` |
//! | whose words from outside work on a task may have taken in | query | `INBOX#<task>` | `OUTSIDE#<digest of the author and the place>` |
//! | these words, in the order in which they were said | query | `INBOX#<task>` | `WORD#<at>#<digest of the delivery>` |
//! | executions of a task, newest first | query, then batch get | `TASK#<id>` | `EXECUTION#<begun>#<name>` |
//! | costs of a task | query | `TASK#<id>` | `COST#<at>#<id>` |
//! | executions of a project, newest first | query, then batch get | `PROJECT#<key>` | `EXECUTION#<begun>#<name>` |
//! | costs of a project in a month | query | `PROJECT#<key>` | `COST#<at>#<id>` |
//! | what a project may still spend in a month | get | `PROJECT#<key>` | `BUDGET#<month>` |
//! | what a workflow may still spend in a month | get | `SPEND#<month>#workflow/<name>` | `BUDGET` |
//! | what past runs of a workflow cost, newest first | query | `SPEND#RUNS#<workflow>` | `RUN#<begun>#<name>` |
//! | whether an execution is to end as a draft | get | `EXECUTION#<name>` | `DRAFT` |
//! | who is at work in a project or just begun | query | `PROJECT#<key>` | `LINE#<name>` |
//! | who waits in line, the oldest of each person | query, then from person to person | `PROJECT#<key>` | `LINE#~<digest of the account>#<begun>#<name>` |
//! | the places of a project's runs at reviewers | query | `CAPACITY#<project>` | `PLACE#<execution that began the run>` |
//! | which runs have a place with one reviewer | get, query | `CAPACITY#<project>` | `LINE#<project, or whose>` |
//! | what a person may still spend in a month | get | `PERSON#<account>` | `BUDGET#<month>` |
//! | costs of a person in a month | query | `PERSON#<account>` | `COST#<at>#<id>` |
//! | whether a person may push to a project's repository | get | `WRITER#<account>` | `PROJECT#<key>` |
//! | executions of everybody, newest first | query a month, then batch get | `MONTH#<month>` | `EXECUTION#<begun>#<name>` |
//! | open executions whose check is due | query `gsi1`, then batch get | `gsi1pk` = `OPEN` | `gsi1sk` = `<check_at>#<name>` |
//! | one effect | get | `RUN#<run>` | `EFFECT#<key>` |
//! | what the step of an effect asked for | get | `RUN#<run>` | `REQUEST#<key>` |
//! | whether a run is closed; its next sequence number | get, update | `RUN#<run>` | `RUN` |
//! | whether a run was admitted | get | `RUN#<run>` | `ADMISSION` |
//! | effects of a run, newest first | query, sorted by sequence | `RUN#<run>` | `EFFECT#<key>` |
//! | what one delivery led to | get | `DELIVERY#<source>#<id>` | `DELIVERY` |
//! | what a command of one delivery steers | put if absent | `DELIVERY#<source>#<id>` | `STEERED#<command>` |
//! | how fast a provider may be called, whether it keeps failing | update | `PROVIDER#<name>` | `RATE` |
//! | the bot's own account at a provider | get | `PROVIDER#<name>` | `ACCOUNT` |
//! | how far a provider's events were fetched | get | `PROVIDER#<name>` | `PULLED#<digest of what>` |
//! | what one delivery is answered | get | `REPLY#<source>#<id>` | `REPLY` |
//! | the answers that could not be sent yet | query | `REPLY#WAITING` | `WAITING#<sha256 of the answer's name>` |
//! | which limit blocks an execution | get | `EXECUTION#<name>` | `REFUSAL` |
//! | until when a provider takes no call of an execution | get | `EXECUTION#<name>` | `PUT_OFF` |
//! | who waits for something | query | `WAITER#<topic>` | `WAITER#<key>` |
//! | which waiters the sweeper looks at next | get | `WAITER#<topic>` | `TURN` |
//! | where a question is shown that does not show yet what became of it | query | `WAITER#<topic>` | `SHOWN#<key>#<digest of the place>` |
//! | the ticket that carries a mark of ours | get | `EVENT#created/<digest>` | `CREATION` |
//! | what an execution's steps wait for | query | `EXECUTION#<name>` | `WAITS#<step's key>#<digest of the topic>` |
//! | which events met an execution's steps | put if absent | `EXECUTION#<name>` | `MET#<event key>#<digest>` |
//! | the events that something may wait for | query | `EVENT#<event key>` | `EVENT#<digest of the delivery>`, or `EVENT` |
//! | what providers are asked about | query | `INQUIRY#OPEN` | `INQUIRY#<event key>` |
//! | the current document: configuration, references, routes, prompts, agents | get | `DOCUMENT#<name>` | `CURRENT` |
//! | one of its newest versions, for people | get | `DOCUMENT#<name>` | `VERSION#<number>` |
//! | what was read of a commit | query | `READING#<digest of what>` | `CHUNK#<number>` |
//! | the ticket of a thread that we opened in a chat | get | `THREAD#<channel>#<message>` | `THREAD` |
//! | where an agent's session is | get | `SESSION#<id>` | `HEAD` |
//! | which of an agent's sessions worked on a branch last | get | `SESSION#<owner/name>/<agent>/<branch>` | `BRANCH` |
//! | what it began with | get | `SESSION#<id>` | `OPENING` |
//! | what it keeps in addition to its messages and files | get | `SESSION#<id>` | `STATE` |
//! | the fixed part of what a generation sends | get | `SESSION#<id>` | `PREFIX#<generation>` |
//! | the messages of a generation | query | `SESSION#<id>` | `MESSAGE#<generation>#<sequence>` |
//! | the files that it changed | query | `SESSION#<id>` | `FILE#<sha256 of the path>` |
//! | whose words it took in who may not start work | query | `SESSION#<id>` | `STRANGER#<at>#<digest of who>` |
//! | its newest approved change | get | `SESSION#<id>` | `APPROVED` |
//! | one stored value | query | `STORED#<reference>` | `CHUNK#<number>` |
//! | the reply to one question to a model | get | `STORED#<execution>/<sha256 of the question>` | `REPLY` |
//! | which run committed to a branch | get | `REPOSITORY#<owner/name>` | `BRANCH#<name>` |
//! | a closed pull request, for figures | get, query | `REPOSITORY#<owner/name>` | `PULL_REQUEST#<number>` |
//! | which pull requests were merged in a month | query, then batch get | `REPOSITORY#<owner/name>` | `MERGED#<at>#<number>` |
//! | a pull request that a run opened | get | `REPOSITORY#<owner/name>` | `OPENED#<number>` |
//! | the tickets that a plan became | query | `PLAN#<project>/<digest of what is planned>` | `ITEM#<key>` |
//! | the page of a plan | get | `PLAN#<project>/<digest of what is planned>` | `PAGE` |
//! | how far an execution was told | get | `FEED#<execution>` | `TOLD` |
//! | what happened in an execution, for programs that follow it | query | `FEED#<execution>` | `FRAME#<sequence>` |
//! | questions that wait for people, the oldest first | query `gsi1`, then batch get | `gsi1pk` = `APPROVALS` | `gsi1sk` = `<since>#<topic>#<key>` |
//! | decided questions that are not shown everywhere, the oldest decision first | query `gsi1`, then batch get | `gsi1pk` = `DECIDED` | `gsi1sk` = `<decided>#<topic>#<key>` |
//! | agents that are at work in executions that have not ended, the oldest first | query `gsi1`, then batch get | `gsi1pk` = `AGENTS` | `gsi1sk` = `<opened>#<execution>#<session>` |
//! | which agents are at work in one execution | query | `EXECUTION#<name>` | `AT_WORK#<session>` |
//! | tickets of a project in a state, the latest change first | query `gsi1`, then batch get | `gsi1pk` = `TASKS#<project>#<state>` | `gsi1sk` = `<changed>#<task>` |
//! | what was spent in a month, by day and project, person, workflow, step or model | query 16 shards | `SPEND#<month>#<shard>` | `<PROJECT, …>#<day>#<name>` |
//! | what a request to the API was answered, when it is sent again | get | `REQUEST#<digest of its key>` | `REQUEST` |
//! | the installation's own token, hashed | get | `TOKEN#INSTALLATION` | `TOKEN` |
//! | how a pull request came about, signed; of its newest commit, or of one | get | `REPOSITORY#<owner/name>` | `EVIDENCE#<number>`, `EVIDENCE#<number>#<commit>` |
//! | which pull request from a branch has evidence | get | `REPOSITORY#<owner/name>` | `EVIDENCE_OF#<branch>` |
//! | the newest pull request of a ticket | get | `REPOSITORY#<owner/name>` | `TASK#<id>` |
//!
//! The keys of sockets at an account's gateway are in `keys/socket.rs`,
//! those of who may sign in and of who changed what are in `keys/identity.rs`, those of people's accounts in `keys/account.rs`, those of what
//! the API configures in `keys/configured.rs`.
//!
//! Costs are stored four times (execution, task, project, person), written in one transaction and never changed: reading any of
//! the four is then one consistent query. Lists of executions are pointers to the one execution item, so that an outcome has
//! one place.

pub(crate) mod account;
pub(crate) mod configured;
pub(crate) mod identity;
pub(crate) mod socket;

use crate::timestamp::fixed_width;
use domain::{SourceName, folded};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
pub(crate) const GSI1: &str = "gsi1";
pub(crate) const GSI1_PK: &str = "gsi1pk";
pub(crate) const GSI1_SK: &str = "gsi1sk";
pub(crate) const EXPIRES_AT: &str = "expires_at";

/// The partition of `gsi1` that holds every question that waits for people.
pub(crate) const APPROVALS: &str = "APPROVALS";
/// The partition of `gsi1` with every decided question that is not shown everywhere.
pub(crate) const DECIDED: &str = "DECIDED";
/// The partition of `gsi1` with every agent that is at work.
pub(crate) const AGENTS: &str = "AGENTS";
/// The partition of `gsi1` that holds every open execution.
pub(crate) const OPEN: &str = "OPEN";

pub(crate) const STEP: &str = "STEP#";
pub(crate) const AGENT: &str = "AGENT#";
pub(crate) const COST: &str = "COST#";
pub(crate) const RESERVATION: &str = "RESERVATION#";
pub(crate) const EXECUTION: &str = "EXECUTION";
/// How the partitions of executions begin.
pub(crate) const EXECUTION_PARTITION: &str = "EXECUTION#";
pub(crate) const PROGRESS: &str = "PROGRESS";
pub(crate) const TOLD: &str = "TOLD";
pub(crate) const STOP: &str = "STOP";
pub(crate) const LISTED_EXECUTION: &str = "EXECUTION#";
pub(crate) const EFFECT: &str = "EFFECT#";
pub(crate) const WAITER: &str = "WAITER#";
pub(crate) const SHOWN: &str = "SHOWN#";
pub(crate) const OCCURRENCE: &str = "EVENT";
pub(crate) const WAITS: &str = "WAITS#";
pub(crate) const INQUIRY: &str = "INQUIRY#";
/// The partition of all inquiries: the sweeper reads them all, and few are open at a time.
pub(crate) const INQUIRIES: &str = "INQUIRY#OPEN";
pub(crate) const REPLY_PARTITION: &str = "REPLY#";
pub(crate) const REPLY: &str = "REPLY";
/// The partition of all replies that could not be sent yet: the sweeper reads them all, and there are few while services answer.
pub(crate) const WAITING_REPLIES: &str = "REPLY#WAITING";
pub(crate) const WAITING: &str = "WAITING#";
pub(crate) const CHUNK: &str = "CHUNK#";
pub(crate) const SESSION: &str = "SESSION#";
pub(crate) const AT_WORK: &str = "AT_WORK#";
pub(crate) const STRANGER: &str = "STRANGER#";
pub(crate) const MESSAGE: &str = "MESSAGE#";
pub(crate) const FILE: &str = "FILE#";
pub(crate) const FRAME: &str = "FRAME#";
pub(crate) const PLACE: &str = "LINE#";
/// How the sort keys of those that wait begin: after every name, so that one query reads who is at work and then who waits.
const QUEUED: &str = "LINE#~";
pub(crate) const PLACE_OF_RUN: &str = "PLACE#";
pub(crate) const REVIEW_LINE: &str = "LINE#";
pub(crate) const PLANNED: &str = "ITEM#";
pub(crate) const REPOSITORY: &str = "REPOSITORY#";
pub(crate) const PULL_REQUEST: &str = "PULL_REQUEST#";
pub(crate) const MERGED: &str = "MERGED#";
pub(crate) const OUTSIDE: &str = "OUTSIDE#";
pub(crate) const INBOX_PARTITION: &str = "INBOX#";
pub(crate) const WORD: &str = "WORD#";
pub(crate) const PROVIDER: &str = "PROVIDER#";
pub(crate) const RATE: &str = "RATE";
pub(crate) const RUN_COST: &str = "RUN#";

/// The primary key of one item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

pub(crate) fn execution_partition(name: &str) -> String {
    format!("{EXECUTION_PARTITION}{name}")
}

pub(crate) fn execution(name: &str) -> Key {
    Key::new(execution_partition(name), EXECUTION)
}

pub(crate) fn step(execution: &str, state: &str) -> Key {
    Key::new(execution_partition(execution), format!("{STEP}{state}"))
}

pub(crate) fn agent_execution(execution: &str, id: &str) -> Key {
    Key::new(execution_partition(execution), format!("{AGENT}{id}"))
}

pub(crate) fn reservation(execution: &str, id: &str) -> Key {
    Key::new(execution_partition(execution), format!("{RESERVATION}{id}"))
}

pub(crate) fn progress(execution: &str) -> Key {
    Key::new(execution_partition(execution), PROGRESS)
}

pub(crate) fn stop(execution: &str) -> Key {
    Key::new(execution_partition(execution), STOP)
}

/// The place of a cost record in one of its four partitions.
pub(crate) fn cost(partition: String, at: Timestamp, id: &str) -> Key {
    Key::new(partition, format!("{COST}{}#{id}", fixed_width(at)))
}

/// The position of an execution in lists, which are ordered by time.
pub(crate) fn position_of_listed(begun: Timestamp, name: &str) -> String {
    format!("{}#{name}", fixed_width(begun))
}

/// The place of an execution in one of the lists that contain it.
pub(crate) fn listed_execution(partition: String, begun: Timestamp, name: &str) -> Key {
    Key::new(partition, format!("{LISTED_EXECUTION}{}", position_of_listed(begun, name)))
}

pub(crate) fn task_partition(id: &str) -> String {
    format!("TASK#{id}")
}

pub(crate) fn task(id: &str) -> Key {
    Key::new(task_partition(id), "TASK")
}

pub(crate) fn task_budget(id: &str) -> Key {
    Key::new(task_partition(id), "BUDGET")
}

pub(crate) fn inbox_partition(task_id: &str) -> String {
    format!("{INBOX_PARTITION}{task_id}")
}

pub(crate) fn inbox(task_id: &str) -> Key {
    Key::new(inbox_partition(task_id), "INBOX")
}

/// The newest words of a stranger at a place that work on a ticket may have taken in.
pub(crate) fn outside_words(ticket: &str, by: &str, place: &str) -> Key {
    Key::new(inbox_partition(ticket), format!("{OUTSIDE}{}", digest(&format!("{by}#{place}"))))
}

/// The sort key of words in an inbox.
pub(crate) fn word(at: Timestamp, source: &SourceName, delivery: &str) -> String {
    format!("{WORD}{}#{}", fixed_width(at), digest(&format!("{source}#{delivery}")))
}

pub(crate) fn word_named(task_id: &str, key: &str) -> Key {
    Key::new(inbox_partition(task_id), key)
}

pub(crate) fn thread(channel: &str, message: &str) -> Key {
    Key::new(format!("THREAD#{channel}#{message}"), "THREAD")
}

pub(crate) fn project_partition(key: &str) -> String {
    format!("PROJECT#{key}")
}

pub(crate) fn place(project: &str, execution: &str) -> Key {
    Key::new(project_partition(project), format!("{PLACE}{execution}"))
}

pub(crate) fn queued_place(project: &str, account: &str, begun: Timestamp, execution: &str) -> Key {
    let of_account = format!("{QUEUED}{}", digest(account));
    Key::new(project_partition(project), format!("{of_account}#{}", position_of_listed(begun, execution)))
}

/// After the sort keys of all of a person's executions that wait.
pub(crate) fn after_queued(account: &str) -> String {
    format!("{QUEUED}{}#~", digest(account))
}

/// After the sort keys of all places in line.
pub(crate) fn after_places() -> String {
    format!("{QUEUED}~")
}

/// The pull requests that a project's reviewers have to review.
pub(crate) fn capacity_partition(project: &str) -> String {
    format!("CAPACITY#{project}")
}

pub(crate) fn place_of_run(project: &str, run: &str) -> Key {
    Key::new(capacity_partition(project), format!("{PLACE_OF_RUN}{run}"))
}

/// The place that a run had when it was given back last.
pub(crate) fn former_place_of_run(project: &str, run: &str) -> Key {
    Key::new(capacity_partition(project), format!("FORMER_PLACE#{run}"))
}

pub(crate) fn review_line(project: &str, line: &str) -> Key {
    Key::new(capacity_partition(project), format!("{REVIEW_LINE}{line}"))
}

pub(crate) fn person_partition(account: &str) -> String {
    format!("PERSON#{account}")
}

pub(crate) fn month_partition(month: &str) -> String {
    format!("MONTH#{month}")
}

pub(crate) fn person_budget(account: &str, month: &str) -> Key {
    Key::new(person_partition(account), format!("BUDGET#{month}"))
}

pub(crate) fn project_budget(project: &str, month: &str) -> Key {
    Key::new(project_partition(project), format!("BUDGET#{month}"))
}

pub(crate) fn workflow_budget(workflow: &str, month: &str) -> Key {
    Key::new(format!("SPEND#{month}#workflow/{workflow}"), "BUDGET")
}

/// The partition of what past runs of a workflow cost.
pub(crate) fn run_costs(workflow: &str) -> String {
    format!("SPEND#RUNS#{workflow}")
}

pub(crate) fn run_cost(workflow: &str, begun: Timestamp, name: &str) -> Key {
    Key::new(run_costs(workflow), format!("{RUN_COST}{}#{name}", fixed_width(begun)))
}

pub(crate) fn draft(execution: &str) -> Key {
    Key::new(execution_partition(execution), "DRAFT")
}

pub(crate) fn writer(account: &str, project: &str) -> Key {
    Key::new(format!("WRITER#{account}"), format!("PROJECT#{project}"))
}

pub(crate) fn open_since(check_at: Timestamp, name: &str) -> String {
    format!("{}#{name}", fixed_width(check_at))
}

pub(crate) fn run_partition(run: &str) -> String {
    format!("RUN#{run}")
}

pub(crate) fn run(run: &str) -> Key {
    Key::new(run_partition(run), "RUN")
}

pub(crate) fn admission(run: &str) -> Key {
    Key::new(run_partition(run), "ADMISSION")
}

pub(crate) fn effect(run: &str, key: &str) -> Key {
    Key::new(run_partition(run), format!("{EFFECT}{key}"))
}

pub(crate) fn effect_request(run: &str, key: &str) -> Key {
    Key::new(run_partition(run), format!("REQUEST#{key}"))
}

pub(crate) fn delivery(source: &SourceName, id: &str) -> Key {
    Key::new(format!("DELIVERY#{source}#{id}"), "DELIVERY")
}

pub(crate) fn steered(source: &SourceName, id: &str, command: &str) -> Key {
    Key::new(format!("DELIVERY#{source}#{id}"), format!("STEERED#{command}"))
}

pub(crate) fn rate(provider: &str) -> Key {
    Key::new(format!("{PROVIDER}{provider}"), RATE)
}

pub(crate) fn own_account(instance: &str) -> Key {
    Key::new(format!("PROVIDER#{instance}"), "ACCOUNT")
}

pub(crate) fn pulled(instance: &str, what: &str) -> Key {
    Key::new(format!("PROVIDER#{instance}"), format!("PULLED#{}", digest(what)))
}

pub(crate) fn reply(source: &SourceName, delivery: &str) -> Key {
    reply_named(&reply_id(source, delivery))
}

/// The identity of the reply to a delivery.
pub(crate) fn reply_id(source: &SourceName, delivery: &str) -> String {
    format!("{source}#{delivery}")
}

pub(crate) fn reply_named(id: &str) -> Key {
    Key::new(format!("{REPLY_PARTITION}{id}"), REPLY)
}

pub(crate) fn waiting_reply(id: &str) -> Key {
    Key::new(WAITING_REPLIES.to_owned(), format!("{WAITING}{}", digest(id)))
}

pub(crate) fn waiter_partition(topic: &str) -> String {
    format!("WAITER#{topic}")
}

pub(crate) fn waiter(topic: &str, key: &str) -> Key {
    Key::new(waiter_partition(topic), format!("{WAITER}{key}"))
}

/// The prefix of the sort keys of places where a question is shown.
pub(crate) fn shown_start(key: &str) -> String {
    format!("{SHOWN}{key}#")
}

pub(crate) fn shown(topic: &str, key: &str, place: &str) -> Key {
    Key::new(waiter_partition(topic), format!("{}{}", shown_start(key), digest(place)))
}

/// Beside the waiters of a topic.
pub(crate) fn turn(topic: &str) -> Key {
    Key::new(waiter_partition(topic), "TURN")
}

pub(crate) fn occurrence_partition(key: &str) -> String {
    format!("EVENT#{key}")
}

pub(crate) fn occurrence(key: &str, delivery: &str) -> Key {
    Key::new(occurrence_partition(key), format!("{OCCURRENCE}#{}", digest(delivery)))
}

/// Where the only event of a key is, if a newer one takes an older one's place.
pub(crate) fn newest_occurrence(key: &str) -> Key {
    Key::new(occurrence_partition(key), OCCURRENCE)
}

pub(crate) fn meeting(execution: &str, event: &str, delivery: &str) -> Key {
    Key::new(execution_partition(execution), format!("MET#{event}#{}", digest(delivery)))
}

/// A step may wait for several things at once.
pub(crate) fn waits(execution: &str, key: &str, topic: &str) -> Key {
    Key::new(execution_partition(execution), format!("{WAITS}{key}#{}", digest(topic)))
}

pub(crate) fn inquiry(key: &str) -> Key {
    Key::new(INQUIRIES.to_owned(), format!("{INQUIRY}{key}"))
}

/// IDs of deliveries are as long as their senders make them, and so are paths.
fn digest(long: &str) -> String {
    hex::encode(Sha256::digest(long.as_bytes()))
}

pub(crate) fn creation(digest: &str) -> Key {
    Key::new(format!("EVENT#created/{digest}"), "CREATION")
}

pub(crate) fn plan_partition(project: &str, plan: &str) -> String {
    format!("PLAN#{project}/{}", digest(plan))
}

pub(crate) fn planned(project: &str, plan: &str, item: &str) -> Key {
    Key::new(plan_partition(project, plan), format!("{PLANNED}{item}"))
}

pub(crate) fn planned_page(project: &str, plan: &str) -> Key {
    Key::new(plan_partition(project, plan), "PAGE")
}

pub(crate) fn refusal(execution: &str) -> Key {
    Key::new(execution_partition(execution), "REFUSAL")
}

pub(crate) fn put_off(execution: &str) -> Key {
    Key::new(execution_partition(execution), "PUT_OFF")
}

pub(crate) fn document(name: &str) -> Key {
    Key::new(format!("DOCUMENT#{name}"), "CURRENT")
}

pub(crate) fn document_version(name: &str, version: u64) -> Key {
    Key::new(format!("DOCUMENT#{name}"), format!("VERSION#{version:010}"))
}

/// Beside the execution, with which it goes: an execution that fails leaves its agents' sessions as they are.
pub(crate) fn agent_at_work(execution: &str, session: &str) -> Key {
    Key::new(execution_partition(execution), format!("{AT_WORK}{session}"))
}

pub(crate) fn session_partition(id: &str) -> String {
    format!("SESSION#{id}")
}

pub(crate) fn session_head(id: &str) -> Key {
    Key::new(session_partition(id), "HEAD")
}

pub(crate) fn session_on_branch(repository: &str, agent: &str, branch: &str) -> Key {
    Key::new(session_partition(&format!("{}/{agent}/{branch}", folded(repository))), "BRANCH")
}

pub(crate) fn session_opening(id: &str) -> Key {
    Key::new(session_partition(id), "OPENING")
}

pub(crate) fn session_state(id: &str) -> Key {
    Key::new(session_partition(id), "STATE")
}

pub(crate) fn session_prefix(id: &str, generation: u32) -> Key {
    Key::new(session_partition(id), format!("PREFIX#{generation:05}"))
}

pub(crate) fn session_message(id: &str, generation: u32, sequence: u32) -> Key {
    Key::new(session_partition(id), format!("{}{sequence:05}", session_messages(generation)))
}

/// How the sort keys of a generation's messages begin.
pub(crate) fn session_messages(generation: u32) -> String {
    format!("{MESSAGE}{generation:05}#")
}

pub(crate) fn session_file(id: &str, path: &str) -> Key {
    // A path may be longer than a sort key.
    Key::new(session_partition(id), format!("{FILE}{}", digest(path)))
}

pub(crate) fn stranger_words(id: &str, at: Timestamp, by: &str) -> Key {
    Key::new(session_partition(id), format!("{STRANGER}{at}#{}", digest(by)))
}

pub(crate) fn approved_change(id: &str) -> Key {
    Key::new(session_partition(id), "APPROVED")
}

pub(crate) fn session_of(execution: &str, state: &str) -> Key {
    Key::new(execution_partition(execution), format!("{SESSION}{state}"))
}

pub(crate) fn feed(execution: &str) -> Key {
    Key::new(format!("FEED#{execution}"), TOLD)
}

pub(crate) fn frame(execution: &str, sequence: u64) -> Key {
    Key::new(format!("FEED#{execution}"), format!("{FRAME}{sequence:012}"))
}

/// The partition of `gsi1` that holds the tickets of a project in a state.
pub(crate) fn tasks(project: &str, state: &str) -> String {
    format!("TASKS#{project}#{state}")
}

/// The sort key of `gsi1` for items listed by time.
pub(crate) fn listed_at(at: Timestamp, id: &str) -> String {
    format!("{}#{id}", fixed_width(at))
}

pub(crate) fn spend_partition(month: &str, shard: u8) -> String {
    format!("SPEND#{month}#{shard:02}")
}

pub(crate) fn spend(month: &str, shard: u8, sk: &str) -> Key {
    Key::new(spend_partition(month, shard), sk)
}

pub(crate) fn request(key: &str) -> Key {
    Key::new(format!("REQUEST#{}", digest(key)), "REQUEST")
}

/// Only its hash is there.
pub(crate) fn installation_token() -> Key {
    Key::new("TOKEN#INSTALLATION".to_owned(), "TOKEN")
}

pub(crate) fn stored_partition(reference: &str) -> String {
    format!("STORED#{reference}")
}

pub(crate) fn chunk(reference: &str, number: usize) -> Key {
    Key::new(stored_partition(reference), format!("{CHUNK}{number:05}"))
}

pub(crate) fn paid_reply(execution: &str, sha256: &str) -> Key {
    Key::new(stored_partition(&format!("{execution}/{sha256}")), "REPLY")
}

pub(crate) fn reading_partition(digest: &str) -> String {
    format!("READING#{digest}")
}

pub(crate) fn reading_chunk(digest: &str, number: usize) -> Key {
    Key::new(reading_partition(digest), format!("{CHUNK}{number:05}"))
}

pub(crate) fn repository_partition(repository: &str) -> String {
    format!("{REPOSITORY}{repository}")
}

pub(crate) fn own_branch(repository: &str, branch: &str) -> Key {
    Key::new(repository_partition(repository), format!("BRANCH#{branch}"))
}

pub(crate) fn opened_pull_request(repository: &str, number: u64) -> Key {
    Key::new(repository_partition(&folded(repository)), format!("OPENED#{number:010}"))
}

pub(crate) fn evidence(repository: &str, number: u64) -> Key {
    Key::new(repository_partition(&folded(repository)), format!("EVIDENCE#{number:010}"))
}

/// Which pull request from a branch has evidence.
pub(crate) fn evidence_of_branch(repository: &str, branch: &str) -> Key {
    Key::new(repository_partition(&folded(repository)), format!("EVIDENCE_OF#{branch}"))
}

pub(crate) fn evidence_of_commit(repository: &str, number: u64, commit: &str) -> Key {
    let Key { pk, sk } = evidence(repository, number);
    Key::new(pk, format!("{sk}#{commit}"))
}

pub(crate) fn pull_request_of_task(repository: &str, task_id: &str) -> Key {
    Key::new(repository_partition(&folded(repository)), format!("TASK#{task_id}"))
}

/// That a pull request was merged then.
pub(crate) fn merged(repository: &str, at: Timestamp, number: u64) -> Key {
    Key::new(repository_partition(repository), format!("{MERGED}{}#{number:010}", fixed_width(at)))
}

pub(crate) fn pull_request(repository: &str, number: u64) -> Key {
    Key::new(repository_partition(repository), format!("{PULL_REQUEST}{number:010}"))
}
