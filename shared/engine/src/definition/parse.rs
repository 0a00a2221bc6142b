//! From the text of a definition to its types.

use std::collections::BTreeMap;

use serde_json::Value;

use super::assignments::assignments;
use super::fields::{Fields, Problems};
use super::template::{States, Template, expression, expression_source};
use super::{
    Definition, Diagnostic, Flow, Kind, Map, Quantity, Recovery, Resource, State, Task, Wait, choice, graph,
    parse_timestamp, retry,
};
use crate::limits::{DEFINITION_BYTES, LONGEST_SECONDS, MAP_CONCURRENCY, NAME_CHARACTERS, NESTED_FLOWS};

/// Parses and checks `text`. Without a definition there is at least one error; with one there may be some too.
pub(super) fn definition(text: &str) -> (Option<Definition>, Vec<Diagnostic>) {
    let mut problems = Problems::default();
    let definition = parse(text, &mut problems);
    // Transitions are judged only where every state could be read; a broken one would look missing.
    if let Some(definition) = &definition
        && problems.0.is_empty()
    {
        graph::check(&definition.flow, &mut problems);
    }
    (definition, problems.0)
}

/// Parses and checks a single state on its own.
pub(super) fn lone_state(name: &str, text: &str) -> Result<State, Vec<Diagnostic>> {
    let mut problems = Problems::default();
    let parsed = document(text, &mut problems).and_then(|value| {
        // There is no machine to set it, so the state sets it for its inner states.
        let jsonata = value.get("QueryLanguage").is_some();
        state(&value, String::new(), Context { jsonata, depth: 0 }, &mut problems)
    });
    if let Some(state) = &parsed
        && problems.0.is_empty()
    {
        graph::check_inside(name, state, &mut problems);
    }
    parsed.filter(|_| problems.0.is_empty()).ok_or(problems.0)
}

fn document(text: &str, problems: &mut Problems) -> Option<Value> {
    if text.len() > DEFINITION_BYTES {
        problems.schema("", format!("A definition has at most {DEFINITION_BYTES} bytes"));
        return None;
    }
    let parsed = serde_json::from_str(text);
    if let Err(error) = &parsed {
        problems.error("INVALID_JSON_DESCRIPTION", "", format!("The definition is not JSON: {error}"));
    }
    parsed.ok()
}

fn parse(text: &str, problems: &mut Problems) -> Option<Definition> {
    let document = document(text, problems)?;
    let mut fields = Fields::of(&document, String::new(), problems)?;
    fields.string("Comment", problems);
    if fields.string("Version", problems).is_some_and(|version| version != "1.0") {
        problems.schema(&fields.at("Version"), "Must be 1.0, the only version of the language");
    }
    let timeout_seconds = fields.whole("TimeoutSeconds", (1, LONGEST_SECONDS), problems);
    let jsonata = query_language(&mut fields, problems);
    let flow = flow(&mut fields, Context { jsonata, depth: 0 }, problems);
    fields.finish("a state machine", problems);
    Some(Definition { flow: flow?, timeout_seconds })
}

/// The properties that the states of a flow inherit.
#[derive(Clone, Copy)]
struct Context {
    /// Whether the machine as a whole says `QueryLanguage: JSONata`, which no state can say for it.
    jsonata: bool,
    depth: usize,
}

fn query_language(fields: &mut Fields<'_>, problems: &mut Problems) -> bool {
    match fields.string("QueryLanguage", problems) {
        Some("JSONata") => true,
        Some("JSONPath") => {
            problems.schema(
                &fields.at("QueryLanguage"),
                "JSONPath is not supported; write QueryLanguage: JSONata",
            );
            true
        }
        Some(other) => {
            problems.schema(&fields.at("QueryLanguage"), format!("Must be JSONata, and not '{other}'"));
            true
        }
        None => false,
    }
}

fn flow(fields: &mut Fields<'_>, context: Context, problems: &mut Problems) -> Option<Flow> {
    let start_at = fields.required_string("StartAt", problems);
    let Some(states) = fields.take("States") else {
        problems.schema(&fields.location, "The field 'States' is required");
        return None;
    };
    let location = fields.at("States");
    if context.depth > NESTED_FLOWS {
        problems.error("TOO_DEEPLY_NESTED", &location, format!("States nest at most {NESTED_FLOWS} deep"));
        return None;
    }
    let Some(states) = states.as_object().filter(|states| !states.is_empty()) else {
        problems.schema(&location, "Must be an object with at least one state");
        return None;
    };
    let mut parsed = BTreeMap::new();
    for (name, value) in states {
        let location = format!("{location}/{name}");
        if name.is_empty() || name.chars().count() > NAME_CHARACTERS {
            let message = format!("The name of a state has 1 to {NAME_CHARACTERS} characters");
            problems.error("INVALID_STATE_NAME", &location, message);
        }
        if let Some(state) = state(value, location, context, problems) {
            parsed.insert(name.clone(), state);
        }
    }
    Some(Flow { start_at: start_at?.to_owned(), states: parsed })
}

fn state(value: &Value, location: String, context: Context, problems: &mut Problems) -> Option<State> {
    let mut fields = Fields::of(value, location, problems)?;
    fields.string("Comment", problems);
    let is_named = query_language(&mut fields, problems);
    if !context.jsonata && !is_named {
        let message =
            "The query language defaults to JSONPath, which is not supported; write QueryLanguage: JSONata";
        problems.schema(&fields.location, message);
    } else if !context.jsonata {
        let message = "A state's own QueryLanguage in a document of JSONPath is not supported; write QueryLanguage: JSONata \
                       at the top of the document";
        problems.schema(&fields.at("QueryLanguage"), message);
    }
    let kind_name = fields.required_string("Type", problems)?;
    let kind = match kind_name {
        "Task" => task(&mut fields, problems).map(Kind::Task),
        "Choice" => choice::choice(&mut fields, problems).map(Kind::Choice),
        "Pass" => Some(Kind::Pass),
        "Wait" => wait(&mut fields, problems).map(Kind::Wait),
        "Map" => map(&mut fields, context, problems).map(|map| Kind::Map(Box::new(map))),
        "Parallel" => parallel(&mut fields, context, problems),
        "Succeed" => Some(Kind::Succeed),
        "Fail" => Some(Kind::Fail {
            error: text_template(&mut fields, "Error", problems),
            cause: text_template(&mut fields, "Cause", problems),
        }),
        other => {
            let message = format!(
                "'{other}' is not a state type; accepted: Task, Choice, Pass, Wait, Map, Parallel, Succeed and Fail"
            );
            problems.schema(&fields.at("Type"), message);
            return None;
        }
    };
    let runs = matches!(kind_name, "Task" | "Map" | "Parallel");
    let states = if runs { States::Result } else { States::Entry };
    let output = if kind_name == "Fail" { None } else { fields.take("Output") };
    let output = output.map(|output| Template::parse(output, states, &fields.at("Output"), problems));
    let assign = match kind_name {
        "Succeed" | "Fail" => Vec::new(),
        _ => assignments(&mut fields, states, problems),
    };
    let recovery = if runs { retry::recovery(&mut fields, problems) } else { Recovery::default() };
    let next = match kind_name {
        "Choice" | "Succeed" | "Fail" => None,
        _ => transition(&mut fields, problems),
    };
    fields.finish(&format!("a {kind_name} state"), problems);
    Some(State { kind: kind?, next, assign, output, recovery })
}

fn transition(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<String> {
    let next = fields.string("Next", problems).map(str::to_owned);
    let end = fields.boolean("End", problems) == Some(true);
    if next.is_some() == end {
        problems.schema(&fields.location, "Needs either 'Next' or 'End': true");
    }
    next
}

fn task(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Task> {
    let written = fields.take("Arguments");
    let arguments =
        written.map(|arguments| Template::parse(arguments, States::Entry, &fields.at("Arguments"), problems));
    let timeout = quantity(fields, "TimeoutSeconds", (1, LONGEST_SECONDS), problems);
    let heartbeat = quantity(fields, "HeartbeatSeconds", (1, LONGEST_SECONDS), problems);
    if let (Some(Quantity::Fixed(timeout)), Some(Quantity::Fixed(heartbeat))) = (&timeout, &heartbeat)
        && heartbeat >= timeout
    {
        problems.schema(&fields.at("HeartbeatSeconds"), "Must be less than TimeoutSeconds");
    }
    let role_arn = credentials(fields, problems);
    let arn = fields.required_string("Resource", problems)?;
    let Some(resource) = Resource::parse(arn) else {
        let message = format!(
            "'{arn}' cannot be called; there are the ARNs of functions, arn:aws:states:::lambda:invoke and \
             arn:aws:states:::states:startExecution, with .waitForTaskToken, and the latter with .sync and .sync:2"
        );
        problems.error("INVALID_RESOURCE", &fields.at("Resource"), message);
        return None;
    };
    if let Some(parameters) = written.and_then(Value::as_object) {
        check_parameters(&resource, parameters, &fields.at("Arguments"), problems);
    }
    Some(Task { resource, arguments, timeout, heartbeat, role_arn })
}

/// The role a task asks to run with:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html>.
fn credentials(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Template> {
    let value = fields.take("Credentials")?;
    let mut credentials = Fields::of(value, fields.at("Credentials"), problems)?;
    if !credentials.has("RoleArn") {
        problems.schema(&credentials.location, "The field 'RoleArn' is required but was missing");
        return None;
    }
    let role_arn = text_template(&mut credentials, "RoleArn", problems);
    credentials.finish("Credentials", problems);
    role_arn
}

/// Checks the names of written arguments; their values are known only when the task begins.
fn check_parameters(
    resource: &Resource,
    parameters: &serde_json::Map<String, Value>,
    location: &str,
    problems: &mut Problems,
) {
    let Some((required, known)) = resource.parameters() else { return };
    if !parameters.contains_key(required) {
        problems.schema(location, format!("The field '{required}' is required"));
    }
    for unknown in parameters.keys().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("The field '{unknown}' is not supported; there are {}", known.join(", "));
        problems.schema(&format!("{location}/{unknown}"), message);
    }
}

fn quantity(
    fields: &mut Fields<'_>,
    field: &'static str,
    range: (u64, u64),
    problems: &mut Problems,
) -> Option<Quantity> {
    let value = fields.take(field)?;
    Quantity::parse(value, range, &fields.at(field), problems)
}

fn wait(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Wait> {
    if fields.has("Seconds") == fields.has("Timestamp") {
        problems.schema(&fields.location, "Needs either 'Seconds' or 'Timestamp'");
    }
    let seconds = quantity(fields, "Seconds", (0, LONGEST_SECONDS), problems);
    let timestamp = fields.string("Timestamp", problems);
    if let Some(text) = timestamp {
        let location = fields.at("Timestamp");
        if expression_source(text).is_some() {
            return expression(text, States::Entry, &location, problems).map(Wait::ComputedTimestamp);
        }
        return match parse_timestamp(text) {
            Some(moment) => Some(Wait::Timestamp(moment)),
            None => {
                let message = "Must be a moment such as 2016-03-14T01:59:00Z, or a JSONata expression";
                problems.schema(&location, message);
                None
            }
        };
    }
    seconds.map(Wait::Seconds)
}

fn map(fields: &mut Fields<'_>, context: Context, problems: &mut Problems) -> Option<Map> {
    let items = match fields.take("Items") {
        Some(value @ Value::Array(_)) => {
            Some(Template::parse(value, States::Entry, &fields.at("Items"), problems))
        }
        Some(Value::String(text)) if expression_source(text).is_some() => {
            expression(text, States::Entry, &fields.at("Items"), problems).map(Template::Expression)
        }
        Some(_) => {
            problems.schema(&fields.at("Items"), "Must be an array or a JSONata expression");
            None
        }
        None => None,
    };
    let item_selector = fields.take("ItemSelector");
    let item_selector = item_selector
        .map(|selector| Template::parse(selector, States::Entry, &fields.at("ItemSelector"), problems));
    let max_concurrency = quantity(fields, "MaxConcurrency", (0, LONGEST_SECONDS), problems);
    // AWS also accepts these with an inline Map and evaluates them, but still fails at the first failed iteration.
    let tolerated_count = quantity(fields, "ToleratedFailureCount", (0, LONGEST_SECONDS), problems);
    let tolerated_percentage = quantity(fields, "ToleratedFailurePercentage", (0, 100), problems);
    for field in ["ItemReader", "ItemBatcher", "ResultWriter"] {
        if fields.has(field) {
            fields.take(field);
            problems.schema(&fields.at(field), "Distributed Map states are not supported");
        }
    }
    let Some(processor) = fields.take("ItemProcessor") else {
        problems.schema(&fields.location, "The field 'ItemProcessor' is required");
        return None;
    };
    let mut processor = Fields::of(processor, fields.at("ItemProcessor"), problems)?;
    processor.string("Comment", problems);
    if let Some(config) = processor.take("ProcessorConfig") {
        let mut config = Fields::of(config, processor.at("ProcessorConfig"), problems)?;
        if !matches!(config.string("Mode", problems), None | Some("INLINE")) {
            problems.schema(&config.at("Mode"), "Must be INLINE; distributed Map states are not supported");
        }
        config.take("ExecutionType");
        config.finish("ProcessorConfig", problems);
    }
    let body = flow(&mut processor, Context { depth: context.depth + 1, ..context }, problems);
    processor.finish("an item processor", problems);
    Some(Map {
        items,
        item_selector,
        max_concurrency,
        tolerated_count,
        tolerated_percentage,
        processor: body?,
    })
}

/// The maximum number of concurrent iterations when a Map asks for `asked` (0: as many as possible).
pub(crate) fn concurrency(asked: u64) -> usize {
    match usize::try_from(asked) {
        Ok(asked) if (1..=MAP_CONCURRENCY).contains(&asked) => asked,
        _ => MAP_CONCURRENCY,
    }
}

fn parallel(fields: &mut Fields<'_>, context: Context, problems: &mut Problems) -> Option<Kind> {
    let arguments = fields.take("Arguments");
    let arguments = arguments
        .map(|arguments| Template::parse(arguments, States::Entry, &fields.at("Arguments"), problems));
    if !fields.has("Branches") {
        problems.schema(&fields.location, "The field 'Branches' is required");
    }
    let values = fields.array("Branches", problems)?;
    let location = fields.at("Branches");
    let mut branches = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let mut branch = Fields::of(value, format!("{location}[{index}]"), problems)?;
        branch.string("Comment", problems);
        branches.extend(flow(&mut branch, Context { depth: context.depth + 1, ..context }, problems));
        branch.finish("a branch", problems);
    }
    // An incomplete branch is already a problem; the numbers of the others must not shift.
    (branches.len() == values.len()).then_some(Kind::Parallel { arguments, branches })
}

/// A string or an expression that evaluates to one.
fn text_template(fields: &mut Fields<'_>, field: &'static str, problems: &mut Problems) -> Option<Template> {
    let text = fields.string(field, problems)?;
    let value = Value::String(text.to_owned());
    Some(Template::parse(&value, States::Entry, &fields.at(field), problems))
}
