//! The facts about a pull request in the records: who asked for it, what was done, what it cost, who agreed.

use crate::handle::Events;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::built_in_actions::{COMMIT_CHANGES, CREATE_PULL_REQUEST};
use domain::execution::UNDO_WORKFLOW;
use domain::{ActionError, Actor, CommitSha, RepositoryName};
use evidence::{Agent, Approval, Chain, Check, Commit, Execution, InForce, Person, Step, Workflow};
use records::{
    AuditHead, CostRecord, CostTotal, DocumentDigests, EffectRecord, EffectStatus, ExecutionRecord,
    ExecutionView, OpenedPullRequest,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// So many of a ticket's newest executions are looked at.
const MOST_EXECUTIONS: usize = 20;
/// So many steps of an execution are listed.
const MOST_STEPS: usize = 400;
/// The prefix of event topics among the things that an execution waits for.
const EVENT: &str = "event/";

/// The commits and pull requests in a run's journal that were not taken back.
pub(super) struct Made {
    commits: Vec<(RepositoryName, String, Commit)>,
    opened: Vec<(RepositoryName, String, u64)>,
}

/// The work on a pull request.
pub(super) struct Work {
    pub(super) executions: Vec<Execution>,
    /// Oldest first.
    pub(super) commits: Vec<Commit>,
    pub(super) checks: Vec<Check>,
    pub(super) spent: u64,
    pub(super) booked: u64,
}

impl Made {
    /// Of a run's effects, where this execution began the run.
    pub(super) fn of(effects: &[EffectRecord], execution: &str) -> Self {
        let done = || effects.iter().filter(|effect| effect.status == EffectStatus::Done);
        let commits = done().filter(|effect| effect.action.as_str() == COMMIT_CHANGES);
        let commits = commits.filter_map(|effect| {
            let output = effect.output.as_ref()?;
            // The output has the address for people; the inverse has the location.
            let repository = effect.inverse.as_ref()?.input.get("repository")?.as_str()?.parse().ok()?;
            let sha: CommitSha = output.get("sha")?.as_str()?.parse().ok()?;
            let branch = output.get("branch")?.as_str()?.to_owned();
            let at = effect.done_at.unwrap_or(effect.at);
            Some((repository, branch, Commit { sha, execution: execution.to_owned(), at }))
        });
        let opened = done().filter(|effect| effect.action.as_str() == CREATE_PULL_REQUEST);
        let opened = opened.filter_map(|effect| {
            let output = effect.output.as_ref()?;
            let repository = output.get("repository")?.as_str()?.parse().ok()?;
            let branch = output.get("branch")?.as_str()?.to_owned();
            Some((repository, branch, output.get("number")?.as_u64()?))
        });
        Self { commits: commits.collect(), opened: opened.collect() }
    }

    /// The branches that have commits.
    pub(super) fn branches(&self) -> BTreeSet<(&RepositoryName, &str)> {
        self.commits.iter().map(|(repository, branch, _)| (repository, branch.as_str())).collect()
    }

    /// The newest commit on a branch.
    pub(super) fn newest_on(&self, repository: &RepositoryName, branch: &str) -> Option<&CommitSha> {
        let on = self.commits.iter().filter(|(place, on, _)| place == repository && on == branch);
        on.map(|(_, _, commit)| commit).max_by_key(|commit| commit.at).map(|commit| &commit.sha)
    }

    /// The number of the pull request that was opened from a branch.
    pub(super) fn number_of(&self, repository: &RepositoryName, branch: &str) -> Option<u64> {
        let mut opened = self.opened.iter();
        opened.find(|(place, from, _)| place == repository && from == branch).map(|(_, _, number)| *number)
    }

    fn commits_on(self, opened: &OpenedPullRequest) -> Vec<Commit> {
        let commits = self.commits.into_iter();
        let on = |(repository, branch, _): &(RepositoryName, String, Commit)| {
            repository.as_str().eq_ignore_ascii_case(opened.repository.as_str())
                && branch == opened.branch.as_str()
        };
        commits.filter(on).map(|(_, _, commit)| commit).collect()
    }
}

impl Events {
    /// The work on a pull request, by `execution` and earlier ones.
    pub(super) async fn work_on(
        &self,
        execution: &ExecutionRecord,
        opened: &OpenedPullRequest,
    ) -> Result<Work, ActionError> {
        let mut candidates = match &opened.task_id {
            Some(task_id) => self.table.executions_of_task(task_id, None, MOST_EXECUTIONS).await?,
            None => Vec::new(),
        };
        if !candidates.iter().any(|one| one.name == execution.name) {
            candidates.push(execution.clone());
        }
        candidates.retain(|one| one.workflow != UNDO_WORKFLOW);
        candidates.sort_by(|a, b| (a.begun_at, &a.name).cmp(&(b.begun_at, &b.name)));
        let mut runs = BTreeSet::new();
        let mut worked = BTreeSet::new();
        let mut commits = Vec::new();
        for one in &candidates {
            let Some(run) = one.run() else { continue };
            if !runs.insert(run) {
                continue;
            }
            let made = Made::of(&self.table.effects_of(run).await?, one.began_as());
            let found = made.commits_on(opened);
            if !found.is_empty() {
                worked.insert(run);
            }
            commits.extend(found);
        }
        commits.sort_by_key(|commit| commit.at);
        let (mut executions, mut checks) = (Vec::new(), Vec::new());
        let mut total = CostTotal::default();
        for one in candidates.iter().filter(|one| one.run().is_some_and(|run| worked.contains(run))) {
            let Some(view) = self.table.execution_view(&one.name).await? else { continue };
            let cost = view.cost();
            total.priced = total.priced + cost.priced;
            total.unknown_booked = total.unknown_booked + cost.unknown_booked;
            let (approvals, told) = self.answers_and_checks(&view.execution, &commits).await?;
            checks.extend(told);
            executions.push(self.execution_facts(view, approvals).await?);
        }
        checks.sort_by(|a: &Check, b| (a.at, &a.sha).cmp(&(b.at, &b.sha)));
        checks.dedup();
        Ok(Work { executions, commits, checks, spent: total.priced.0, booked: total.unknown_booked.0 })
    }

    async fn execution_facts(
        &self,
        view: ExecutionView,
        approvals: Vec<Approval>,
    ) -> Result<Execution, ActionError> {
        let mut agents = Vec::new();
        for link in &view.sessions {
            let Some(head) = self.table.session(&link.session).await? else { continue };
            let (opening_sha256, prompts_sha256) =
                self.table.session_digests(&head.id, head.generation).await?;
            let (session, state) = (head.id, link.state.clone());
            agents.push(Agent { name: head.agent, session, state, opening_sha256, prompts_sha256 });
        }
        let record = &view.execution;
        let grant = match record.run() {
            Some(run) => self.table.admission(run).await?,
            None => None,
        };
        Ok(Execution {
            name: record.name.clone(),
            workflow: Workflow {
                name: record.workflow.clone(),
                definition_sha256: self.definition_sha256(record).await?,
            },
            trigger: record.trigger.to_string(),
            delivery_sha256: sha256(record.delivery.as_bytes()),
            started_by: record.actor.as_ref().map(person),
            grant: grant.map(|admission| admission.grant.as_str().to_owned()),
            begun_at: record.begun_at,
            ended_at: record.ended_at,
            outcome: record.outcome.as_str().to_owned(),
            continues: record.continues.clone(),
            stop_requested_by: record.stop_requested_by.clone(),
            steps_left_out: view.steps.len().saturating_sub(MOST_STEPS),
            steps: steps(&view),
            agents,
            approvals,
        })
    }

    /// The hash of the definition with which an execution ran, as Step Functions has it.
    async fn definition_sha256(&self, execution: &ExecutionRecord) -> Result<Option<String>, ActionError> {
        let Some(arn) = &execution.arn else { return Ok(None) };
        let machine =
            self.step_functions.describe_state_machine_for_execution().execution_arn(arn).send().await;
        match machine {
            Ok(machine) => Ok(Some(sha256(machine.definition.as_bytes()))),
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(None),
            Err(error) => {
                let said = error.message().unwrap_or("timed out");
                Err(ActionError::unavailable(format!("Step Functions did not answer: {said}")))
            }
        }
    }

    /// People's answers to an execution's questions, and the results of these commits' checks that it received.
    async fn answers_and_checks(
        &self,
        execution: &ExecutionRecord,
        commits: &[Commit],
    ) -> Result<(Vec<Approval>, Vec<Check>), ActionError> {
        let (mut approvals, mut checks) = (Vec::new(), Vec::new());
        for (topic, key) in self.table.waits_of(&execution.name).await? {
            if let Some(event) = topic.strip_prefix(EVENT) {
                // The key of a wait about a commit ends with the commit.
                let sha = event.rsplit('/').next().unwrap_or_default();
                let Some(commit) = commits.iter().find(|commit| commit.sha.as_str() == sha) else { continue };
                for told in self.table.occurrences(event).await? {
                    let conclusion = told.fields.get("conclusion").and_then(Value::as_str);
                    checks.extend(conclusion.map(|conclusion| Check {
                        sha: commit.sha.clone(),
                        conclusion: conclusion.to_owned(),
                        at: told.at,
                    }));
                }
                continue;
            }
            let Some(waiter) = self.table.waiter(&topic, &key).await? else { continue };
            let (Some(question), Some(answer)) = (waiter.question, waiter.answer) else { continue };
            approvals.push(Approval {
                step: key,
                question_sha256: sha256(question.as_bytes()),
                approved: answer.approved,
                by: answer.by,
                via: answer.via.to_string(),
                at: answer.at,
            });
        }
        approvals.sort_by_key(|approval| approval.at);
        Ok((approvals, checks))
    }

    pub(super) async fn in_force(&self) -> Result<InForce, ActionError> {
        let DocumentDigests { agents, configuration, prompts } = self.table.document_digests().await?;
        Ok(InForce { agents_sha256: agents, configuration_sha256: configuration, prompts_sha256: prompts })
    }

    pub(super) async fn audit_now(&self) -> Result<Vec<Chain>, ActionError> {
        let heads = self.table.audit_heads().await?.into_iter();
        let chain = |AuditHead { chain, sequence, hash, .. }| Chain { chain, sequence, sha256: hash };
        Ok(heads.map(chain).collect())
    }
}

fn steps(view: &ExecutionView) -> Vec<Step> {
    let facts = |step: &records::StepRecord| {
        let costs: Vec<&CostRecord> = view.costs.iter().filter(|cost| cost.state == step.state).collect();
        let total = CostTotal::of(costs.iter().copied());
        let models: BTreeSet<String> =
            costs.iter().map(|cost| format!("{}/{}", cost.provider, cost.model)).collect();
        Step {
            state: step.state.clone(),
            action: step.action.to_string(),
            status: step.status.as_str().to_owned(),
            attempts: step.attempts,
            started_at: step.started_at,
            ended_at: step.ended_at,
            spent_micro_usd: Some(total.priced.0).filter(|spent| *spent > 0),
            booked_micro_usd: Some(total.unknown_booked.0).filter(|booked| *booked > 0),
            models: models.into_iter().collect(),
        }
    };
    view.steps.iter().take(MOST_STEPS).map(facts).collect()
}

fn person(actor: &Actor) -> Person {
    Person { name: actor.person.clone(), source: actor.source.to_string(), id: actor.id.clone() }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
