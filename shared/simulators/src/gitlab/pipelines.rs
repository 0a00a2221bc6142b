//! Pipelines, their jobs and what these said.

use serde_json::json;

use super::answer::{Answer, Call, Failure};

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let sha = call.queried("sha");
    let found = call.project().pipelines.iter().rev();
    let found = found.filter(|pipeline| sha.is_none_or(|sha| pipeline.sha == sha));
    let shown = found.map(|pipeline| {
        json!({
            "id": pipeline.id, "sha": pipeline.sha, "ref": pipeline.branch, "status": pipeline.status(), "source": "push",
            "web_url": format!("{}/{}/-/pipelines/{}", call.state.address, call.project().path, pipeline.id),
        })
    });
    Ok(call.page(shown.collect()))
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
