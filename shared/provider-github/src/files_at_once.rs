//! The contents of many files of a commit in few requests: [GraphQL](https://docs.github.com/en/graphql/reference/objects#commit) gives
//! texts by their paths. Files that it does not return in full are read one by one.

use crate::github::{Github, not_there};
use domain::plugins::FileContent;
use domain::{ActionError, RepositoryName};
use http_client::Optional;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Files in one request: few enough for GitHub to answer in its ten seconds.
const IN_ONE_REQUEST: usize = 100;

/// The modes of files, as GraphQL gives them; links and submodules have others.
const FILE_MODES: [u32; 3] = [0o100_644, 0o100_755, 0o100_664];

#[derive(Debug, Deserialize)]
struct Reply {
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<ReplyError>,
}

#[derive(Debug, Deserialize)]
struct ReplyError {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize)]
struct Entry {
    mode: u32,
    #[serde(default)]
    object: Option<Blob>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    #[serde(default)]
    byte_size: usize,
    #[serde(default)]
    is_truncated: bool,
    #[serde(default)]
    text: Option<String>,
}

impl Github {
    pub(crate) async fn contents_at_once(
        &self,
        repository: &RepositoryName,
        commit: &str,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ActionError> {
        let mut contents = Vec::with_capacity(paths.len());
        for paths in paths.chunks(IN_ONE_REQUEST) {
            let mut entries = self.entries(repository, commit, paths).await?;
            for (number, path) in paths.iter().enumerate() {
                let entry = entries.remove(&format!("f{number}")).unwrap_or_default();
                let entry: Option<Entry> = serde_json::from_value(entry).map_err(|error| {
                    ActionError::internal(format!(
                        "GitHub returned `{path}` of {repository} in an unknown form: {error}"
                    ))
                })?;
                contents.push(match entry.filter(|entry| FILE_MODES.contains(&entry.mode)) {
                    None => None,
                    Some(entry) => match entry.object.and_then(Blob::whole_text) {
                        Some(text) => Some(FileContent::Text(text)),
                        None => self.content(repository, commit, path).await?,
                    },
                });
            }
        }
        Ok(contents)
    }

    /// What GraphQL gives of these paths, by `f` and their numbers.
    async fn entries(
        &self,
        repository: &RepositoryName,
        commit: &str,
        paths: &[String],
    ) -> Result<Map<String, Value>, ActionError> {
        let body = json!({ "query": query(paths.len()), "variables": variables(repository, commit, paths) });
        let request = self.graphql.post("/graphql", &[]).json(&body);
        let not_found = || not_there(format!("commit {commit} in {repository}"));
        let answer = self.send(repository, request).await.optional()?.ok_or_else(not_found)?;
        let reply: Reply = answer.json()?;
        if let Some(error) = reply.errors.first() {
            let said = answer.quote(&error.message);
            return Err(match error.kind.as_str() {
                "NOT_FOUND" => not_found(),
                "RATE_LIMITED" => ActionError::throttled(format!("GitHub: {said}"), None),
                _ => ActionError::rejected(format!("GitHub: POST /graphql failed: {said}")),
            });
        }
        let mut data = reply.data.unwrap_or_default();
        match data["repository"]["object"].take() {
            Value::Object(entries) => Ok(entries),
            _ => Err(not_found()),
        }
    }
}

impl Blob {
    /// The text, if it equals the file byte for byte: text in another encoding arrives as UTF-8, which is longer.
    fn whole_text(self) -> Option<String> {
        self.text.filter(|text| !self.is_truncated && text.len() == self.byte_size)
    }
}

fn query(files: usize) -> String {
    let mut declared = String::new();
    let mut fields = String::new();
    for number in 0..files {
        let _ = write!(declared, ",$p{number}:String!");
        let _ = write!(
            fields,
            " f{number}:file(path:$p{number}){{mode object{{...on Blob{{byteSize isBinary isTruncated text}}}}}}"
        );
    }
    format!(
        "query($owner:String!,$name:String!,$commit:GitObjectID!{declared}){{repository(owner:$owner,name:$name){{\
         object(oid:$commit){{...on Commit{{{fields}}}}}}}}}"
    )
}

fn variables(repository: &RepositoryName, commit: &str, paths: &[String]) -> Value {
    let mut variables = json!({"owner": repository.owner(), "name": repository.name(), "commit": commit});
    for (number, path) in paths.iter().enumerate() {
        variables[format!("p{number}")] = path.as_str().into();
    }
    variables
}
