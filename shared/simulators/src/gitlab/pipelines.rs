//! Pipelines, their jobs and what these said.

use serde_json::{Value, json};

use super::answer::{Answer, Call, Failure};
use super::state::{Job, MergeRequest, Pipeline, Project, State};

impl MergeRequest {
    /// The name under which the merge of its branch with its target is kept.
    pub(super) fn merge_reference(&self) -> String {
        format!("refs/merge-requests/{}/merge", self.iid)
    }
}

impl State {
    /// Merges the branch of a merge request with its target, into a commit that no branch has. Nothing if they conflict.
    pub(super) fn merge_result(&self, project: &Project, one: &MergeRequest) -> Option<String> {
        let (head, base) = (project.head_of(&one.source)?, project.head_of(&one.target)?);
        let tree = project.git.merged_tree(&base, &head)?;
        let by = self.signature(&self.bot, self.now());
        let message = format!("Merge {head} into {base}\n");
        project.git.write_commit(&tree, &[base, head], &by, &by, &message).ok()
    }
}

impl Call<'_> {
    /// The pipeline of a commit on another branch than the default one, which is done at once. With merged results, it runs in the branch's
    /// merge request.
    pub(super) fn run_pipeline(&mut self, branch: &str, sha: &str) {
        let project = self.project();
        if branch == project.default_branch {
            return;
        }
        if !project.merged_results {
            return self.run_jobs(branch, sha);
        }
        let open = project.merge_requests.values().find(|one| one.state == "opened" && one.source == branch);
        let merged =
            open.and_then(|one| Some((one.merge_reference(), self.state.merge_result(project, one)?)));
        if let Some((reference, sha)) = merged {
            self.run_jobs(&reference, &sha);
        }
    }

    fn run_jobs(&mut self, reference: &str, sha: &str) {
        let wanted = self.project().jobs.clone();
        if wanted.is_empty() {
            return;
        }
        let before = self.project().pipelines.iter().filter(|pipeline| pipeline.branch == reference).count();
        let (id, (sha, branch)) = (self.state.next_id(), (sha.to_owned(), reference.to_owned()));
        let mut jobs = Vec::new();
        for job in wanted {
            let (name, status, trace) = job.at(before);
            jobs.push(Job { id: self.state.next_id(), name, status, trace });
        }
        self.project_mut().pipelines.push(Pipeline { id, sha, branch, jobs });
    }

    fn shown_pipeline(&self, pipeline: &Pipeline) -> Value {
        let source = if pipeline.is_of_merge_request() { "merge_request_event" } else { "push" };
        json!({
            "id": pipeline.id, "sha": pipeline.sha, "ref": pipeline.branch, "status": pipeline.status(), "source": source,
            "web_url": format!("{}/{}/-/pipelines/{}", self.state.address, self.project().path, pipeline.id),
        })
    }
}

impl Pipeline {
    /// Whether it ran on the merge of a merge request.
    pub(super) fn is_of_merge_request(&self) -> bool {
        self.branch.starts_with("refs/merge-requests/")
    }
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let sha = call.queried("sha");
    let found = call.project().pipelines.iter().rev();
    let found = found.filter(|pipeline| sha.is_none_or(|sha| pipeline.sha == sha));
    Ok(call.page(found.map(|pipeline| call.shown_pipeline(pipeline)).collect()))
}

/// Those that ran in a merge request, and those of its branch.
pub(super) fn of_merge_request(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let one = call.merge_request()?;
    let (reference, source) = (one.merge_reference(), one.source.as_str());
    let found = call.project().pipelines.iter().rev();
    let found = found.filter(|pipeline| pipeline.branch == reference || pipeline.branch == source);
    Ok(Answer::ok(found.map(|pipeline| call.shown_pipeline(pipeline)).collect()))
}

/// The jobs of a commit's newest pipeline on each branch.
pub(super) fn statuses(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let project = call.project();
    let sha = project.commit_of(call.parameter("sha")).ok_or_else(|| Failure::not_found("Commit"))?;
    let newest = project.pipelines.iter().rev().find(|pipeline| pipeline.sha == sha);
    let jobs = newest.into_iter().flat_map(|pipeline| &pipeline.jobs);
    let shown = jobs.map(|job| {
        json!({
            "id": job.id, "sha": sha, "name": job.name, "status": job.status, "allow_failure": false,
            "target_url": format!("{}/{}/-/jobs/{}", call.state.address, project.path, job.id),
        })
    });
    Ok(call.page(shown.collect()))
}

pub(super) fn trace(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.number("job_id")?;
    let mut jobs = call.project().pipelines.iter().flat_map(|pipeline| &pipeline.jobs);
    let job = jobs.find(|job| job.id == id).ok_or_else(|| Failure::not_found("Job"))?;
    Ok(Answer::plain(job.trace.clone()))
}
