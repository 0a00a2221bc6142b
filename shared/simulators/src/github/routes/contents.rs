//! [Files and folders](https://docs.github.com/rest/repos/contents) by path, and comparisons.

use serde_json::{Value, json};

use super::{Answer, Call, Failure, git_data::wrapped_base64};
use crate::git::TreeEntry;
use crate::github::shapes::blob_entry_url;

/// A file up to this size comes with its content; a larger one only when asked for as `raw`.
const LARGEST_INLINE: usize = 1024 * 1024;

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let repository = call.repository();
    let name = call.queried("ref").unwrap_or(&repository.default_branch);
    let Some(commit) = repository.commit_of(name) else {
        let message = match repository.head_of(&repository.default_branch) {
            None => "This repository is empty.".to_string(),
            Some(_) => format!("No commit found for the ref {name}"),
        };
        return Err(Failure::new(404, message));
    };
    let path = call.parameter("path").trim_matches('/');
    let git = &repository.git;
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    if file.is_empty() {
        return list(call, name, "", &commit);
    }
    let tree = git.resolve_path(&commit, folder).filter(|sha| git.kind(sha).as_deref() == Some("tree"));
    let tree = tree.ok_or_else(Failure::not_found)?;
    let entries = git.list_tree(&tree, false)?;
    let entry = entries.into_iter().find(|entry| entry.path == file).ok_or_else(Failure::not_found)?;
    if entry.kind == "tree" {
        return list(call, name, path, &entry.sha);
    }
    let mut shown = described(call, name, path, &entry);
    if entry.kind == "commit" {
        shown["submodule_git_url"] = Value::Null;
        return Ok(Answer::ok(shown));
    }
    let content = git.read_blob(&entry.sha)?;
    if call.accepts("raw") {
        return Ok(Answer::raw("application/vnd.github.raw+json; charset=utf-8", content));
    }
    if entry.mode == "120000" {
        shown["target"] = Value::from(String::from_utf8_lossy(&content));
    } else if content.len() > LARGEST_INLINE {
        shown["encoding"] = Value::from("none");
        shown["content"] = Value::from("");
    } else {
        shown["encoding"] = Value::from("base64");
        shown["content"] = Value::from(wrapped_base64(&content));
    }
    Ok(Answer::ok(shown))
}

fn list(call: &Call<'_>, name: &str, path: &str, tree: &str) -> Result<Answer, Failure> {
    let entries = call.repository().git.list_tree(tree, false)?;
    let shown = entries.iter().map(|entry| {
        let path = if path.is_empty() { entry.path.clone() } else { format!("{path}/{}", entry.path) };
        described(call, name, &path, entry)
    });
    Ok(Answer::ok(shown.collect()))
}

fn described(call: &Call<'_>, name: &str, path: &str, entry: &TreeEntry) -> Value {
    let (api, web) = (call.state.api(call.repository()), call.state.web(call.repository()));
    let kind = match (entry.kind.as_str(), entry.mode.as_str()) {
        ("tree", _) => "dir",
        ("commit", _) => "submodule",
        (_, "120000") => "symlink",
        _ => "file",
    };
    let url = format!("{api}/contents/{path}?ref={name}");
    let git_url = blob_entry_url(&api, &entry.kind, &entry.sha);
    let page = format!("{web}/{}/{name}/{path}", if kind == "dir" { "tree" } else { "blob" });
    json!({
        "type": kind,
        "name": path.rsplit('/').next(),
        "path": path,
        "sha": entry.sha,
        "size": entry.size.unwrap_or_default(),
        "url": url,
        "git_url": git_url,
        "html_url": page,
        "download_url": (kind == "file").then(|| format!("{web}/raw/{name}/{path}")),
        "_links": { "self": url, "git": git_url, "html": page },
    })
}

/// `GET /compare/{base}...{head}`; either may be written `owner:branch`.
pub(super) fn compare(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let repository = call.repository();
    let range = call.parameter("range");
    let (base, head) = range.split_once("...").ok_or_else(Failure::not_found)?;
    let owner = format!("{}:", repository.owner);
    let commit = |name: &str| {
        repository.commit_of(name.strip_prefix(&owner).unwrap_or(name)).ok_or_else(Failure::not_found)
    };
    let (base, head) = (commit(base)?, commit(head)?);
    let git = &repository.git;
    let common = git
        .merge_base(&base, &head)
        .ok_or_else(|| Failure::new(404, format!("No common ancestor between {range}.")))?;
    if call.accepts("diff") {
        let diff = git.diff(&common, &head, &[])?;
        return Ok(Answer::raw("application/vnd.github.diff; charset=utf-8", diff.into_bytes()));
    }
    let ahead = git.commits_between(&base, &head)?;
    let behind = git.commits_between(&head, &base)?.len();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let commits =
        ahead.iter().map(|sha| call.state.commit(repository, sha)).collect::<Result<Vec<_>, _>>()?;
    let (api, web) = (call.state.api(repository), call.state.web(repository));
    Ok(Answer::ok(json!({
        "url": format!("{api}/compare/{range}"),
        "html_url": format!("{web}/compare/{range}"),
        "permalink_url": format!("{web}/compare/{base}...{head}"),
        "diff_url": format!("{web}/compare/{range}.diff"),
        "patch_url": format!("{web}/compare/{range}.patch"),
        "base_commit": call.state.commit(repository, &base)?,
        "merge_base_commit": call.state.commit(repository, &common)?,
        "status": status,
        "ahead_by": ahead.len(),
        "behind_by": behind,
        "total_commits": ahead.len(),
        "commits": commits,
        "files": call.state.changed_files(repository, &common, &head)?,
    })))
}
