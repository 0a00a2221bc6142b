//! [Trees](https://docs.github.com/rest/git/trees) of the git database.

use serde_json::{Value, json};

use super::{Answer, Call, Failure, git_data::demand_no_secret};
use crate::git::{TreeChange, TreeEntry};
use crate::github::shapes::blob_entry_url;

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (repository, name) = (call.repository(), call.parameter("name"));
    let git = &repository.git;
    let named = repository.commit_of(name).or_else(|| git.resolve(name, "tree"));
    let sha = named.ok_or_else(Failure::not_found)?;
    // Any value of the parameter asks for it, even `0` and `false`, says the documentation.
    let recursive = call.query.contains_key("recursive");
    Ok(Answer::ok(shown(call, &sha, git.list_tree(&sha, recursive)?)))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let git = &call.repository().git;
    let base = match call.optional_text("base_tree")? {
        None => None,
        Some(name) => {
            let found = git.resolve(name, "tree");
            Some(found.ok_or_else(|| Failure::new(422, "base_tree is not a valid tree oid"))?)
        }
    };
    let entries = call.list("tree")?;
    if entries.is_empty() {
        return Err(Failure::new(422, "Invalid tree info"));
    }
    let changes = entries.iter().map(|entry| change(call, base.as_deref(), entry));
    let changes = changes.collect::<Result<Vec<_>, _>>()?;
    let sha = git.write_tree(base.as_deref(), &changes).map_err(|error| {
        tracing::debug!(%error, "git refused a tree");
        Failure::new(422, "tree.path contains a malformed path component")
    })?;
    let entries = git.list_tree(&sha, false)?;
    Ok(Answer::created(shown(call, &sha, entries)))
}

fn change(call: &Call<'_>, base: Option<&str>, entry: &Value) -> Result<TreeChange, Failure> {
    let git = &call.repository().git;
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let path = text("path").unwrap_or_default().to_string();
    if path.split('/').any(|part| matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git")) {
        return Err(Failure::new(422, "tree.path contains a malformed path component"));
    }
    let kind = match text("mode") {
        Some("100644" | "100755" | "120000") => "blob",
        Some("040000") => "tree",
        Some("160000") => "commit",
        _ => return Err(Failure::new(422, "Must supply a valid tree.mode")),
    };
    let mode = text("mode").unwrap_or_default().to_string();
    let object = match (entry.get("sha"), text("content")) {
        (Some(Value::Null), None) => {
            if base.is_none_or(|base| git.resolve_path(base, &path).is_none()) {
                return Err(Failure::new(422, "GitRPC::BadObjectState"));
            }
            None
        }
        (Some(Value::String(sha)), None) => {
            // A submodule's commit lives in another repository.
            if kind != "commit" && git.kind(sha).as_deref() != Some(kind) {
                return Err(Failure::new(422, format!("tree.sha {sha} is not a valid {kind}")));
            }
            Some((mode, sha.clone()))
        }
        (None, Some(content)) if kind == "blob" => {
            demand_no_secret(call, content)?;
            Some((mode, git.write_blob(content.as_bytes())?))
        }
        (Some(_), Some(_)) => {
            return Err(Failure::new(422, "Must supply either tree.sha or tree.content, not both"));
        }
        _ => return Err(Failure::new(422, "Must supply either tree.sha or tree.content")),
    };
    Ok(TreeChange { path, object })
}

fn shown(call: &Call<'_>, sha: &str, mut entries: Vec<TreeEntry>) -> Value {
    let api = call.state.api(call.repository());
    let is_truncated = entries.len() > call.state.tree_limit;
    entries.truncate(call.state.tree_limit);
    let tree = entries.into_iter().map(|entry| {
        let mut shown = json!({
            "path": entry.path,
            "mode": entry.mode,
            "type": entry.kind,
            "sha": entry.sha,
            "url": blob_entry_url(&api, &entry.kind, &entry.sha),
        });
        if let Some(size) = entry.size {
            shown["size"] = Value::from(size);
        }
        shown
    });
    let tree: Vec<Value> = tree.collect();
    json!({ "sha": sha, "url": format!("{api}/git/trees/{sha}"), "tree": tree, "truncated": is_truncated })
}
