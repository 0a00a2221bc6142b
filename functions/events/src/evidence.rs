//! Signs how pull requests came about: whenever a pull request has a new commit of ours, and again when the execution has ended.

mod facts;

use crate::handle::{Events, about};
use crate::look::Look;
use domain::built_in_actions::{COMMIT_CHANGES, CREATE_PULL_REQUEST};
use domain::{ActionError, CommitSha, RepositoryName};
use evidence::{Predicate, PublicKey, PullRequest, Statement, Unsigned};
use facts::{Made, Work};
use records::{ExecutionRecord, OpenedPullRequest, SignedEvidence, StepStatus};
use runtime::EvidenceKey;
use tracing::Instrument;

impl Events {
    /// The same, with a key: evidence is signed only if there is one.
    #[must_use]
    pub fn with_evidence_key(self, evidence_key: Option<EvidenceKey>) -> Self {
        Self { evidence_key, ..self }
    }

    /// As [`Self::sign_evidence`]; a failure is logged, and the next change of the execution or its end tries again.
    pub(crate) async fn sign_evidence_logged(&self, execution: &str, look: Option<&Look>) {
        let signed = async {
            if let Err(error) = self.sign_evidence(execution, look).await {
                tracing::error!(%error, "the evidence of a pull request could not be signed");
            }
        };
        signed.instrument(about(execution)).await;
    }

    /// Signs and stores the evidence of the pull requests that an execution committed to, if anything is unsigned, using a
    /// given look at it, if any.
    ///
    /// # Errors
    /// When the table, Step Functions or KMS do not answer.
    pub(crate) async fn sign_evidence(&self, name: &str, look: Option<&Look>) -> Result<(), ActionError> {
        let Some(key) = &self.evidence_key else { return Ok(()) };
        let anew;
        let look = match look {
            Some(look) => look,
            None => {
                anew = Look::take(&self.table, name, self.clock.now()).await?;
                let Some(look) = &anew else { return Ok(()) };
                look
            }
        };
        // The journal is read only if a step may have made something.
        let makes = [COMMIT_CHANGES, CREATE_PULL_REQUEST];
        let made = |step: &records::StepRecord| {
            makes.contains(&step.action.as_str()) && step.status == StepStatus::Succeeded
        };
        if !look.view.steps.iter().any(made) {
            return Ok(());
        }
        let execution = &look.view.execution;
        let made = Made::of(look.effects(&self.table).await?, execution.began_as());
        for (repository, branch) in made.branches() {
            let opened = self.pull_request_on(execution, &made, repository, branch).await?;
            if let Some(opened) = opened
                && !self.is_signed(execution, &opened, made.newest_on(repository, branch)).await?
            {
                self.sign_evidence_of(key, execution, opened).await?;
            }
        }
        Ok(())
    }

    /// Our pull request from a branch.
    async fn pull_request_on(
        &self,
        execution: &ExecutionRecord,
        made: &Made,
        repository: &RepositoryName,
        branch: &str,
    ) -> Result<Option<OpenedPullRequest>, ActionError> {
        if let Some(number) = made.number_of(repository, branch) {
            return Ok(self.table.opened_pull_request(repository, number).await?);
        }
        let Some(task_id) = &execution.task_id else { return Ok(None) };
        let opened = self.table.pull_request_of_task(repository, task_id).await?;
        Ok(opened.filter(|opened| opened.branch.as_str() == branch))
    }

    /// Whether there is evidence of this execution's newest commit, and of its end once it has ended.
    async fn is_signed(
        &self,
        execution: &ExecutionRecord,
        opened: &OpenedPullRequest,
        newest: Option<&CommitSha>,
    ) -> Result<bool, ActionError> {
        let ended = execution.outcome.is_final();
        let known = self.table.evidence(&opened.repository, opened.number, None).await?;
        Ok(known.is_some_and(|known| {
            Some(&known.commit) == newest && known.execution == execution.name && (known.ended || !ended)
        }))
    }

    async fn sign_evidence_of(
        &self,
        key: &EvidenceKey,
        execution: &ExecutionRecord,
        opened: OpenedPullRequest,
    ) -> Result<(), ActionError> {
        let work = self.work_on(execution, &opened).await?;
        let Some(newest) = work.commits.last().map(|commit| commit.sha.clone()) else { return Ok(()) };
        let ended = execution.outcome.is_final();
        let (envelope, public_key) = self.signed(key, &newest, work, &opened).await?;
        let number = opened.number;
        let kept = SignedEvidence {
            repository: opened.repository,
            number,
            branch: opened.branch,
            project: opened.project,
            commit: newest,
            execution: execution.name.clone(),
            ended,
            at: self.clock.now(),
            public_key,
            envelope,
        };
        self.table.put_evidence(&kept).await?;
        tracing::info!(execution = execution.name, number, "the evidence was signed");
        Ok(())
    }

    async fn signed(
        &self,
        key: &EvidenceKey,
        commit: &CommitSha,
        work: Work,
        opened: &OpenedPullRequest,
    ) -> Result<(String, String), ActionError> {
        let Work { executions, commits, checks, spent, booked } = work;
        let predicate = Predicate {
            pull_request: PullRequest {
                repository: opened.repository.clone(),
                number: opened.number,
                url: opened.url.clone(),
                branch: opened.branch.to_string(),
                target: opened.target.to_string(),
                task_id: opened.task_id.clone(),
                project: opened.project.clone(),
            },
            signed_at: self.clock.now(),
            executions,
            commits,
            checks,
            spent_micro_usd: spent,
            booked_micro_usd: booked,
            in_force: self.in_force().await?,
            audit: self.audit_now().await?,
        };
        let internal = |error: serde_json::Error| ActionError::internal(error.to_string());
        let unsigned = Unsigned::new(&Statement::new(commit, predicate)).map_err(internal)?;
        let public = PublicKey::from_der(&key.public_key().await?)
            .map_err(|error| ActionError::rejected(format!("the key that signs evidence: {error}")))?;
        let signature = key.sign(&unsigned.digest()).await?;
        let envelope = unsigned.signed(&public, &signature).map_err(internal)?;
        Ok((envelope, public.to_pem()))
    }
}
