//! `load_paths`: loads parts of a large repository.

use super::answer::{read, told};
use super::arguments::{Kind, PATH_LENGTH, Parameter};
use super::end::ToolEnd;
use super::selection::select;
use super::tool::{Needs, Tool, ToolSpec};
use crate::workspace::{Refusal, Source, Workspace};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// No more files than this are loaded by one call.
const MOST_FILES: usize = 2_000;
/// No more than this is loaded by one call, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

pub(super) struct LoadPaths;

#[derive(Deserialize)]
struct Input {
    paths: Vec<String>,
}

const PARAMETERS: [Parameter; 1] = [Parameter::required(
    "paths",
    Kind::Texts { most: 100, bytes: PATH_LENGTH },
    "Files, or folders with everything in them.",
)];

#[async_trait]
impl Tool for LoadPaths {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "load_paths",
            description: "Loads files and folders of a large repository, so that they can be read, searched and changed: at most \
                          2,000 files and 16 MiB in one call. Make it the last call of your turn: calls after it are not run.",
            parameters: &PARAMETERS,
            needs: Needs::Unloaded,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { paths } = read(input)?;
        if paths.is_empty() {
            return Err(Refusal::Told("`paths` is empty: name files or folders.".to_owned()));
        }
        let mut wanted = BTreeMap::new();
        for path in &paths {
            for (name, present) in select(workspace, Some(path.trim_start_matches("./")), None)? {
                if let Source::Base(entry) = present.source
                    && present.is_file()
                    && !workspace.is_loaded(&present)
                {
                    wanted.insert(name, entry.size.unwrap_or_default());
                }
            }
        }
        if wanted.is_empty() {
            return told("All of it is loaded already.");
        }
        let bytes: u64 = wanted.values().sum();
        if wanted.len() > MOST_FILES || bytes > MOST_BYTES {
            return Err(Refusal::Told(format!(
                "These are {} files with {bytes} bytes; one call loads at most {MOST_FILES} files and {MOST_BYTES} bytes. Name \
                 fewer files or folders further down.",
                wanted.len()
            )));
        }
        Ok(ToolEnd::Load(wanted.into_keys().map(str::to_owned).collect()))
    }
}
