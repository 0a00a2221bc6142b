//! Checks across states: the targets of transitions, reachability, and which variables each state may assign.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::Problems;
use super::{Flow, Kind, State};

/// Checks the whole machine.
pub(super) fn check(flow: &Flow, problems: &mut Problems) {
    let mut names = BTreeMap::new();
    check_flow(flow, "", &BTreeSet::new(), &mut names, problems);
}

/// Checks the flows inside one state.
pub(super) fn check_inside(name: &str, state: &State, problems: &mut Problems) {
    let mut names = BTreeMap::from([(name, "/".to_owned())]);
    let variables = assigned(state).into_iter().map(|(_, variable)| variable).collect();
    check_inner_flows(state, "", &variables, &mut names, problems);
}

/// `outer` holds the variables that enclosing flows assign; `names` the states met so far, each with its place.
fn check_flow<'a>(
    flow: &'a Flow,
    location: &str,
    outer: &BTreeSet<&'a str>,
    names: &mut BTreeMap<&'a str, String>,
    problems: &mut Problems,
) {
    if !flow.states.contains_key(&flow.start_at) {
        missing_target(&flow.start_at, &format!("{location}/StartAt"), problems);
    }
    let mut ends = false;
    let mut own = Vec::new();
    for (name, state) in &flow.states {
        let place = format!("{location}/States/{name}");
        if let Some(first) = names.insert(name, place.clone()) {
            let message =
                format!("The name '{name}' is also that of {first}; names are unique in a state machine");
            problems.error("DUPLICATE_STATE_NAME", &place, message);
        }
        for (field, target) in transitions(state) {
            if !flow.states.contains_key(target) {
                missing_target(target, &format!("{place}/{field}"), problems);
            }
        }
        for (field, variable) in assigned(state) {
            if outer.contains(variable) {
                let message = format!(
                    "The variable '{variable}' belongs to an outer scope, which assigns it; an inner scope can \
                     read it but not assign it"
                );
                problems.schema(&format!("{place}/{field}/{variable}"), message);
            }
            own.push((name, variable));
        }
        ends |= is_terminal(state);
    }
    if !ends {
        let message = "No state ends the flow: one needs 'End': true or the type Succeed or Fail";
        problems.error("MISSING_END_STATE", location, message);
    }
    let reached = reachable(flow);
    for (name, state) in &flow.states {
        let place = format!("{location}/States/{name}");
        if !reached.contains(name.as_str()) {
            let message = format!("State '{name}' is not reachable");
            problems.error("MISSING_TRANSITION_TARGET", &place, message);
        }
        // What only the state itself assigns, it assigns after its inner flows, which may use the name for their own.
        let others = own.iter().filter(|(assigner, _)| *assigner != name).map(|(_, variable)| *variable);
        let variables: BTreeSet<_> = outer.iter().copied().chain(others).collect();
        check_inner_flows(state, &place, &variables, names, problems);
    }
}

fn check_inner_flows<'a>(
    state: &'a State,
    place: &str,
    variables: &BTreeSet<&'a str>,
    names: &mut BTreeMap<&'a str, String>,
    problems: &mut Problems,
) {
    for (index, inner) in state.kind.flows().iter().enumerate() {
        let inner_place = match &state.kind {
            Kind::Map(_) => format!("{place}/ItemProcessor"),
            _ => format!("{place}/Branches[{index}]"),
        };
        check_flow(inner, &inner_place, variables, names, problems);
    }
}

fn missing_target(target: &str, location: &str, problems: &mut Problems) {
    problems.error(
        "MISSING_TRANSITION_TARGET",
        location,
        format!("Missing target: there is no state '{target}' here"),
    );
}

fn is_terminal(state: &State) -> bool {
    !matches!(state.kind, Kind::Choice(_)) && state.next.is_none()
}

/// Every transition out of a state, with the field that names it.
fn transitions(state: &State) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    found.extend(state.next.as_deref().map(|next| ("Next".to_owned(), next)));
    for (index, catcher) in state.recovery.catchers.iter().enumerate() {
        found.push((format!("Catch[{index}]/Next"), catcher.next.as_str()));
    }
    if let Kind::Choice(choice) = &state.kind {
        for (index, rule) in choice.rules.iter().enumerate() {
            found.push((format!("Choices[{index}]/Next"), rule.next.as_str()));
        }
        found.extend(choice.default.as_deref().map(|default| ("Default".to_owned(), default)));
    }
    found
}

/// Every variable that a state assigns, with the field that does.
fn assigned(state: &State) -> Vec<(String, &str)> {
    let mut found: Vec<(String, &str)> =
        state.assign.iter().map(|(name, _)| ("Assign".to_owned(), name.as_str())).collect();
    for (index, catcher) in state.recovery.catchers.iter().enumerate() {
        found
            .extend(catcher.assign.iter().map(|(name, _)| (format!("Catch[{index}]/Assign"), name.as_str())));
    }
    if let Kind::Choice(choice) = &state.kind {
        for (index, rule) in choice.rules.iter().enumerate() {
            found.extend(
                rule.assign.iter().map(|(name, _)| (format!("Choices[{index}]/Assign"), name.as_str())),
            );
        }
    }
    found
}

fn reachable(flow: &Flow) -> BTreeSet<&str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![flow.start_at.as_str()];
    while let Some(name) = open.pop() {
        if let Some((name, state)) = flow.states.get_key_value(name)
            && reached.insert(name.as_str())
        {
            open.extend(transitions(state).into_iter().map(|(_, target)| target));
        }
    }
    reached
}
