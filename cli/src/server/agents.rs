//! The agents of a project, from its folder and the shipped ones.

use super::source_file::source_in_folder;
use crate::exit::{Exit, Outcome};
use domain::AgentDefinition;
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::path::Path;
use workflow::{Environment, Source, read_agent, render};

/// The agents that come with Ticketsmith; a project's own file of the same name replaces one.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../agents");

/// The shipped agents and those in a folder's `agents`, by name. `environment` has the available prompts and tools.
///
/// # Errors
/// Usage errors with every mistake of every file, and for files that cannot be read.
pub(crate) fn agents_of(
    folder: &Path,
    environment: &Environment,
) -> Outcome<BTreeMap<String, AgentDefinition>> {
    let mut sources: BTreeMap<String, Source> = SHIPPED
        .files()
        .filter_map(|file| {
            let text = file.contents_utf8()?;
            Some(Source::new(format!("agents/{}", file.path().display()), text))
        })
        .map(|source| (source.name().to_owned(), source))
        .collect();
    let mut own: BTreeMap<String, Source> = BTreeMap::new();
    for source in own_sources(&folder.join("agents"))? {
        if let Some(other) = own.get(source.name()) {
            let message = format!("{} and {} are the same agent; keep one of them", other.path, source.path);
            return Err(Exit::usage(message));
        }
        own.insert(source.name().to_owned(), source);
    }
    sources.extend(own);
    let mut agents = BTreeMap::new();
    let mut refused = String::new();
    for (name, source) in sources {
        match read_agent(&source, environment) {
            Ok(agent) => drop(agents.insert(name, agent)),
            Err(found) => refused.push_str(&render(&found, &source, false)),
        }
    }
    if refused.is_empty() { Ok(agents) } else { Err(Exit::usage(refused)) }
}

/// The files in a folder's `agents`, sorted by name; none if the folder does not exist.
fn own_sources(folder: &Path) -> Outcome<Vec<Source>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Exit::usage)? {
        let path = entry.map_err(Exit::usage)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Editors leave hidden files next to the ones they write.
        if name.starts_with('.') {
            continue;
        }
        if !(path.is_file() && (name.ends_with(".yaml") || name.ends_with(".yml"))) {
            let message =
                "this is not read: agents are files that end in `.yaml` or `.yml`, in the folder itself";
            return Err(Exit::usage(format!("{}: {message}", path.display())));
        }
        sources.push(source_in_folder(&path)?);
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_replaces_shipped_agents_and_adds_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let shipped = agents_of(folder.path(), &Environment::default()).unwrap();
        assert_eq!(shipped["development"].max_turns, AgentDefinition::DEFAULT_TURNS);
        let own = folder.path().join("agents");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("development.yaml"), "max_turns: 7").unwrap();
        std::fs::write(own.join("reviewer.yml"), "description: Reads").unwrap();
        let agents = agents_of(folder.path(), &Environment::default()).unwrap();
        assert_eq!(agents["development"].max_turns, 7);
        assert_eq!(agents["reviewer"].description.as_deref(), Some("Reads"));
        std::fs::write(own.join("reviewer.yaml"), "description: Reads").unwrap();
        let twice = agents_of(folder.path(), &Environment::default()).unwrap_err().to_string();
        assert!(twice.contains("are the same agent"), "{twice}");
    }

    #[test]
    fn mistakes_and_other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("agents");
        std::fs::create_dir(&own).unwrap();
        let refusal = || agents_of(folder.path(), &Environment::default()).unwrap_err().to_string();
        std::fs::write(own.join("a.yaml"), "effort: medium\nmax_turn: 7").unwrap();
        let message = refusal();
        assert!(message.contains("a.yaml:2:1") && message.contains("did you mean `max_turns`?"), "{message}");
        std::fs::write(own.join("a.YAML"), "").unwrap();
        assert!(refusal().contains("a.YAML: this is not read"));
    }
}
