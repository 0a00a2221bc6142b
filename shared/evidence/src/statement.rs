//! The statement about a pull request. It contains IDs, hashes, names and amounts, but no text from tickets or people.

use domain::{CommitSha, RepositoryName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The type of in-toto statements, version 1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The type of our predicate: how a pull request came about.
pub const PREDICATE_TYPE: &str = "https://ticketsmith.dev/attestations/pull-request/v1";

/// A statement about a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// Its subject: one commit.
    pub subject: Vec<Subject>,
    /// [`PREDICATE_TYPE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// The statement.
    pub predicate: Predicate,
}

/// The commit that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The repository, `owner/name`.
    pub name: String,
    /// The commit.
    pub digest: CommitDigest,
}

/// A commit among the digests that in-toto knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitDigest {
    /// Its hash.
    #[serde(rename = "gitCommit")]
    pub git_commit: String,
}

/// How a pull request came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicate {
    /// The pull request.
    pub pull_request: PullRequest,
    /// When this was signed.
    pub signed_at: Timestamp,
    /// The executions that worked on it, oldest first.
    pub executions: Vec<Execution>,
    /// Our commits on its branch, oldest first; the last one is the subject.
    pub commits: Vec<Commit>,
    /// The results of these commits' checks, if the run waited for them.
    pub checks: Vec<Check>,
    /// What all calls of models with a known price cost.
    pub spent_micro_usd: u64,
    /// The amount booked for calls of unknown price.
    pub booked_micro_usd: u64,
    /// The configuration in force when this was signed.
    pub in_force: InForce,
    /// The heads of the audit chains when this was signed: a later change of the audit contradicts them.
    pub audit: Vec<Chain>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The repository, `owner/name`.
    pub repository: RepositoryName,
    /// Its number there.
    pub number: u64,
    /// Where people see it.
    pub url: String,
    /// The branch with the changes.
    pub branch: String,
    /// The branch they go to.
    pub target: String,
    /// The ticket that it implements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The project's key.
    pub project: String,
}

/// One execution that worked on a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// The workflow.
    pub workflow: Workflow,
    /// What started it: `jira.labelled`.
    pub trigger: String,
    /// The SHA-256 of the id of the delivery that said so.
    pub delivery_sha256: String,
    /// The person who started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<Person>,
    /// Why it is allowed: the right of the person who started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// When it was accepted.
    pub begun_at: Timestamp,
    /// When it ended; absent while it is at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Its outcome.
    pub outcome: String,
    /// The execution that it continues: it is a redrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// The person who asked to stop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_requested_by: Option<String>,
    /// Its steps, in the order in which they were first started.
    pub steps: Vec<Step>,
    /// How many further steps are left out here. Their cost is in the sums.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub steps_left_out: usize,
    /// Its agents.
    pub agents: Vec<Agent>,
    /// People's answers to its questions.
    pub approvals: Vec<Approval>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A workflow as it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// The SHA-256 of the definition with which the execution ran; absent where Step Functions no longer knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_sha256: Option<String>,
}

/// A person, or a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name in the configuration; absent for somebody who is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where they acted: `jira`.
    pub source: String,
    /// Their id there.
    pub id: String,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The state's name with its loop indexes.
    pub state: String,
    /// The action.
    pub action: String,
    /// Its status.
    pub status: String,
    /// How often it was started.
    pub attempts: u32,
    /// When it was first started.
    pub started_at: Timestamp,
    /// When its last attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The cost of its model calls with a known price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_micro_usd: Option<u64>,
    /// The amount booked for its calls of unknown price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked_micro_usd: Option<u64>,
    /// The models that answered, `provider/model`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

/// An agent at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name.
    pub name: String,
    /// Its session.
    pub session: String,
    /// The state that it works for.
    pub state: String,
    /// The SHA-256 of its session's beginning: the agent's definition, its instructions and the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening_sha256: Option<String>,
    /// The SHA-256 of the fixed part of each generation's requests to the model: the prompts and the tools, byte for byte.
    pub prompts_sha256: Vec<String>,
}

/// An answer of a person to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The step that asked, by its key.
    pub step: String,
    /// The SHA-256 of the question.
    pub question_sha256: String,
    /// Yes or no.
    pub approved: bool,
    /// Who, by their name in the configuration.
    pub by: String,
    /// Where they said so.
    pub via: String,
    /// When.
    pub at: Timestamp,
}

/// One of our commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its hash.
    pub sha: CommitSha,
    /// The execution that began the run that made it.
    pub execution: String,
    /// When it was made.
    pub at: Timestamp,
}

/// The result of a commit's checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The commit.
    pub sha: CommitSha,
    /// As the code host says it: `success`.
    pub conclusion: String,
    /// When it was reported to us.
    pub at: Timestamp,
}

/// The configuration in force, by the SHA-256 of each document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InForce {
    /// The agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents_sha256: Option<String>,
    /// The configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration_sha256: Option<String>,
    /// The prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts_sha256: Option<String>,
}

/// Where one chain of the audit was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Which chain.
    pub chain: u8,
    /// The number of its last record.
    pub sequence: u64,
    /// The hash of its last record.
    pub sha256: String,
}

impl Statement {
    /// The statement of this about a commit.
    pub fn new(commit: &CommitSha, predicate: Predicate) -> Self {
        let name = predicate.pull_request.repository.to_string();
        let digest = CommitDigest { git_commit: commit.to_string() };
        Self {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![Subject { name, digest }],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate,
        }
    }

    /// The commit that it is about.
    pub fn commit(&self) -> &str {
        self.subject.first().map_or("", |subject| &subject.digest.git_commit)
    }

    /// How people name the pull request: `owner/name#7`.
    pub fn reference(&self) -> String {
        format!("{}#{}", self.predicate.pull_request.repository, self.predicate.pull_request.number)
    }
}
