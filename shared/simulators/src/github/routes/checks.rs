//! Check suites, check runs and statuses of a commit.

use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::github::shapes::ACTIONS;

/// The commit that the path names.
fn commit(call: &Call<'_>) -> Result<String, Failure> {
    let name = call.parameter("ref");
    call.repository()
        .commit_of(name)
        .ok_or_else(|| Failure::new(422, format!("No commit found for SHA: {name}")))
}

/// `GET /commits/{ref}/check-suites`
pub(super) fn list_suites(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let sha = commit(call)?;
    let repository = call.repository();
    let suites = repository.suites_of(&sha);
    let shown = suites.iter().map(|suite| call.state.check_suite(repository, suite));
    let shown = shown.collect::<Result<Vec<Value>, _>>()?;
    Ok(call.page_of("check_suites", shown))
}

/// `GET /commits/{ref}/check-runs`: the newest of each name in each suite.
pub(super) fn list_runs(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let sha = commit(call)?;
    let repository = call.repository();
    let suites = repository.suites_of(&sha);
    let runs = suites.iter().flat_map(|suite| suite.runs.iter().map(move |run| (suite, run)));
    let shown = runs.map(|(suite, run)| call.state.check_run(repository, suite, run)).collect();
    Ok(call.page_of("check_runs", shown))
}

/// `GET /check-runs/{run}/annotations`
pub(super) fn list_annotations(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.number("run")?;
    let (suite, run) = call.repository().find_run(id).ok_or_else(Failure::not_found)?;
    let web = call.state.web(call.repository());
    let shown = run.annotations.iter().map(|note| {
        json!({
            "path": note.path,
            "start_line": note.line,
            "end_line": note.line,
            "start_column": null,
            "end_column": null,
            "annotation_level": "failure",
            "title": null,
            "message": note.message,
            "raw_details": null,
            "blob_href": format!("{web}/blob/{}/{}", suite.sha, note.path),
        })
    });
    Ok(call.page(shown.collect()))
}

/// `GET /actions/runs`: those of a commit, if one is named.
pub(super) fn list_workflow_runs(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let repository = call.repository();
    let sha = call.queried("head_sha").unwrap_or_default();
    let suites = repository.suites_of(sha);
    let shown = suites
        .iter()
        .filter(|suite| suite.app == ACTIONS)
        .map(|suite| call.state.workflow_run(repository, suite));
    let shown = shown.collect::<Result<Vec<Value>, _>>()?;
    Ok(call.page_of("workflow_runs", shown))
}

/// `GET /actions/runs/{run}/jobs`
pub(super) fn list_jobs(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.number("run")?;
    let repository = call.repository();
    let suite =
        repository.find_suite(id).filter(|suite| suite.app == ACTIONS).ok_or_else(Failure::not_found)?;
    let shown = suite.runs.iter().map(|run| call.state.job(repository, &suite, run)).collect();
    Ok(call.page_of("jobs", shown))
}

/// `GET /actions/jobs/{job}/logs`: a redirect to the log, at an address that is a key by itself.
pub(super) fn job_log(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.number("job")?;
    let (_, run) = call
        .repository()
        .find_run(id)
        .filter(|(suite, run)| suite.app == ACTIONS && run.conclusion.is_some())
        .ok_or_else(Failure::not_found)?;
    if run.log.is_none() {
        return Err(Failure::new(
            410,
            "Server Error: the logs of this run have expired and are no longer available",
        ));
    }
    // A host other than that of the API.
    let web = call.state.web(call.repository()).replacen("127.0.0.1", "localhost", 1);
    Ok(Answer::redirect(format!("{web}/actions/logs/{id}?sig=simulated")))
}

/// `GET /commits/{ref}/status`: the newest status of each context.
pub(super) fn combined_status(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let sha = commit(call)?;
    let repository = call.repository();
    let statuses: Vec<_> = repository.statuses.iter().filter(|status| status.sha == sha).collect();
    let has = |state: &[&str]| statuses.iter().any(|status| state.contains(&status.state.as_str()));
    let state = match () {
        () if has(&["failure", "error"]) => "failure",
        () if has(&["pending"]) || statuses.is_empty() => "pending",
        () => "success",
    };
    let shown: Vec<Value> = statuses.iter().map(|status| call.state.status(repository, status)).collect();
    let (total, api) = (shown.len(), call.state.api(repository));
    let mut answer = json!({
        "state": state,
        "sha": sha,
        "total_count": total,
        "repository": call.state.repository(repository),
        "commit_url": format!("{api}/commits/{sha}"),
        "url": format!("{api}/commits/{sha}/status"),
    });
    answer["statuses"] = call.slice(shown).0.into();
    Ok(Answer::ok(answer))
}
