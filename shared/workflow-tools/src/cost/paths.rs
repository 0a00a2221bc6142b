//! The most expensive way through a definition.

use super::bounds::Bounds;
use super::usage::Usage;
use crate::states::{States, resource, scopes_within, states_of, successors};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::Compilation;

/// The resources of the most expensive path through a definition when nothing fails and no list or loop is longer than `bounds` say.
pub(super) fn usage(definition: &Value, compilation: &Compilation, bounds: &Bounds) -> Usage {
    scope(definition, States::of(compilation), bounds)
}

fn scope(scope: &Value, states: States<'_>, bounds: &Bounds) -> Usage {
    let Some(start) = scope["StartAt"].as_str() else { return Usage::default() };
    let circles = circles(scope);
    let mut known = BTreeMap::new();
    dearest(start, scope, &circles, states, bounds, &mut known)
}

/// The resources from a state to the end. States on a cycle count together: each as often as the loop lets its steps run.
fn dearest<'s>(
    from: &'s str,
    scope: &'s Value,
    circles: &BTreeMap<&'s str, BTreeSet<&'s str>>,
    states: States<'_>,
    bounds: &Bounds,
    known: &mut BTreeMap<&'s str, Usage>,
) -> Usage {
    // Definitions contain a few hundred states in a row; an explicit stack spares the thread's.
    let mut open = vec![from];
    while let Some(name) = open.last().copied() {
        let alone = BTreeSet::from([name]);
        let circle = circles.get(name).unwrap_or(&alone);
        let after: BTreeSet<&str> = circle
            .iter()
            .flat_map(|member| successors(&scope["States"][*member]))
            .filter(|next| !circle.contains(next))
            .collect();
        if let Some(unknown) = after.iter().find(|next| !known.contains_key(*next)) {
            open.push(unknown);
            continue;
        }
        let own = circle
            .iter()
            .map(|member| {
                let times = rounds(circle, states, bounds) * times_of_agent(member, states, bounds);
                of_state(member, &scope["States"][*member], states, bounds) * times
            })
            .fold(Usage::default(), |sum, usage| sum + usage);
        let rest = after
            .iter()
            .filter_map(|next| known.get(next).copied())
            .max_by(|one, other| weight(one).total_cmp(&weight(other)))
            .unwrap_or_default();
        for member in circle {
            known.insert(member, own + rest);
        }
        open.pop();
    }
    known.get(from).copied().unwrap_or_default()
}

/// Transitions cost most, and every call is one.
fn weight(usage: &Usage) -> f64 {
    usage.transitions + usage.calls
}

/// How often a circle goes round: as often as the innermost loop on it lets its steps run.
fn rounds(circle: &BTreeSet<&str>, states: States<'_>, bounds: &Bounds) -> f64 {
    let steps = circle.iter().filter_map(|state| states.step(state));
    steps.map(|step| bounds.rounds(&step.name)).fold(1.0, f64::max)
}

/// How often a state of an agent's work is entered; any other state once. The last turn asks nobody.
fn times_of_agent(state: &str, states: States<'_>, bounds: &Bounds) -> f64 {
    let Some((step, agent)) = states.agent(state) else { return 1.0 };
    let turns = bounds.turns(&step.name);
    let questions = turns - 1.0;
    let named = &agent.states;
    if state == named.think || state == named.run_tools {
        turns
    } else if state == named.ask || state == named.answer {
        questions
    } else if state == named.next {
        // Behind the opening, every turn and every answer.
        1.0 + turns + questions
    } else {
        // To fetch files costs less than to ask people.
        0.0
    }
}

fn of_state(name: &str, state: &Value, states: States<'_>, bounds: &Bounds) -> Usage {
    let mut usage = Usage { transitions: 1.0, ..Usage::default() };
    if state["Type"] == "Task" && resource(state).contains("lambda:invoke") {
        let model = states.step(name).is_some_and(|step| step.asks_model)
            || states.agent(name).is_some_and(|(_, agent)| agent.states.think == name);
        usage = usage + Usage { transitions: 0.0, calls: 1.0, ai_calls: f64::from(u8::from(model)) };
    }
    let times = if state["Type"] == "Map" { bounds.items(states.name(name)) } else { 1.0 };
    scopes_within(state)
        .map(|inner| scope(inner, states, bounds) * times)
        .fold(usage, |sum, inner| sum + inner)
}

/// The states that can be come back to, each with all that lie on the same circles.
fn circles(scope: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        states_of(scope).map(|(name, _)| (name, reachable(name, scope))).collect();
    reach
        .iter()
        .filter(|(name, reached)| reached.contains(*name))
        .map(|(name, reached)| {
            let circle = reached.iter().copied().filter(|other| reach[other].contains(name)).collect();
            (*name, circle)
        })
        .collect()
}

fn reachable<'s>(from: &str, scope: &'s Value) -> BTreeSet<&'s str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = successors(&scope["States"][from]).collect();
    while let Some(name) = open.pop() {
        if seen.insert(name) {
            open.extend(successors(&scope["States"][name]));
        }
    }
    seen.retain(|name| scope["States"].get(*name).is_some());
    seen
}
