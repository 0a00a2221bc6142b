//! A repository's instructions for agents: read from its base branch, and those of a folder once a file below it matters.

use super::generation::{Opening, instructions};
use super::kept::Told;
use domain::plugins::{FileContent, Part, ToolCall, VersionControl};
use domain::{ActionError, RepositoryName};
use edits::{check_path, shown_text};
use std::collections::BTreeSet;

/// The files at these paths of a branch, in order. One that only points to another file, as a symbolic link or with its only
/// line, is that file.
///
/// # Errors
/// Those of the code host.
pub(super) async fn read_guides(
    host: &dyn VersionControl,
    repository: &RepositoryName,
    branch: &str,
    paths: &[String],
) -> Result<Vec<Option<FileContent>>, ActionError> {
    let mut contents = host.read_files(repository, branch, paths).await?;
    let pointers = paths.iter().zip(&contents).enumerate();
    let pointers: Vec<(usize, String)> =
        pointers.filter_map(|(at, (path, content))| Some((at, pointed(path, content.as_ref()?)?))).collect();
    if pointers.is_empty() {
        return Ok(contents);
    }
    let targets: Vec<String> = pointers.iter().map(|(_, target)| target.clone()).collect();
    let found = host.read_files(repository, branch, &targets).await?;
    for ((at, _), target) in pointers.into_iter().zip(found) {
        if let (Some(content), true) = (contents.get_mut(at), target.is_some()) {
            *content = target;
        }
    }
    Ok(contents)
}

/// The path that a file consists of, perhaps behind the `@` of an import, as a path from the repository's root.
fn pointed(path: &str, content: &FileContent) -> Option<String> {
    let text = shown_text(content).ok()?.trim();
    let target = text.strip_prefix('@').unwrap_or(text);
    if target.is_empty() || target.contains(char::is_whitespace) {
        return None;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let target = parts.join("/");
    (target != path && check_path(&target).is_ok()).then_some(target)
}

/// The instructions of folders in which a file was read or written, if this generation has not seen them yet.
pub(super) fn guides(
    opening: &Opening,
    calls: &[ToolCall],
    results: &[Told],
    guided: &mut BTreeSet<String>,
) -> Vec<Part> {
    let is_about_a_file = |call: &ToolCall| matches!(call.name.as_str(), "read_file" | "write_file");
    let about = calls.iter().zip(results).filter(|(call, told)| is_about_a_file(call) && !told.is_error);
    let paths = about.filter_map(|(call, _)| call.input["path"].as_str());
    // As the tools read it.
    let paths: Vec<&str> = paths.map(|path| path.trim_start_matches("./")).collect();
    let is_below = |folder: &str| {
        paths.iter().any(|path| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    };
    let mut parts = Vec::new();
    for (folder, path, text) in &opening.nested {
        if is_below(folder) && guided.insert(folder.clone()) {
            parts.push(Part::text(instructions(path, text)));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guide_that_is_only_a_path_points_to_a_file_of_the_repository() {
        let pointed = |path: &str, text: &str| pointed(path, &FileContent::Text(text.to_owned()));
        for (path, text, target) in [
            ("AGENTS.md", "RULES.md", Some("RULES.md")),
            ("RULES.md", "@docs/agents.md\n", Some("docs/agents.md")),
            ("a/b/RULES.md", "../AGENTS.md", Some("a/AGENTS.md")),
            ("a/RULES.md", "@./rules.md", Some("a/rules.md")),
            ("AGENTS.md", "Run `make`.\n", None),
            ("AGENTS.md", "@RULES.md\nRun it.\n", None),
            ("AGENTS.md", "AGENTS.md", None),
            ("AGENTS.md", "../outside.md", None),
            ("AGENTS.md", "/etc/passwd", None),
            ("AGENTS.md", ".git/config", None),
            ("AGENTS.md", "", None),
        ] {
            assert_eq!(pointed(path, text).as_deref(), target, "{path} {text}");
        }
    }
}
