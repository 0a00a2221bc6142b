//! A workflow as a picture: steps as nodes, transitions as arrows, branches and bodies of loops as boxes.

mod drawing;
mod mermaid;
mod shapes;

use crate::states::{States, expression, is_added, scopes_within, states_of};
use serde_json::Value;
use shapes::{Arrow, Box, Kind, Node};
use std::collections::BTreeSet;
use workflow::{AgentSummary, Compilation, admission_state};

pub use drawing::DrawingError;
pub use shapes::Graph;

/// The longest text on an arrow, in characters.
const LONGEST_LABEL: usize = 60;
const START: &str = "start";

impl Graph {
    /// The graph of a compiled workflow; `None` where it did not compile. What the compiler adds to every workflow, such as
    /// the parking of a spent budget and the inside of a rollback, is left out.
    pub fn of(compilation: &Compilation) -> Option<Self> {
        let definition = compilation.definition.as_ref()?;
        let mut graph = Self::default();
        let triggers = compilation.route.triggers.iter().map(|trigger| {
            let conditions = trigger.conditions.iter().map(|(name, value)| match value.as_str() {
                Some(text) => format!("{name}: {text}"),
                None => format!("{name}: {value}"),
            });
            std::iter::once(trigger.on.to_string()).chain(conditions).collect::<Vec<_>>().join(" · ")
        });
        let mut label: Vec<String> = triggers.collect();
        if label.is_empty() {
            label.push("started by name".to_owned());
        }
        graph.nodes.push(Node { id: START.to_owned(), label, kind: Kind::Terminal });
        let states = States::of(compilation);
        let (outer, entry) = graph.scope(definition, states);
        graph.boxes = outer.boxes;
        if let Some(entry) = entry {
            graph.arrow(START, &entry, None, false);
        }
        Some(graph)
    }

    /// The graph in Mermaid's flowchart language: <https://mermaid.js.org/syntax/flowchart.html>.
    pub fn mermaid(&self) -> String {
        mermaid::text(self)
    }

    /// The graph as a standing SVG document. The same graph gives the same bytes.
    ///
    /// # Errors
    /// [`DrawingError`] when the layout fails.
    pub fn svg(&self) -> Result<String, DrawingError> {
        drawing::svg(self)
    }

    fn arrow(&mut self, from: &str, to: &str, label: Option<String>, failing: bool) {
        let arrow = Arrow { from: from.to_owned(), to: to.to_owned(), label, failing };
        if !self.arrows.contains(&arrow) {
            self.arrows.push(arrow);
        }
    }

    /// Draws one scope; returns its contents and the ID of its entry.
    fn scope(&mut self, scope: &Value, states: States<'_>) -> (Box, Option<String>) {
        let mut held = Box { id: String::new(), label: String::new(), nodes: Vec::new(), boxes: Vec::new() };
        let shown = Shown::of(scope, states);
        for (name, state) in states_of(scope).filter(|(name, _)| shown.states.contains(*name)) {
            if is_container(state) {
                let inner = self.container(name, state, states);
                held.boxes.push(inner);
            } else {
                held.nodes.push(name.to_owned());
                let node = node(name, state, states);
                self.nodes.push(node);
            }
            if let Some(agent) = states.step(name).and_then(|step| step.agent.as_ref()) {
                self.leave_agent(name, agent, scope, &shown);
            } else if !shown.ends.contains(name) {
                self.leave(name, state, scope, &shown);
            }
        }
        if let Some(end) = shown.end_node(scope) {
            held.nodes.push(end.clone());
            self.nodes.push(Node { id: end, label: vec!["end".to_owned()], kind: Kind::Terminal });
        }
        let entry = scope["StartAt"].as_str().and_then(|start| shown.resolve(start, scope));
        (held, entry)
    }

    fn container(&mut self, name: &str, state: &Value, states: States<'_>) -> Box {
        let at_most = match state["Type"].as_str() {
            Some("Map") => "for each".to_owned(),
            _ => "in parallel".to_owned(),
        };
        let mut outer = Box {
            id: name.to_owned(),
            label: format!("{} ({at_most})", states.name(name)),
            nodes: Vec::new(),
            boxes: Vec::new(),
        };
        let scopes: Vec<&Value> = scopes_within(state).collect();
        let branches = scopes.len();
        for (number, scope) in scopes.into_iter().enumerate() {
            let (mut inner, _) = self.scope(scope, states);
            if branches == 1 {
                outer.nodes = inner.nodes;
                outer.boxes = inner.boxes;
            } else {
                inner.id = format!("{name}.{number}");
                inner.label = branch_name(scope, states.name(name), states)
                    .unwrap_or_else(|| format!("branch {}", number + 1));
                outer.boxes.push(inner);
            }
        }
        outer
    }

    /// The arrows out of an agent's node, which represents all states of its work.
    fn leave_agent(&mut self, name: &str, agent: &AgentSummary, scope: &Value, shown: &Shown) {
        for (next, condition) in left_by(agent, scope) {
            if let Some(to) = shown.resolve(next, scope) {
                self.arrow(name, &to, condition, false);
            }
        }
        self.leave_failing(name, &scope["States"][name], scope, shown);
    }

    /// The arrows out of a state.
    fn leave(&mut self, name: &str, state: &Value, scope: &Value, shown: &Shown) {
        for rule in state["Choices"].as_array().into_iter().flatten() {
            let to = rule["Next"].as_str().and_then(|next| shown.resolve(next, scope));
            if let Some(to) = to {
                self.arrow(name, &to, rule["Condition"].as_str().map(readable), false);
            }
        }
        if let Some(to) = state["Default"].as_str().and_then(|next| shown.resolve(next, scope)) {
            self.arrow(name, &to, Some("otherwise".to_owned()), false);
        }
        if let Some(to) = state["Next"].as_str().and_then(|next| shown.resolve(next, scope)) {
            self.arrow(name, &to, None, false);
        }
        if state["End"] == true
            && let Some(end) = shown.end_node(scope)
        {
            self.arrow(name, &end, None, false);
        }
        self.leave_failing(name, state, scope, shown);
    }

    /// The arrows that a state is left by when something fails.
    fn leave_failing(&mut self, name: &str, state: &Value, scope: &Value, shown: &Shown) {
        for catcher in state["Catch"].as_array().into_iter().flatten().filter(|catcher| !is_added(catcher)) {
            let to = catcher["Next"].as_str().and_then(|next| shown.resolve(next, scope));
            if let Some(to) = to {
                let errors: Vec<&str> = catcher["ErrorEquals"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let label = match errors.as_slice() {
                    ["States.ALL"] => "any error".to_owned(),
                    errors => errors.join(", "),
                };
                self.arrow(name, &to, Some(label), true);
            }
        }
    }
}

/// Which states of a scope are drawn.
struct Shown {
    states: BTreeSet<String>,
    /// Drawn, but its successors belong to the compiler.
    ends: BTreeSet<String>,
}

impl Shown {
    fn of(scope: &Value, states: States<'_>) -> Self {
        let mut shown = Self { states: BTreeSet::new(), ends: BTreeSet::new() };
        // Workflows do not decide who may start work.
        let first = match admission_state(scope) {
            Some(admission) => &scope["States"][admission]["Next"],
            None => &scope["StartAt"],
        };
        let mut open: Vec<&str> = first.as_str().into_iter().collect();
        while let Some(name) = open.pop() {
            let state = &scope["States"][name];
            if state.is_null() || !shown.states.insert(name.to_owned()) {
                continue;
            }
            // A Task that is not a step starts a rollback, which is the same everywhere.
            if state["Type"] == "Task" && states.step(name).is_none() {
                shown.ends.insert(name.to_owned());
                continue;
            }
            let caught = state["Catch"].as_array().into_iter().flatten().filter(|catcher| !is_added(catcher));
            open.extend(caught.filter_map(|catcher| catcher["Next"].as_str()));
            match states.step(name).and_then(|step| step.agent.as_ref()) {
                Some(agent) => open.extend(left_by(agent, scope).map(|(next, _)| next)),
                None => open.extend(crate::states::successors(state)),
            }
        }
        // Values that the compiler carries from state to state are not steps.
        shown.states.retain(|name| !is_passed_through(name, &scope["States"][name.as_str()], states));
        shown
    }

    /// The target of an arrow to a state: the state itself, or its successor if it is not drawn.
    fn resolve(&self, name: &str, scope: &Value) -> Option<String> {
        let mut name = name;
        for _ in 0..scope["States"].as_object()?.len() {
            if self.states.contains(name) {
                return Some(name.to_owned());
            }
            let state = &scope["States"][name];
            match state["Next"].as_str() {
                Some(next) => name = next,
                None => return self.end_node(scope),
            }
        }
        None
    }

    /// The node where the outermost scope ends successfully; inside boxes, leaving the box shows that.
    fn end_node(&self, scope: &Value) -> Option<String> {
        let outermost = scope.get("QueryLanguage").is_some();
        outermost.then(|| "end".to_owned())
    }
}

/// The exits of an agent's work, each with its condition unless the agent is done.
fn left_by<'s>(
    agent: &'s AgentSummary,
    scope: &'s Value,
) -> impl Iterator<Item = (&'s str, Option<String>)> + use<'s> {
    let choice = &scope["States"][agent.states.next.as_str()];
    let rules = choice["Choices"].as_array().into_iter().flatten();
    rules.enumerate().filter_map(|(place, rule)| {
        let next = rule["Next"].as_str().filter(|next| !agent.states.all().contains(next))?;
        // Being done comes first.
        let condition = rule["Condition"].as_str().filter(|_| place > 0).map(readable);
        Some((next, condition))
    })
}

/// The file's name for the branch of `parallel` with this `scope`, from its steps.
fn branch_name(scope: &Value, parallel: &str, states: States<'_>) -> Option<String> {
    let path = states_of(scope).find_map(|(name, _)| states.step(name)).map(|step| &step.path)?;
    let place = path.iter().position(|name| name == parallel)?;
    path.get(place + 1).cloned()
}

fn is_container(state: &Value) -> bool {
    matches!(state["Type"].as_str(), Some("Map" | "Parallel"))
}

fn is_passed_through(name: &str, state: &Value, states: States<'_>) -> bool {
    states.step(name).is_none() && matches!(state["Type"].as_str(), Some("Pass" | "Map" | "Succeed"))
}

fn node(name: &str, state: &Value, states: States<'_>) -> Node {
    let step = states.step(name);
    let mut label = vec![states.name(name).to_owned()];
    let action = step.and_then(|step| step.action.as_deref());
    label.extend(
        action.filter(|action| Some(*action) != label.first().map(String::as_str)).map(str::to_owned),
    );
    if let Some(agent) = step.and_then(|step| step.agent.as_ref()) {
        // The renderer does not accept an arrow from a node to itself.
        label.push(format!("agent {}, ↻ up to {} turns", agent.name, agent.max_turns));
    }
    let kind = match (step.map(|step| step.kind), state["Type"].as_str()) {
        (Some("ai_action" | "agent"), _) => Kind::Agent,
        (Some("approval" | "wait"), _) => Kind::Waiting,
        (Some("workflow"), _) => Kind::Workflow,
        (Some("set"), _) => Kind::Values,
        (_, Some("Choice")) => Kind::Decision,
        (_, Some("Wait")) => Kind::Waiting,
        (Some(_), Some("Task")) => Kind::Action,
        // The start and end of a rollback.
        _ => Kind::Terminal,
    };
    if kind == Kind::Decision && step.is_none() {
        label = vec!["?".to_owned()];
    }
    if let Some(error) = state["Error"].as_str().filter(|error| expression(error).is_none()) {
        label.push(format!("error {error}"));
    }
    Node { id: name.to_owned(), label, kind }
}

/// A condition in its source form, as far as that can be recovered.
fn readable(condition: &str) -> String {
    let text = expression(condition).unwrap_or(condition);
    let text = text.strip_suffix(" and true").unwrap_or(text);
    let text = without_signs(&text.replace("$states.context.Execution.Input.inputs.", ""));
    let text = inside_parentheses(&text).unwrap_or(&text);
    match text.char_indices().nth(LONGEST_LABEL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// An expression without the `$` of its names.
fn without_signs(expression: &str) -> String {
    let begins_name = |at: usize| {
        let mut rest = expression[at..].chars().skip(1);
        rest.next().is_some_and(|next| next.is_alphabetic() || next == '_')
    };
    let kept = characters(expression)
        .filter(|(at, character, is_text)| *character != '$' || *is_text || !begins_name(*at));
    kept.map(|(_, character, _)| character).collect()
}

/// The expression inside the parentheses that are around the whole of one, if there are any.
fn inside_parentheses(expression: &str) -> Option<&str> {
    let inner = expression.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_usize;
    for (_, character, _) in characters(inner).filter(|(_, _, is_text)| !is_text) {
        depth = match character {
            '(' => depth + 1,
            ')' => depth.checked_sub(1)?,
            _ => depth,
        };
    }
    Some(inner)
}

/// The characters of an expression with their places, and whether they are inside a text.
fn characters(expression: &str) -> impl Iterator<Item = (usize, char, bool)> {
    let mut quote: Option<char> = None;
    let mut is_escaped = false;
    expression.char_indices().map(move |(at, character)| {
        let is_text = quote.is_some();
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if character == '\\' => is_escaped = true,
            Some(mark) if character == mark => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            _ => {}
        }
        (at, character, is_text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_shown_as_they_may_have_been_written() {
        for (condition, shown) in [
            ("{% ($task.priority = 'High') and true %}", "task.priority = 'High'"),
            ("{% ($a = 1) or ($b = 2) %}", "(a = 1) or (b = 2)"),
            ("{% (($a = 1) or ($b = ')')) and true %}", "(a = 1) or (b = ')')"),
            ("{% $price = '$5 (or less' %}", "price = '$5 (or less'"),
            ("{% $contains($s, /^a+$/) %}", "contains(s, /^a+$/)"),
            ("{% $count($list[$ != null]) > 0 %}", "count(list[$ != null]) > 0"),
        ] {
            assert_eq!(readable(condition), shown, "{condition}");
        }
    }
}
