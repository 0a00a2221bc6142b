//! What is wrong with a test file before anything is run: names that the workflow does not have, results that no action
//! gives.

use crate::file::{
    Answer, Case, Defaults, Expectations, ExpectedCost, ExpectedOutcome, Steps, TestFile, Turn, TurnNext,
};
use crate::functions::actions_by_function;
use crate::names::{Callable, Names};
use crate::reading::{bytes, key_after};
use crate::sample;
use crate::schema::misfits;
use domain::EventName;
use domain::built_in_actions::RUN_TOOLS;
use domain::event::EventSpec;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{Catalog, CatalogEntry, Diagnostic, Source};

/// Every problem of a file, in the order of its cases.
pub(crate) fn check(file: &TestFile, source: &Source, names: &Names, catalog: &Catalog) -> Vec<Diagnostic> {
    let actions = actions_by_function(catalog);
    let mut checker = Checker { source, names, catalog, actions, from: 0, found: Vec::new() };
    if file.cases.is_empty() {
        checker.found.push(Diagnostic::error(source, (0, 0), "a test file needs at least one case"));
    }
    checker.steps(&file.steps, file.defaults, false);
    for case in &file.cases {
        checker.from = bytes(&case.referenced).0;
        checker.case(&case.value, case.value.defaults.or(file.defaults));
    }
    checker.found
}

struct Checker<'c> {
    source: &'c Source,
    names: &'c Names,
    catalog: &'c Catalog,
    actions: BTreeMap<String, String>,
    /// The start of the case that is checked.
    from: usize,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn case(&mut self, case: &Case, defaults: Option<Defaults>) {
        if case.trigger.is_some() == case.inputs.is_some() {
            self.error(&case.name, "a case has either `trigger:` or `inputs:`");
        }
        if case.trigger.as_ref().is_some_and(|trigger| trigger.len() != 1) {
            self.error(
                "trigger",
                "a trigger is one event with its fields: `{ <event>: { task_id: SHOP-1 } }`",
            );
        }
        let events = self.catalog.events();
        for (name, fields) in case.trigger.iter().flatten() {
            let Some(event) = events.find(name.as_str()).filter(|event| event.may_trigger()) else {
                let span = key_after(self.source, self.from, name.as_str());
                let accepted = events.iter().filter(|event| event.may_trigger());
                let accepted = accepted.map(|event| event.name.as_str());
                let message = format!("`{name}` is not a trigger");
                self.found.push(
                    Diagnostic::error(self.source, span, message).with_accepted(name.as_str(), accepted),
                );
                continue;
            };
            // A schedule is given inputs.
            if *name != EventName::SCHEDULE {
                self.fields(event, fields);
            }
        }
        self.steps(&case.steps, defaults, false);
        self.steps(&case.undo, defaults, true);
        let expected = &case.expect;
        if *expected == Expectations::default() {
            self.error(
                "expect",
                "`expect:` is empty, and would compare nothing; name at least an `outcome:`",
            );
        }
        if expected.cost == Some(ExpectedCost::default()) {
            self.error(
                "cost",
                "`cost:` is empty, and would compare nothing; name `transitions:` or `model_usd:`",
            );
        }
        if expected.outputs == Some(Value::Null) {
            self.error(
                "outputs",
                "`outputs:` is empty, and would compare nothing; `{}` expects that there are none",
            );
        }
        if expected.path_contains.as_ref().is_some_and(Vec::is_empty) {
            self.error("path_contains", "`path_contains:` is empty, and would compare nothing");
        }
        if expected.cause.as_ref().is_some_and(|cause| *cause == json!("") || *cause == json!({})) {
            self.error("cause", "`cause:` is empty, and would compare nothing");
        }
        let (outcome, cause) = (expected.outcome, expected.cause.clone());
        if outcome == Some(ExpectedOutcome::NotStarted)
            && *expected != (Expectations { outcome, cause, ..Expectations::default() })
        {
            self.error("expect", "where nothing starts, only `cause:` can be compared; leave the rest out");
        }
        let names = || expected.path.iter().flatten().chain(expected.path_contains.iter().flatten());
        for name in names().filter(|name| self.names.is_inside_turn(without_iteration(name))) {
            let message =
                format!("paths leave out what happens in an agent's turns, such as `{name}`; use `calls:`");
            let span = key_after(self.source, self.from, name);
            self.found.push(Diagnostic::error(self.source, span, message));
        }
        for name in
            names().chain(&expected.not_taken).chain(expected.calls.keys()).chain(expected.inputs.keys())
        {
            self.known(name);
        }
    }

    /// Reports fields that no event of this kind has: it would start nothing, as some cases expect.
    fn fields(&mut self, event: &EventSpec, fields: &Map<String, Value>) {
        // When something was said is in events that do not declare it.
        let compared = event.conditions.iter().map(|condition| condition.field.as_str()).chain(["said_at"]);
        let known: BTreeSet<&str> =
            event.fields.iter().map(|field| field.name.as_str()).chain(compared).collect();
        for (name, value) in fields {
            let span = key_after(self.source, self.from, name);
            let wrong = event.field(name).filter(|field| !value.is_null() && !field.kind.accepts(value));
            if let Some(field) = wrong {
                let kind = field.kind.as_str();
                let message = format!("`{name}` of {} is of type {kind}, but this is {value}", event.name);
                self.found.push(Diagnostic::error(self.source, span, message));
            } else if !known.contains(name.as_str()) {
                let message = format!("{} has no field `{name}`", event.name);
                let accepted = known.iter().copied();
                self.found.push(Diagnostic::error(self.source, span, message).with_accepted(name, accepted));
            }
        }
    }

    fn steps(&mut self, steps: &Steps, defaults: Option<Defaults>, undo: bool) {
        for (name, answers) in steps {
            let plain = without_iteration(name);
            let call = self.names.call(plain).cloned();
            // Another workflow's effects may be taken back; an answer that nothing asks for is found when the case has run.
            if call.is_none() && !undo {
                let span = key_after(self.source, self.from, name);
                let message = match self.names.in_paths().contains(plain) {
                    true => format!("`{plain}` does not call anything, so it has no result"),
                    false => format!("the workflow has no step `{plain}`"),
                };
                let accepted = self.names.callable();
                self.found.push(Diagnostic::error(self.source, span, message).with_accepted(plain, accepted));
                continue;
            }
            answers.iter().for_each(|answer| self.figures(name, answer));
            if self.names.is_agent(plain) && !undo {
                answers.iter().for_each(|answer| self.agent(name, answer, defaults));
                continue;
            }
            for answer in answers.iter() {
                self.answer(name, answer, call.as_ref().filter(|_| !undo), defaults);
            }
        }
    }

    /// Reports numbers with which an answer would be given to no call, or give dollars back.
    fn figures(&mut self, name: &str, answer: &Answer) {
        if answer.times == Some(0) {
            self.error(
                name,
                format!("`times:` of `{name}` is 0, so that the answer is for no call; leave it out"),
            );
        }
        let turns = answer.turns.iter().flatten().map(|turn| turn.cost_usd);
        for cost in turns.chain([answer.cost_usd]).flatten() {
            if !cost.is_finite() || cost < 0.0 {
                self.error(name, format!("`cost_usd:` of `{name}` is {cost}; accepted: 0 or more dollars"));
            }
        }
    }

    fn answer(&mut self, name: &str, answer: &Answer, call: Option<&Callable>, defaults: Option<Defaults>) {
        let waits = call.is_some_and(|call| call.waits);
        let given = [
            ("result", answer.result.is_some(), true),
            ("error", answer.error.is_some(), true),
            ("skip", answer.skip, true),
            ("approve", answer.approve.is_some(), waits),
            ("decline", answer.decline.is_some(), waits),
            ("resume", answer.resume.is_some(), waits),
            ("time_out", answer.time_out, waits),
            ("turns", answer.turns.is_some(), false),
        ];
        let mut named = given.iter().filter(|(_, given, _)| *given);
        match (named.next(), named.next()) {
            (Some(("turns", ..)), None) => {
                self.error(name, format!("`{name}` is not an agent step, so it has no `turns:`"));
            }
            (Some((key, _, false)), None) => {
                self.error(name, format!("`{name}` does not wait for people, so it has no `{key}:`"));
            }
            (Some(_), None) => {}
            _ => self.error(
                name,
                format!("an answer of `{name}` has exactly one of result, error, skip, approve, decline, resume, time_out"),
            ),
        }
        if answer.cause.is_some() && answer.error.is_none() {
            self.error(name, format!("`cause:` of `{name}` needs an `error:`"));
        }
        if answer.error.as_ref().is_some_and(|error| error.starts_with("States.")) {
            self.error(
                name,
                format!("no function gives an error whose name starts with `States.`, nor can `{name}`"),
            );
        }
        let action =
            call.and_then(|call| call.function.as_ref()).and_then(|function| self.actions.get(function));
        if let (Some(result), Some(action)) =
            (&answer.result, action.and_then(|action| self.catalog.entry(action)))
        {
            let span = bytes(&result.referenced);
            self.result(name, &result.value, span, action, defaults);
        }
        let outputs = match call {
            Some(_) => self.names.outputs_of(without_iteration(name)),
            None => None,
        };
        if let (Some(result), Some(outputs)) = (&answer.result, outputs) {
            let given = result.value.as_object().into_iter().flat_map(|fields| fields.keys());
            for field in given.filter(|field| !outputs.contains_key(*field)) {
                let message = format!("the workflow that `{name}` runs has no output `{field}`");
                let found = Diagnostic::error(self.source, bytes(&result.referenced), message);
                self.found.push(found.with_accepted(field, outputs.keys().map(String::as_str)));
            }
            self.outputs(name, &result.value, bytes(&result.referenced), defaults);
        }
    }

    /// The outputs of another workflow: it gives all of them, and `null` where there is no value.
    fn outputs(&mut self, name: &str, given: &Value, span: (usize, usize), defaults: Option<Defaults>) {
        let Some(mut schema) = self.names.output_schema(without_iteration(name)) else { return };
        let whole = match defaults {
            Some(Defaults::FromSchema) => sample::complete(given, &schema, &schema),
            None => given.clone(),
        };
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.retain(|output, _| !whole[output.as_str()].is_null());
        }
        self.misfits(name, &whole, &schema, span, "the workflow that it runs", defaults);
    }

    /// An answer of an agent: what it ends with, its turns, or an error.
    fn agent(&mut self, name: &str, answer: &Answer, defaults: Option<Defaults>) {
        let others = answer.skip
            || answer.approve.is_some()
            || answer.decline.is_some()
            || answer.resume.is_some()
            || answer.time_out;
        let given = [answer.result.is_some(), answer.error.is_some(), answer.turns.is_some()];
        if others || given.into_iter().filter(|given| *given).count() != 1 {
            self.error(
                name,
                format!("an answer of the agent `{name}` has exactly one of result, error, turns"),
            );
        }
        if answer.cause.is_some() && answer.error.is_none() {
            self.error(name, format!("`cause:` of `{name}` needs an `error:`"));
        }
        if answer.turns.is_some() && answer.cost_usd.is_some() {
            self.error(name, format!("each turn of `{name}` has its own `cost_usd:`"));
        }
        if let Some(result) = &answer.result {
            self.agent_result(name, &result.value, bytes(&result.referenced), defaults);
        }
        let Some(turns) = &answer.turns else { return };
        if !turns.last().is_some_and(|last| last.next == TurnNext::Done || last.time_out) {
            self.error(name, format!("the last turn of `{name}` has `next: done`"));
        }
        for (place, turn) in turns.iter().enumerate() {
            self.turn(name, turn, place + 1 == turns.len(), defaults);
        }
    }

    fn turn(&mut self, name: &str, turn: &Turn, is_last: bool, defaults: Option<Defaults>) {
        let answers = [turn.approve.is_some(), turn.decline.is_some(), turn.time_out];
        let answers = answers.into_iter().filter(|given| *given).count();
        let asks = turn.next == TurnNext::Ask;
        if asks && (turn.question.is_none() || answers != 1) {
            let message = "needs a `question:` and exactly one of approve, decline, time_out";
            self.error(name, format!("a turn of `{name}` with `next: ask` {message}"));
        }
        if !asks && (turn.question.is_some() || answers > 0) {
            self.error(name, format!("a turn of `{name}` asks people only with `next: ask`"));
        }
        if !is_last && (turn.next == TurnNext::Done || turn.time_out) {
            self.error(name, format!("`{name}` has turns after its end"));
        }
        match &turn.result {
            Some(result) if turn.next == TurnNext::Done => {
                self.agent_result(name, &result.value, bytes(&result.referenced), defaults);
            }
            Some(_) => self.error(name, format!("a turn of `{name}` has a `result:` only with `next: done`")),
            None if turn.next == TurnNext::Done && defaults.is_none() => {
                self.error(name, format!("the last turn of `{name}` needs a `result:`"));
            }
            None => {}
        }
    }

    /// An agent's final result, as the last `run_tools` returns it.
    fn agent_result(&mut self, name: &str, result: &Value, span: (usize, usize), defaults: Option<Defaults>) {
        let Some(action) = self.catalog.entry(RUN_TOOLS) else { return };
        let given = json!({
            "session": "", "next": "done", "turn": 1, "turns": 1, "question": null, "result": result, "cost_usd": 0,
        });
        self.result(name, &given, span, action, defaults);
    }

    fn result(
        &mut self,
        name: &str,
        given: &Value,
        span: (usize, usize),
        action: CatalogEntry<'_>,
        defaults: Option<Defaults>,
    ) {
        let whole = match defaults {
            Some(Defaults::FromSchema) => sample::complete(given, action.output, action.output),
            None => given.clone(),
        };
        self.misfits(name, &whole, action.output, span, action.name, defaults);
    }

    /// Reports why a result does not fit the output of what it is to come from.
    fn misfits(
        &mut self,
        name: &str,
        whole: &Value,
        schema: &Value,
        span: (usize, usize),
        from: &str,
        defaults: Option<Defaults>,
    ) {
        for misfit in misfits(whole, schema) {
            let message = format!("the result of `{name}` does not fit the output of {from}{misfit}");
            let mut diagnostic = Diagnostic::error(self.source, span, message);
            if defaults.is_none() {
                diagnostic.help.push("`defaults: from_schema` fills in what a result leaves out".to_owned());
            }
            self.found.push(diagnostic);
        }
    }

    fn known(&mut self, name: &str) {
        let plain = without_iteration(name.strip_prefix("undo ").unwrap_or(name));
        let known = self.names.in_paths();
        if !known.contains(plain) && !name.starts_with("undo ") {
            let span = key_after(self.source, self.from, name);
            let message = format!("the workflow has no step `{plain}`");
            self.found.push(Diagnostic::error(self.source, span, message).with_accepted(plain, known));
        }
    }

    fn error(&mut self, near: &str, message: impl Into<String>) {
        let span = key_after(self.source, self.from, near);
        self.found.push(Diagnostic::error(self.source, span, message));
    }
}

/// `open_ticket` for `open_ticket[2]`.
fn without_iteration(name: &str) -> &str {
    match name.strip_suffix(']') {
        Some(inner) => inner.split_once('[').map_or(name, |(name, _)| name),
        None => name,
    }
}
