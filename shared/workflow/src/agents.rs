//! Agents, from the text of `agents/NAME.yaml` to their definitions.

use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Problems};
use crate::environment::{CheckPattern, Environment};
use crate::names;
use crate::reader::{Fields, Reader, list, text, whole_number, word};
use crate::source::{Source, Span, Spanned};
use crate::yaml::{self, Data, Node};
use domain::plugins::Effort;
use domain::{AgentDefinition, MicroUsd};
use std::collections::BTreeSet;

/// The keys of an agent's file, in the order in which files have them.
const KEYS: [&str; 9] =
    ["description", "models", "effort", "prompt", "tools", "paths", "max_turns", "max_usd", "max_minutes"];

const EFFORTS: [(&str, Effort); 5] = [
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
    ("xhigh", Effort::Xhigh),
    ("max", Effort::Max),
];

/// The facts about a session that a system prompt may use.
const PROMPT_VARIABLES: [&str; 3] = ["agent", "branch", "repository"];
/// The most that an agent may be allowed to spend, in dollars.
const MOST_USD: f64 = 10_000.0;
/// The most entries of a list.
const LONGEST_LIST: usize = 100;

/// Reads an agent from its file. The file's name without its ending is the agent's name. `environment` says which prompts and tools there
/// are and checks the patterns of paths; what it does not know is not checked.
///
/// # Errors
/// Every mistake, with its place and what is accepted.
pub fn read_agent(source: &Source, environment: &Environment) -> Result<AgentDefinition, Vec<Diagnostic>> {
    let mut problems = Problems::new(source);
    let definition = read(source, environment, &mut problems);
    let errors = problems.any_errors();
    match definition {
        Some(definition) if !errors => Ok(definition),
        _ => {
            let mut found = problems.finish();
            for empty in found.iter_mut().filter(|found| found.message == "the file is empty") {
                empty.help = vec!["every key of an agent is optional: write at least `{}`".to_owned()];
            }
            Err(found)
        }
    }
}

fn read<'s>(
    source: &'s Source,
    environment: &Environment,
    problems: &mut Problems<'s>,
) -> Option<AgentDefinition> {
    let mut agent = AgentDefinition::named(source.name());
    if let Err(refusal) = names::agent(source.name()) {
        problems.error(Span::default(), refusal);
    }
    let root = yaml::read(source, problems)?;
    let catalog = Catalog::empty();
    let reader = &mut Reader::new(source, &catalog, problems);
    let fields = Fields::of(&root, "an agent", &KEYS, reader)?;
    agent.description =
        fields.get("description").and_then(|node| text(node, "`description`", reader)).map(|text| text.value);
    if let Some(node) = fields.get("models") {
        agent.models = entries(node, "`models`", Entry::Text, reader);
    }
    agent.effort = fields.get("effort").and_then(|node| word(node, "`effort`", &EFFORTS, reader));
    if let Some(prompt) = fields.get("prompt").and_then(|node| text(node, "`prompt`", reader)) {
        agent.prompt = known_prompt(prompt, environment, reader);
    }
    if let Some(node) = fields.get("tools") {
        agent.tools = entries(node, "`tools`", Entry::Known("tool", environment.tools.as_ref()), reader);
    }
    if let Some(node) = fields.get("paths") {
        agent.paths = entries(node, "`paths`", Entry::Checked(environment.check_pattern), reader);
    }
    if let Some(turns) = bounded(fields.get("max_turns"), "`max_turns`", AgentDefinition::MOST_TURNS, reader)
    {
        agent.max_turns = turns;
    }
    agent.max_usd = fields.get("max_usd").and_then(|node| dollars(node, reader));
    let minutes = bounded(fields.get("max_minutes"), "`max_minutes`", AgentDefinition::MOST_MINUTES, reader);
    if let Some(minutes) = minutes {
        agent.max_minutes = minutes;
    }
    Some(agent)
}

fn bounded(node: Option<&Node>, what: &str, most: u32, reader: &mut Reader<'_, '_>) -> Option<u32> {
    let number = whole_number(node?, what, (1, u64::from(most)), reader)?;
    u32::try_from(number).ok()
}

fn dollars(node: &Node, reader: &mut Reader<'_, '_>) -> Option<MicroUsd> {
    let number = match &node.data {
        Data::Number(written) => written.value.as_ref().ok().and_then(serde_json::Number::as_f64),
        _ => None,
    };
    let amount = number.filter(|usd| *usd <= MOST_USD).map(MicroUsd::from_usd_rounded_up);
    let amount = amount.filter(|amount| *amount > MicroUsd::ZERO);
    if amount.is_none() {
        let message = format!("`max_usd` is a number of dollars above 0 and up to {MOST_USD}");
        reader.problems.error(node.span, message).help("without it, only the ticket's limit applies");
    }
    amount
}

/// A template that exists, under the path by which it is known.
fn known_prompt(prompt: Spanned<String>, environment: &Environment, reader: &mut Reader<'_, '_>) -> String {
    let path = prompt.value.trim_start_matches("./").to_owned();
    if let Some(templates) = &environment.templates
        && !templates.contains_key(&path)
    {
        reader
            .problems
            .error(prompt.span, format!("there is no template `{}`", prompt.value))
            .accepted(&path, templates.keys().map(String::as_str));
    }
    let variables = environment.templates.as_ref().and_then(|templates| templates.get(&path));
    for variable in variables.into_iter().flatten() {
        if !PROMPT_VARIABLES.contains(&variable.as_str()) {
            reader
                .problems
                .error(
                    prompt.span,
                    format!("`{path}` uses `{variable}`, which prompts of agents do not have"),
                )
                .accepted(variable, PROMPT_VARIABLES);
        }
    }
    path
}

/// The constraint on an entry of a list.
#[derive(Clone, Copy)]
enum Entry<'k> {
    /// Any text.
    Text,
    /// One of some names, if they are known.
    Known(&'static str, Option<&'k BTreeSet<String>>),
    /// The values that a check accepts, if there is one.
    Checked(Option<CheckPattern>),
}

/// A list of different texts.
fn entries(node: &Node, what: &str, entry: Entry<'_>, reader: &mut Reader<'_, '_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let items = list(node, what, reader).unwrap_or_default();
    if items.len() > LONGEST_LIST {
        reader.problems.error(node.span, format!("{what} has at most {LONGEST_LIST} entries"));
        return found;
    }
    for item in items {
        let Some(given) = text(item, &format!("an entry of {what}"), reader) else { continue };
        if given.value.is_empty() {
            reader.problems.error(item.span, format!("an entry of {what} is empty"));
        } else if found.contains(&given.value) {
            reader.problems.error(item.span, format!("`{}` is in {what} twice", given.value));
        } else {
            match entry {
                Entry::Known(noun, Some(known)) if !known.contains(&given.value) => {
                    let message = format!("there is no {noun} `{}`", given.value);
                    let known = known.iter().map(String::as_str);
                    reader.problems.error(item.span, message).accepted(&given.value, known);
                }
                Entry::Checked(Some(check)) => {
                    if let Err(refusal) = check(&given.value) {
                        reader.problems.error(item.span, refusal);
                    }
                }
                Entry::Text | Entry::Known(..) | Entry::Checked(None) => {}
            }
            found.push(given.value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn environment() -> Environment {
        Environment {
            templates: Some(BTreeMap::from([
                ("prompts/agents/development.md".to_owned(), vec!["agent".to_owned()]),
                ("prompts/text.md".to_owned(), vec!["prompt".to_owned()]),
            ])),
            tools: Some(["edit_file", "finish", "read_file"].map(str::to_owned).into()),
            check_pattern: Some(|pattern| match pattern.contains('[') {
                true => Err(format!("`{pattern}` is no pattern")),
                false => Ok(()),
            }),
            ..Environment::default()
        }
    }

    fn agent(text: &str) -> Result<AgentDefinition, Vec<String>> {
        let read = read_agent(&Source::new("agents/reviewer.yaml", text), &environment());
        read.map_err(|found| {
            let line = |found: &Diagnostic| {
                let hints: Vec<&str> = found.label.iter().chain(&found.help).map(String::as_str).collect();
                format!("{}:{}: {} ({})", found.line, found.column, found.message, hints.join("; "))
            };
            found.iter().map(line).collect()
        })
    }

    #[test]
    fn every_key_is_read() {
        let text = "
description: Reads what others wrote
models: [claude-opus-5, claude-sonnet-5-5]
effort: high
prompt: ./prompts/agents/development.md
tools: [finish, read_file]
paths: ['src/**']
max_turns: 20
max_usd: 2.5
max_minutes: 15
";
        let expected = AgentDefinition {
            description: Some("Reads what others wrote".into()),
            models: vec!["claude-opus-5".into(), "claude-sonnet-5-5".into()],
            effort: Some(Effort::High),
            tools: vec!["finish".into(), "read_file".into()],
            paths: vec!["src/**".into()],
            max_turns: 20,
            max_usd: Some(MicroUsd(2_500_000)),
            max_minutes: 15,
            ..AgentDefinition::named("reviewer")
        };
        assert_eq!(agent(text), Ok(expected));
        let empty = agent("# nothing yet\n").unwrap_err();
        assert!(empty[0].contains("the file is empty (every key of an agent is optional"), "{empty:?}");
        assert_eq!(agent("{}"), Ok(AgentDefinition::named("reviewer")));
        assert_eq!(
            agent("description: Reads"),
            Ok(AgentDefinition { description: Some("Reads".into()), ..AgentDefinition::named("reviewer") })
        );
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_what_is_accepted() {
        let text = "
descripton: Reads
effort: hihg
prompt: prompts/agents/develpment.md
models: claude
tools: [read_flie, edit_file, edit_file]
paths: ['src/[']
max_turns: 0
max_usd: -1
max_minutes: 1 hour
";
        let keys = KEYS.join(", ");
        assert_eq!(
            agent(text).unwrap_err(),
            [
                format!("2:1: unknown key `descripton` in an agent (did you mean `description`?; accepted: {keys})"),
                "3:9: `hihg` is not a value of `effort` (did you mean `high`?; accepted: low, medium, high, xhigh, max)".into(),
                "4:9: there is no template `prompts/agents/develpment.md` (did you mean `prompts/agents/development.md`?; \
                 accepted: prompts/agents/development.md, prompts/text.md)"
                    .into(),
                "5:9: `models` is a list, but this is text ()".into(),
                "6:9: there is no tool `read_flie` (did you mean `read_file`?; accepted: edit_file, finish, read_file)".into(),
                "6:31: `edit_file` is in `tools` twice ()".into(),
                "7:9: `src/[` is no pattern ()".into(),
                "8:12: `max_turns` is a whole number from 1 to 300 ()".into(),
                "9:10: `max_usd` is a number of dollars above 0 and up to 10000 (without it, only the ticket's limit applies)"
                    .into(),
                "10:14: `max_minutes` is a whole number from 1 to 1440 ()".into(),
            ]
        );
    }

    #[test]
    fn a_prompt_for_something_else_is_refused() {
        let told = agent("prompt: prompts/text.md").unwrap_err();
        assert_eq!(
            told,
            [
                "1:9: `prompts/text.md` uses `prompt`, which prompts of agents do not have (accepted: agent, branch, repository)"
            ]
        );
    }

    #[test]
    fn a_file_whose_name_is_no_agents_is_refused() {
        let read = read_agent(&Source::new("agents/My Agent.yaml", "effort: low"), &environment());
        assert!(read.unwrap_err()[0].message.contains("`My Agent` cannot name an agent"));
        assert!(agent("").is_err() && agent("- a").is_err() && agent("effort: low\neffort: max").is_err());
    }
}
