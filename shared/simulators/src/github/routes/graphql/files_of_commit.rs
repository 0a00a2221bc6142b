//! Reading [files of a commit](https://docs.github.com/en/graphql/reference/objects#commit) by their paths.
//! Any other query is refused like one that cannot be parsed.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::super::{Need, READ_CODE};
use super::{Answer, Call, Failure};
use crate::git::TreeEntry;

/// A longer text is cut at this many bytes, and said to be.
const LONGEST_TEXT: usize = 512_000;

/// The query without what holds it apart: its variables and its fields.
static QUERY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let object =
        r"repository\(owner:\$owner,name:\$name\)\{object\(oid:\$commit\)\{\.\.\.on Commit\{(.+)\}\}\}";
    Regex::new(&format!(
        r"^query\(\$owner:String!,\$name:String!,\$commit:GitObjectID!((?:,\$p\d+:String!)+)\)\{{{object}\}}$"
    ))
    .ok()
});

static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^ ?(f\d+):file\(path:\$(p\d+)\)\{mode object\{\.\.\.on Blob\{byteSize isBinary isTruncated text\}\}\}",
    )
    .ok()
});

pub(super) fn post(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let Some(fields) = fields_of(call.text("query")?) else {
        let message = "Parse error on the query: the simulated GitHub knows files of a commit only";
        return Ok(Answer::ok(json!({ "errors": [{ "message": message }] })));
    };
    let variables = call.body["variables"].clone();
    let variable = |name: &str| variables[name].as_str().unwrap_or_default().to_string();
    let (owner, name) = (variable("owner"), variable("name"));
    let found = call.state.find(&owner, &name);
    let need: Option<Need> = READ_CODE;
    let allowed = |index: &usize| {
        need.as_ref().is_none_or(|need| call.caller.demand(need, &call.state.repositories[*index]).is_ok())
    };
    let Some(index) = found.filter(allowed) else {
        let message = format!("Could not resolve to a Repository with the name '{owner}/{name}'.");
        return Ok(Answer::ok(json!({
            "data": { "repository": null },
            "errors": [{ "type": "NOT_FOUND", "path": ["repository"], "message": message }],
        })));
    };
    let repository = &call.state.repositories[index];
    let Some(commit) = repository.git.resolve(&variable("commit"), "commit") else {
        return Ok(Answer::ok(json!({ "data": { "repository": { "object": null } } })));
    };
    let fields: Vec<(String, String)> =
        fields.into_iter().map(|(alias, path)| (alias, variable(&path))).collect();
    let paths: Vec<&str> = fields.iter().map(|(_, path)| path.as_str()).collect();
    let entries = repository.git.entries_at(&commit, &paths)?;
    let blobs = entries.values().filter(|entry| entry.kind == "blob").map(|entry| entry.sha.as_str());
    let blobs = repository.git.read_blobs(&blobs.collect::<Vec<_>>())?;
    let mut files = Map::new();
    for (alias, path) in fields {
        files.insert(alias, entries.get(&path).map_or(Value::Null, |entry| shown(entry, &blobs)));
    }
    Ok(Answer::ok(json!({ "data": { "repository": { "object": files } } })))
}

/// Each field's alias and the variable with its path; none if the query is a different one.
fn fields_of(query: &str) -> Option<Vec<(String, String)>> {
    let words: Vec<&str> = query.split_whitespace().collect();
    let parts = QUERY.as_ref()?.captures(&words.join(" "))?.extract::<2>().1.map(str::to_string);
    let [declared, mut rest] = parts;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let found = FIELD.as_ref()?.captures(&rest)?;
        fields.push((found[1].to_string(), found[2].to_string()));
        rest = rest[found[0].len()..].to_string();
    }
    let is_declared = |path: &str| declared.split(',').any(|one| one == format!("${path}:String!"));
    fields.iter().all(|(_, path)| is_declared(path)).then_some(fields)
}

fn shown(entry: &TreeEntry, blobs: &HashMap<String, Vec<u8>>) -> Value {
    let mode = u32::from_str_radix(&entry.mode, 8).unwrap_or_default();
    if entry.kind != "blob" {
        return json!({ "mode": mode, "object": {} });
    }
    let content = blobs.get(&entry.sha).map(Vec::as_slice).unwrap_or_default();
    let is_binary = content.contains(&0);
    let shown = &content[..content.len().min(LONGEST_TEXT)];
    json!({
        "mode": mode,
        "object": {
            "byteSize": content.len(),
            "isBinary": is_binary,
            "isTruncated": shown.len() < content.len(),
            "text": (!is_binary).then(|| String::from_utf8_lossy(shown)),
        },
    })
}
