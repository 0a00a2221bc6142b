//! The configuration to write: people's answers, without defaults.

use super::Arguments;
use super::answers::Answers;
use crate::exit::{Exit, Outcome};
use domain::PluginType;
use domain::configuration::unknown_key;
use providers::{ProviderSpec, SigningSecret};
use serde_json::{Map, Value, json};

/// Keys of a project that `--set` accepts in addition to sections.
const PROJECT_KEYS: &[&str] = &["base_branch", "channel", "space"];

/// The questions for each plugin type.
const QUESTIONS: &[(PluginType, &str)] = &[
    (PluginType::TaskManagement, "Where are the tickets"),
    (PluginType::VersionControl, "Where is the code"),
    (PluginType::Communication, "Where does the team chat"),
    (PluginType::Documentation, "Where are pages of documentation"),
    (PluginType::AiProvider, "Whose model writes the code"),
    (PluginType::Monitoring, "Where are metrics"),
];

/// What will be written.
#[derive(Debug)]
pub(super) struct Plan {
    project: Map<String, Value>,
    sections: Vec<(&'static ProviderSpec, Map<String, Value>)>,
    /// The bot's accounts, by the names of sections.
    own_accounts: Map<String, Value>,
}

impl Plan {
    /// Takes the arguments, and asks for the rest.
    ///
    /// # Errors
    /// Usage errors that name an unknown provider or key; the errors of [`Answers`].
    pub(super) fn make(arguments: &Arguments, answers: &Answers) -> Outcome<Self> {
        let key = given(&arguments.project, || {
            answers.text("The tracker's key of the project (SHOP, or owner/name for issues)", "--project")
        })?;
        let repository = given(&arguments.repository, || {
            answers.text("The repository (owner/name, or the whole path)", "--repository")
        })?;
        let serving = match arguments.uses.as_slice() {
            [] => asked(answers)?,
            names => named(names)?,
        };
        let mut set = pairs(&arguments.set)?;
        let mut project = Map::from_iter([
            ("key".to_owned(), json!(key)),
            ("repository".to_owned(), json!(repository)),
            ("providers".to_owned(), providers_of(&serving)),
        ]);
        for name in PROJECT_KEYS {
            let value = match set.iter().position(|(key, _)| key == name) {
                Some(index) => Some(set.remove(index).1),
                None => wanted(name, &serving, answers)?,
            };
            project.extend(value.map(|value| ((*name).to_owned(), json!(value))));
        }
        let statuses = below("statuses.", &mut set);
        if !statuses.is_empty() {
            project.insert("statuses".to_owned(), statuses.into());
        }
        let mut own_accounts = below("own_accounts.", &mut set);
        let mut sections = Vec::new();
        for (_, spec) in &serving {
            if sections.iter().all(|(known, _): &(&ProviderSpec, _)| known.id != spec.id) {
                sections.push((*spec, section(spec, &mut set, answers)?));
                own_accounts.extend(own_account(spec, &own_accounts, answers)?);
            }
        }
        match set.first() {
            None => Ok(Self { project, sections, own_accounts }),
            Some((key, _)) => Err(unknown(key, &sections)),
        }
    }

    /// As YAML, whose scalars are written as JSON writes them.
    pub(super) fn to_yaml(&self) -> String {
        let mut text = "# Written by `ticketsmith init`. Every key is explained by `ticketsmith config example`.\nprojects:\n".to_owned();
        for (index, (key, value)) in self.project.iter().enumerate() {
            let lead = if index == 0 { "  - " } else { "    " };
            match value.as_object() {
                None => text.push_str(&format!("{lead}{key}: {value}\n")),
                Some(entries) => {
                    text.push_str(&format!("{lead}{key}:\n"));
                    for (key, value) in entries {
                        text.push_str(&format!("      {key}: {value}\n"));
                    }
                }
            }
        }
        text.push_str("    # Who may start work; groups of people can be named instead.\n");
        text.push_str("    may_trigger: [repository-writers]\n\nplugins:\n");
        for (spec, settings) in &self.sections {
            match settings.is_empty() {
                true => text.push_str(&format!("  {}: {{}}\n", spec.id)),
                false => {
                    text.push_str(&format!("  {}:\n", spec.id));
                    for (key, value) in settings {
                        text.push_str(&format!("    {key}: {value}\n"));
                    }
                }
            }
        }
        if !self.own_accounts.is_empty() {
            text.push_str("\nwebhooks:\n  # Events caused by the bot itself are ignored.\n  own_accounts:\n");
            for (key, value) in &self.own_accounts {
                text.push_str(&format!("    {key}: {value}\n"));
            }
        }
        text
    }
}

/// Takes the keys that begin so, without their beginning.
fn below(prefix: &str, set: &mut Vec<(String, String)>) -> Map<String, Value> {
    let taken = set.extract_if(.., |(key, _)| key.len() > prefix.len() && key.starts_with(prefix));
    taken.map(|(key, value)| (key[prefix.len()..].to_owned(), json!(value))).collect()
}

/// The bot's account at a service that sends us events.
fn own_account(
    spec: &ProviderSpec,
    known: &Map<String, Value>,
    answers: &Answers,
) -> Outcome<Option<(String, Value)>> {
    let sends = spec.setup.signing != SigningSecret::None;
    let Some(form) = spec.account.filter(|_| sends && answers.is_terminal && !known.contains_key(spec.id))
    else {
        return Ok(None);
    };
    let question = format!("The bot's own {}, such as {}", form.name, form.bot_example);
    let answer = answers.optional(&question, &format!("--set own_accounts.{}=…", spec.id))?;
    Ok(answer.map(|answer| (spec.id.to_owned(), json!(answer))))
}

fn given(argument: &Option<String>, ask: impl FnOnce() -> Outcome<String>) -> Outcome<String> {
    argument.clone().map_or_else(ask, Ok)
}

type Serving = Vec<(PluginType, &'static ProviderSpec)>;

/// A provider for each plugin type that people want served.
fn asked(answers: &Answers) -> Outcome<Serving> {
    let mut serving = Vec::new();
    for (kind, question) in QUESTIONS {
        let able: Vec<_> = providers::ALL.iter().copied().filter(|spec| spec.serves.contains(kind)).collect();
        let names: Vec<_> = able.iter().map(|spec| spec.name).collect();
        let index = answers.choice(question, &names, "--use")?;
        serving.extend(index.and_then(|index| able.get(index)).map(|spec| (*kind, *spec)));
    }
    Ok(serving)
}

/// The types that the named providers serve. If several could, the one that serves fewest types does: a tracker rather than a code host with issues.
fn named(names: &[String]) -> Outcome<Serving> {
    let mut used = Vec::new();
    for name in names {
        let spec = providers::find(name).map_err(Exit::usage)?;
        used.push(spec);
    }
    let serves = |kind| {
        let able = used.iter().copied().filter(move |spec| spec.serves.contains(&kind));
        able.min_by_key(|spec| spec.serves.len()).map(|spec| (kind, spec))
    };
    let serving: Serving = PluginType::ALL.into_iter().filter_map(serves).collect();
    match used.iter().find(|spec| serving.iter().all(|(_, serving)| serving.id != spec.id)) {
        None => Ok(serving),
        Some(idle) => Err(Exit::usage(format!(
            "--use {}: the other providers already cover everything it serves",
            idle.id
        ))),
    }
}

fn providers_of(serving: &Serving) -> Value {
    serving
        .iter()
        .map(|(kind, spec)| (kind.as_str().to_owned(), json!(spec.id)))
        .collect::<Map<_, _>>()
        .into()
}

/// What a project must configure once something serves a type: a channel for chat, a space for pages.
fn wanted(name: &str, serving: &Serving, answers: &Answers) -> Outcome<Option<String>> {
    let (kind, question) = match name {
        "channel" => (PluginType::Communication, "The channel that the team reads (#name or an id)"),
        "space" => (PluginType::Documentation, "The space or page that pages are created in"),
        _ => return Ok(None),
    };
    // Without a terminal it is left out: the file is valid, and `doctor` says what fails without it.
    if !answers.is_terminal || serving.iter().all(|(served, _)| *served != kind) {
        return Ok(None);
    }
    answers.optional(question, &format!("--set {name}=…"))
}

fn pairs(set: &[String]) -> Outcome<Vec<(String, String)>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Exit::usage(format!("--set {text}: accepted: KEY=VALUE"))),
    };
    set.iter().map(pair).collect()
}

/// A provider's section: the given values, and the required keys.
fn section(
    spec: &ProviderSpec,
    set: &mut Vec<(String, String)>,
    answers: &Answers,
) -> Outcome<Map<String, Value>> {
    let schema = spec.settings.schema().to_value();
    let (mut settings, mut others) = (Map::new(), Vec::new());
    for (key, value) in std::mem::take(set) {
        let own = key.split_once('.').filter(|(section, _)| *section == spec.id);
        match own.and_then(|(_, key)| Some((key, schema.get("properties")?.get(key)?))) {
            Some((key, form)) => drop(settings.insert(key.to_owned(), typed(&value, form))),
            None => others.push((key, value)),
        }
    }
    *set = others;
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for key in required.filter_map(Value::as_str) {
        if !settings.contains_key(key) {
            let about = schema["properties"][key]["description"].as_str().unwrap_or_default();
            let about = about.lines().next().unwrap_or_default().trim_end_matches('.');
            let argument = format!("--set {}.{key}=…", spec.id);
            let answer = answers.text(&format!("{}, {key}: {about}", spec.name), &argument)?;
            settings.insert(key.to_owned(), typed(&answer, &schema["properties"][key]));
        }
    }
    Ok(settings)
}

/// Numbers and booleans if the key accepts them; otherwise a text, whatever it looks like.
fn typed(text: &str, form: &Value) -> Value {
    match form.get("type").and_then(Value::as_str) {
        Some("integer" | "number" | "boolean") => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        _ => json!(text),
    }
}

fn unknown(key: &str, sections: &[(&'static ProviderSpec, Map<String, Value>)]) -> Exit {
    let schemas: Vec<_> =
        sections.iter().map(|(spec, _)| (spec.id, spec.settings.schema().to_value())).collect();
    let own = schemas.iter().flat_map(|(id, schema)| {
        let keys = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        keys.map(move |key| format!("{id}.{key}"))
    });
    let maps = ["statuses.NAME".to_owned(), "own_accounts.NAME".to_owned()];
    let known: Vec<String> =
        PROJECT_KEYS.iter().map(|key| (*key).to_owned()).chain(maps).chain(own).collect();
    Exit::usage(format!("--set {key}: {}", unknown_key(key, known.iter().map(String::as_str))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(uses: &[&str], set: &[&str]) -> Result<Plan, String> {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let arguments = Arguments {
            config: "ticketsmith.yaml".into(),
            project: Some("SHOP".to_owned()),
            repository: Some("acme/shop".to_owned()),
            uses: texts(uses),
            set: texts(set),
            url: None,
            secrets: None,
            app: None,
            data: crate::place::DataArgument { data: ".ticketsmith".into() },
        };
        Plan::make(&arguments, &Answers { is_terminal: false }).map_err(|exit| exit.to_string())
    }

    #[test]
    fn a_tracker_beside_a_code_host_with_issues_is_the_tracker() {
        let made = plan(&["github", "jira"], &["jira.base_url=https://acme.atlassian.net", "channel=#dev"]);
        let made = made.unwrap();
        assert_eq!(made.project["providers"]["task_management"], "jira");
        assert_eq!(made.project["providers"]["version_control"], "github");
        assert_eq!(made.project["channel"], "#dev");
        assert_eq!(plan(&["github"], &[]).unwrap().project["providers"]["task_management"], "github");
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is_meant() {
        let refused = |uses: &[&str], set: &[&str]| plan(uses, set).unwrap_err();
        assert!(refused(&["gihub"], &[]).contains("github"));
        assert!(refused(&["jira"], &[]).contains("--set jira.base_url=… is missing"));
        let mistaken = refused(&["jira"], &["jira.base_url=https://x.example", "jira.bas_url=y"]);
        assert!(mistaken.contains("did you mean `jira.base_url`?"), "{mistaken}");
        assert!(refused(&["github"], &["channel"]).contains("KEY=VALUE"));
    }

    #[test]
    fn what_is_written_reads_as_it_was_meant() {
        let written =
            plan(&["claude", "github"], &["claude.model=yes", "channel=#a: \"b\""]).unwrap().to_yaml();
        let read: Value = serde_saphyr::from_str(&written).unwrap();
        assert_eq!(read["plugins"]["claude"]["model"], "yes");
        assert_eq!(read["projects"][0]["channel"], "#a: \"b\"");
    }
}
