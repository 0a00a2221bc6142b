//! The workflows, prompts and agents of a project: read from its folder, compiled, put in force.

use super::agents::agents_of;
use super::functions::FUNCTION_PREFIX;
use super::sdk::STATE_MACHINE_ARN_PREFIX;
use super::source_file::{source_in_folder, text_in_folder};
use crate::exit::{Exit, Outcome};
use domain::AgentDefinition;
use domain::execution::UNDO_WORKFLOW;
use edits::AgentPaths;
use engine::Engine;
use include_dir::{Dir, include_dir};
use records::Table;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use workflow::{
    Catalog, Environment, FolderCompilation, Severity, Source, compile_folder, function_placeholder, render,
    state_machine_placeholder, substitute,
};

/// The workflows that come with Ticketsmith; a project without a `workflows` folder runs these.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../workflows");

/// Workflows that compiled, and the prompts and agents of their project.
#[derive(Debug)]
pub(crate) struct Workflows {
    compiled: FolderCompilation,
    prompts: BTreeMap<String, String>,
    agents: BTreeMap<String, AgentDefinition>,
}

impl Workflows {
    /// Reads `workflows/*.yaml`, `prompts/**` and `agents/*.yaml` of a folder and compiles them.
    ///
    /// # Errors
    /// Usage errors with every problem of every file, as `workflow check` prints them.
    pub(crate) fn load(folder: &Path) -> Outcome<Self> {
        let sources = sources_of(folder)?;
        let prompts = prompts_of(folder)?;
        let environment = environment(folder, &prompts)?;
        let compiled = compile_folder(&sources, &catalog()?, &environment);
        if compiled.has_errors() {
            return Err(Exit::usage(rendered(&compiled, &sources, Severity::Error, false)));
        }
        Ok(Self { compiled, prompts, agents: environment.agents.unwrap_or_default() })
    }

    /// Puts state machines, routes, prompts and agents in force.
    ///
    /// # Errors
    /// Usage errors when the engine refuses a definition, unreachable when the table does not answer.
    pub(crate) async fn put(&self, engine: &Engine, table: &Table) -> Outcome {
        for workflow in &self.compiled.workflows {
            let Some(definition) = &workflow.definition else { continue };
            let definition =
                substitute(definition, |name| function_arn(name).or_else(|| self.state_machine_arn(name)));
            engine
                .put_state_machine(&format!("ticketsmith-{}", workflow.name), &definition.to_string())
                .await
                .map_err(|error| Exit::usage(format!("workflow {}: {error}", workflow.name)))?;
        }
        self.put_documents(table).await
    }

    /// Puts routes, prompts and agents in force for existing state machines.
    ///
    /// # Errors
    /// Unreachable when the table does not answer.
    pub(crate) async fn put_documents(&self, table: &Table) -> Outcome {
        table.put_routes(&self.compiled.routes).await.map_err(Exit::unreachable)?;
        table.put_prompts(&self.prompts).await.map_err(Exit::unreachable)?;
        table.put_agents(&self.agents).await.map_err(Exit::unreachable)?;
        Ok(())
    }

    /// The state machine for a placeholder of the compiler: `DevelopmentStateMachineArn` is that of `development`.
    fn state_machine_arn(&self, placeholder: &str) -> Option<String> {
        let name = self.names().find(|name| state_machine_placeholder(name) == placeholder)?;
        Some(format!("{STATE_MACHINE_ARN_PREFIX}{name}"))
    }

    /// Whether events start a workflow only in projects that name it.
    pub(crate) fn is_opt_in(&self, name: &str) -> bool {
        self.compiled.routes.workflows.get(name).is_some_and(|route| route.opt_in)
    }

    /// The definitions of state machines, with the compiler's placeholders, by the workflows' names.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.compiled
            .workflows
            .iter()
            .filter_map(|workflow| Some((workflow.name.as_str(), workflow.definition.as_ref()?)))
    }

    /// The agents, by name.
    pub(crate) fn agents(&self) -> &BTreeMap<String, AgentDefinition> {
        &self.agents
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.compiled.workflows.iter().map(|workflow| workflow.name.as_str())
    }
}

/// The function for a placeholder of the compiler: `GetTaskFunctionArn` is the function of `get_task`.
fn function_arn(placeholder: &str) -> Option<String> {
    let functions = crate::functions::all();
    let function = functions.iter().find(|function| function_placeholder(function.name) == placeholder)?;
    Some(format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION_PREFIX}{}", function.name))
}

/// The catalog of this version's actions and events.
///
/// # Errors
/// Never in a released version: the catalog is our own.
pub(crate) fn catalog() -> Outcome<Catalog> {
    let catalog = Catalog::from_value(&actions::catalog::catalog()).map_err(Exit::usage)?;
    Ok(catalog.with_events(webhooks::events()))
}

/// What workflows may refer to, given a project's folder and its own prompts.
///
/// # Errors
/// Usage errors for a template that cannot be read, and for agents with mistakes.
pub(crate) fn environment(folder: &Path, prompts: &BTreeMap<String, String>) -> Outcome<Environment> {
    let mut templates = BTreeMap::new();
    let shipped = actions::SHIPPED_TEMPLATES.iter().map(|(path, text)| (*path, *text));
    let own = prompts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    for (path, text) in shipped.chain(own) {
        let variables =
            actions::template_variables(text).map_err(|error| Exit::usage(format!("{path}: {error}")))?;
        templates.insert(path.to_owned(), variables.into_iter().collect());
    }
    let mut environment = Environment {
        templates: Some(templates),
        tools: Some(edits::tool_names().map(str::to_owned).collect()),
        check_pattern: Some(check_pattern),
        ..Environment::default()
    };
    environment.agents = Some(agents_of(folder, &environment)?);
    Ok(environment)
}

/// Whether a text is a pattern of paths as agents and configurations have them.
fn check_pattern(pattern: &str) -> Result<(), String> {
    AgentPaths::new(&[pattern.to_owned()])
        .map(drop)
        .map_err(|error| error.message.trim_start_matches("paths: ").to_owned())
}

/// The sources of a folder's workflows; the shipped ones if it has no folder `workflows`. [`add_shipped`] says which shipped ones are
/// always included.
///
/// # Errors
/// Usage errors for files that cannot be read.
pub(crate) fn sources_of(folder: &Path) -> Outcome<Vec<Source>> {
    let mut sources = files_of(folder, is_workflow)?;
    add_shipped(&mut sources);
    Ok(sources)
}

/// Adds the shipped workflows that belong to these and are not among them. `undo` always does: it is started if a rollback was due and
/// could not run, and when a person asks. So do those that these run, so that a copied workflow does not require copies of the
/// workflows it runs.
pub(crate) fn add_shipped(sources: &mut Vec<Source>) {
    let shipped = SHIPPED.files().filter(|file| is_workflow(file.path())).filter_map(shipped_source);
    let (undo, others): (Vec<Source>, Vec<Source>) =
        shipped.partition(|source| source.name() == UNDO_WORKFLOW);
    if sources.iter().all(|source| source.name() != UNDO_WORKFLOW) {
        sources.extend(undo);
    }
    add_run(sources, others);
}

/// Adds those of some other workflows that these run, and those that these run in turn, unless one of that name is there.
pub(crate) fn add_run(sources: &mut Vec<Source>, mut others: Vec<Source>) {
    others.retain(|other| sources.iter().all(|source| source.name() != other.name()));
    let mut next = 0;
    while let Some(source) = sources.get(next) {
        for name in run_by(source) {
            if let Some(place) = others.iter().position(|other| other.name() == name) {
                sources.push(others.remove(place));
            }
        }
        next += 1;
    }
}

/// The names of the workflows that a workflow runs.
fn run_by(source: &Source) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut values: Vec<Value> = workflow::content(source).into_iter().collect();
    while let Some(value) = values.pop() {
        match value {
            Value::Object(fields) => {
                if let (Some("workflow"), Some(Value::String(name))) =
                    (fields.get("type").and_then(Value::as_str), fields.get("workflow"))
                {
                    names.insert(name.clone());
                }
                values.extend(fields.into_iter().map(|(_, value)| value));
            }
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
    names
}

/// The selected files of a folder's `workflows`, sorted by name; the shipped ones if it has no such
/// folder.
///
/// # Errors
/// Usage errors for files that cannot be read.
pub(crate) fn files_of(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Outcome<Vec<Source>> {
    let own = folder.join("workflows");
    // A mistyped folder must not mean the shipped workflows.
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        let accepted =
            "accepted: the project's folder, which contains `workflows/`, `prompts/` and `agents/`";
        return Err(Exit::usage(format!("{}: the folder does not exist; {accepted}", folder.display())));
    }
    if !own.is_dir() {
        return Ok(SHIPPED.files().filter(|file| wanted(file.path())).filter_map(shipped_source).collect());
    }
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(&own).map_err(Exit::usage)? {
        let path = entry.map_err(Exit::usage)?.path();
        if wanted(&path) {
            sources.push(source_in_folder(&path)?);
        } else if looks_like_one(&path) {
            let message = "this is not read: workflows end in `.yaml` or `.yml`, their tests in `.test.yaml` or `.test.yml`, and both are in the folder itself";
            return Err(Exit::usage(format!("{}: {message}", path.display())));
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn shipped_source(file: &include_dir::File<'_>) -> Option<Source> {
    Some(Source::new(format!("workflows/{}", file.path().display()), file.contents_utf8()?))
}

/// Whether a file is a workflow, by its name.
pub(crate) fn is_workflow(path: &Path) -> bool {
    has_ending(path, &[".yaml", ".yml"]) && !is_test(path)
}

/// Whether a file contains tests of the workflow next to it, judging by its name.
pub(crate) fn is_test(path: &Path) -> bool {
    has_ending(path, &[".test.yaml", ".test.yml"])
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Whether something is neither a workflow nor a test, but was probably meant as one: `B.YAML`, or a folder of workflows.
fn looks_like_one(path: &Path) -> bool {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        return entries.map(|entry| entry.path()).any(|path| is_workflow(&path) || is_test(&path));
    }
    let lower = path.with_file_name(path.file_name().unwrap_or_default().to_ascii_lowercase());
    !is_workflow(path) && !is_test(path) && (is_workflow(&lower) || is_test(&lower))
}

/// A folder's own prompts by their paths from it.
///
/// # Errors
/// Usage errors for files that cannot be read as text.
pub(crate) fn prompts_of(folder: &Path) -> Outcome<BTreeMap<String, String>> {
    let mut prompts = BTreeMap::new();
    let mut folders = vec![folder.join("prompts")];
    while let Some(next) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for entry in entries {
            let entry = entry.map_err(Exit::usage)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(Exit::usage)?);
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            // Links to folders may lead around in a circle, or to everything.
            if kind.is_symlink() && path.is_dir() {
                let message = "links to folders are not followed here; put the folder itself in this place";
                return Err(Exit::usage(format!("{}: {message}", path.display())));
            }
            let text = text_in_folder(&path)?;
            let name = path.strip_prefix(folder).unwrap_or(&path);
            prompts.insert(name.to_string_lossy().replace('\\', "/"), text);
        }
    }
    Ok(prompts)
}

/// Every finding of at least this severity, with its source, as people read it.
pub(crate) fn rendered(
    compiled: &FolderCompilation,
    sources: &[Source],
    least: Severity,
    in_color: bool,
) -> String {
    let mut text = String::new();
    for workflow in &compiled.workflows {
        for source in sources {
            let findings: Vec<_> = workflow
                .diagnostics
                .iter()
                .filter(|finding| finding.path == source.path && finding.severity <= least)
                .cloned()
                .collect();
            if !findings.is_empty() {
                text.push_str(&render(&findings, source, in_color));
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// The names of a folder's workflows, given its one own workflow.
    fn names_with(step: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("workflows")).unwrap();
        let text = format!("name: Mine\nsteps:\n  - {{ name: run, {step} }}\n");
        std::fs::write(folder.path().join("workflows/mine.yaml"), text).unwrap();
        let sources = sources_of(folder.path()).unwrap();
        let mut names: Vec<String> = sources.iter().map(|source| source.name().to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn shipped_workflows_come_with_those_that_run_them_and_no_others_do() {
        let all = ["development", "mine", "pull_request_checks", "undo"];
        assert_eq!(names_with("type: workflow, workflow: development"), all);
        assert_eq!(names_with("workflow:  'development', \"type\": workflow"), all);
        for step in [
            "type: workflow, workflow: development_of_ours",
            "type: set, variables: { note: \"workflow: development\" }",
            "type: set, variables: { workflow: development }",
        ] {
            assert_eq!(names_with(step), ["mine", "undo"], "{step}");
        }
    }

    #[test]
    fn prompts_are_looked_for_in_their_folder_alone() {
        let folder = tempfile::tempdir().unwrap();
        let prompts = folder.path().join("prompts");
        std::fs::create_dir_all(prompts.join("own")).unwrap();
        std::fs::write(prompts.join("own/a.md"), "Say hello.").unwrap();
        symlink(prompts.join("own/a.md"), prompts.join("b.md")).unwrap();
        let read = prompts_of(folder.path()).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["prompts/b.md", "prompts/own/a.md"]);
        // Two of them lead in circles of more paths than anybody can walk.
        for name in ["one", "two"] {
            symlink(".", prompts.join(name)).unwrap();
        }
        let refused = prompts_of(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("links to folders are not followed"), "{refused}");
    }
}
