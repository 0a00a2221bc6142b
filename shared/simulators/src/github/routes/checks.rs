//! [Commits](https://docs.github.com/rest/commits) with their check runs and statuses.

use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::github::shapes::{moment, node_id};

/// `GET /commits/{ref}`, `/commits/{ref}/check-runs` and `/commits/{ref}/status`; the ref may hold slashes.
pub(super) fn get_commit_or_its_checks(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let rest = call.parameter("rest").to_string();
    if let Some(name) = rest.strip_suffix("/check-runs") {
        return list_check_runs(call, name);
    }
    if let Some(name) = rest.strip_suffix("/status") {
        return get_status(call, name);
    }
    let repository = call.repository();
    let sha = commit(call, &rest)?;
    let mut shown = call.state.commit(repository, &sha)?;
    let parent = repository.git.read_commit(&sha)?.parents.first().cloned();
    // The empty tree, which every repository has.
    let before = parent.map_or_else(|| repository.git.write_tree(None, &[]), Ok)?;
    let files = call.state.changed_files(repository, &before, &sha)?;
    let total = |name: &str| files.iter().filter_map(|file| file[name].as_u64()).sum::<u64>();
    let (additions, deletions) = (total("additions"), total("deletions"));
    shown["stats"] =
        json!({ "additions": additions, "deletions": deletions, "total": additions + deletions });
    shown["files"] = Value::from(files);
    Ok(Answer::ok(shown))
}

fn commit(call: &Call<'_>, name: &str) -> Result<String, Failure> {
    call.repository()
        .commit_of(name)
        .ok_or_else(|| Failure::new(422, format!("No commit found for SHA: {name}")))
}

fn list_check_runs(call: &mut Call<'_>, name: &str) -> Result<Answer, Failure> {
    let sha = commit(call, name)?;
    let repository = call.repository();
    let (api, web) = (call.state.api(repository), call.state.web(repository));
    let is_default = repository
        .head_of(&repository.default_branch)
        .is_some_and(|main| repository.git.is_ancestor(&sha, &main));
    let at = moment(repository.pushed_at);
    let runs = repository.checks.iter().filter(|_| !is_default).enumerate().map(|(index, check)| {
        let id = repository.id * 1_000 + index as u64;
        json!({
            "id": id,
            "node_id": node_id("CheckRun", id),
            "head_sha": sha,
            "name": check.name,
            "external_id": "",
            "url": format!("{api}/check-runs/{id}"),
            "html_url": format!("{web}/runs/{id}"),
            "details_url": format!("{web}/runs/{id}"),
            "status": "completed",
            "conclusion": check.conclusion,
            "started_at": at,
            "completed_at": at,
            "output": {
                "title": null,
                "summary": null,
                "text": null,
                "annotations_count": 0,
                "annotations_url": format!("{api}/check-runs/{id}/annotations"),
            },
            "check_suite": { "id": repository.id },
            "app": null,
            "pull_requests": [],
        })
    });
    let wanted = call.queried("check_name");
    let runs = runs.filter(|run| wanted.is_none_or(|wanted| run["name"] == wanted)).collect();
    Ok(call.counted_page("check_runs", runs))
}

/// Check runs are no commit statuses, and nothing in a world sets one.
fn get_status(call: &mut Call<'_>, name: &str) -> Result<Answer, Failure> {
    let sha = commit(call, name)?;
    let repository = call.repository();
    let api = call.state.api(repository);
    Ok(Answer::ok(json!({
        "state": "pending",
        "statuses": [],
        "sha": sha,
        "total_count": 0,
        "repository": call.state.repository(repository),
        "commit_url": format!("{api}/commits/{sha}"),
        "url": format!("{api}/commits/{sha}/status"),
    })))
}
