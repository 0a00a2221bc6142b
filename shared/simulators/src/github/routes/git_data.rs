//! Commits and blobs of the [git database](https://docs.github.com/rest/git).

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::git::Signature;
use crate::github::{
    access::Caller,
    shapes::{git_commit, node_id},
};

pub(super) fn get_commit(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let git = &call.repository().git;
    let sha = git.resolve(call.parameter("sha"), "commit").ok_or_else(Failure::not_found)?;
    let commit = git.read_commit(&sha)?;
    Ok(Answer::ok(git_commit(call.state, call.repository(), &commit)))
}

pub(super) fn create_commit(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (message, tree) = (call.text("message")?.to_string(), call.text("tree")?.to_string());
    let git = &call.repository().git;
    if git.kind(&tree).as_deref() != Some("tree") {
        return Err(Failure::new(422, "Tree SHA does not exist"));
    }
    let mut parents = Vec::new();
    for parent in call.list("parents")? {
        let parent = parent.as_str().unwrap_or_default();
        if git.kind(parent).as_deref() != Some("commit") {
            return Err(Failure::new(422, "Parent SHA does not exist or is not a commit object"));
        }
        parents.push(parent.to_string());
    }
    // GitHub signs an app's commits without an author.
    let is_signed = matches!(call.caller, Caller::Installation { .. })
        && ["author", "committer"].iter().all(|role| call.body.get(*role).is_none_or(Value::is_null));
    let default = call.state.signature(&call.login()?, call.now());
    let author = signature(call, "author", default)?;
    let committer = signature(call, "committer", author.clone())?;
    let sha = git
        .write_commit(&tree, &parents, &author, &committer, &message)
        .map_err(|_| Failure::new(422, "The author or committer is malformed"))?;
    if is_signed {
        call.repository_mut().signed.insert(sha.clone());
    }
    let commit = call.repository().git.read_commit(&sha)?;
    Ok(Answer::created(git_commit(call.state, call.repository(), &commit)))
}

/// The `author` or `committer` of the body, or who they are by default.
fn signature(call: &Call<'_>, role: &str, default: Signature) -> Result<Signature, Failure> {
    let person = match call.body.get(role) {
        None | Some(Value::Null) => return Ok(default),
        Some(person) => person,
    };
    let text = |name: &str| person.get(name).and_then(Value::as_str);
    let missing = |name: &str| Failure::malformed(&format!("{role}.{name}"), "wasn't supplied");
    let date = match text("date") {
        None => default.date,
        Some(date) => date.parse::<Timestamp>().map_err(|_| {
            Failure::malformed(&format!("{role}.date"), "is not a timestamp of the form YYYY-MM-DDTHH:MM:SSZ")
        })?,
    };
    let name = text("name").ok_or_else(|| missing("name"))?.to_string();
    let email = text("email").ok_or_else(|| missing("email"))?.to_string();
    Ok(Signature { name, email, date })
}

pub(super) fn get_blob(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let git = &call.repository().git;
    let sha = git.resolve(call.parameter("sha"), "blob").ok_or_else(Failure::not_found)?;
    let content = git.read_blob(&sha)?;
    if call.accepts("raw") {
        return Ok(Answer::raw("application/vnd.github.raw+json; charset=utf-8", content));
    }
    let url = format!("{}/git/blobs/{sha}", call.state.api(call.repository()));
    Ok(Answer::ok(json!({
        "sha": sha,
        "node_id": node_id("Blob", &sha),
        "size": content.len(),
        "url": url,
        "content": wrapped_base64(&content),
        "encoding": "base64",
    })))
}

pub(super) fn create_blob(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let content = call.text("content")?;
    demand_no_secret(call, content)?;
    let content = match call.optional_text("encoding")?.unwrap_or("utf-8") {
        "utf-8" => content.as_bytes().to_vec(),
        "base64" => {
            let compact: String = content.split_whitespace().collect();
            STANDARD.decode(compact).map_err(|_| Failure::new(422, "content is not valid Base64"))?
        }
        _ => return Err(Failure::new(422, "encoding must be either utf-8 or base64")),
    };
    let sha = call.repository().git.write_blob(&content)?;
    let url = format!("{}/git/blobs/{sha}", call.state.api(call.repository()));
    Ok(Answer::created(json!({ "sha": sha, "url": url })))
}

/// Push protection refuses content with a secret.
pub(super) fn demand_no_secret(call: &Call<'_>, content: &str) -> Result<(), Failure> {
    match call.repository().secrets.iter().any(|secret| content.contains(secret)) {
        true => Err(Failure::new(409, "Secret detected in content")),
        false => Ok(()),
    }
}

/// Base64 in lines of 60 characters, as GitHub sends it.
pub(super) fn wrapped_base64(content: &[u8]) -> String {
    let encoded = STANDARD.encode(content);
    let lines = encoded.as_bytes().chunks(60).map(|line| String::from_utf8_lossy(line) + "\n");
    lines.collect()
}
