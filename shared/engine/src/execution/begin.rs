//! The first step of a state.

use serde_json::Value;

use super::decide::{after, whole_millisecond};
use super::evaluate::{Evaluation, Fault, evaluate, wrong_type};
use super::{Draft, Failure, Label, What};
use crate::definition::{
    Choice, Kind, Map, Resource, State, Task, Template, Wait, function_name, parse_timestamp,
};
use crate::limits::{self, PAYLOAD_BYTES};

impl Task {
    /// The names that history events use for a task's resource.
    pub(super) fn label(&self) -> Label {
        Label {
            service: self.resource.service().to_owned(),
            action: self.resource.action().to_owned(),
            function: match &self.resource {
                Resource::Function(arn) => Some(arn.clone()),
                _ => None,
            },
        }
    }
}

impl Evaluation<'_> {
    /// The first event of a state that was entered, or of a retry.
    pub(super) fn begin(&self, state: &State) -> Draft {
        match &state.kind {
            Kind::Pass | Kind::Succeed => self.finish(state, None),
            Kind::Task(task) => self.attempt(|| self.schedule(task)),
            Kind::Choice(choice) => self.attempt(|| self.choose(state, choice)),
            Kind::Wait(wait) => self.attempt(|| self.wait(wait)),
            Kind::Fail { error, cause } => self.attempt(|| self.fail(error.as_ref(), cause.as_ref())),
            Kind::Map(map) => self.attempt(|| self.map(map)),
            Kind::Parallel { arguments, .. } => self.attempt(|| self.parallel(arguments.as_ref())),
        }
    }

    fn attempt(&self, make: impl FnOnce() -> Result<Draft, Fault>) -> Draft {
        make().unwrap_or_else(|fault| self.failed(fault))
    }

    fn schedule(&self, task: &Task) -> Result<Draft, Fault> {
        let environment = self.environment(None, None);
        let parameters = match &task.arguments {
            Some(arguments) => arguments.evaluate(&environment, "Arguments")?,
            None => self.visit.input.clone(),
        };
        let quantity = |quantity: &Option<crate::definition::Quantity>, field| {
            quantity.as_ref().map(|quantity| quantity.evaluate(&environment, field, 1)).transpose()
        };
        let timeout = quantity(&task.timeout, "TimeoutSeconds")?;
        let heartbeat = quantity(&task.heartbeat, "HeartbeatSeconds")?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let role_arn = task
            .role_arn
            .as_ref()
            .map(|role| role.evaluate_as(&environment, "Credentials/RoleArn", "string", text))
            .transpose()?;
        if limits::size(&parameters) > PAYLOAD_BYTES {
            return Ok(self.too_large());
        }
        if let Err(problem) = check_parameters(&task.resource, &parameters) {
            return Ok(self.runtime_error(&problem));
        }
        Ok(self.draft(What::TaskScheduled { label: task.label(), parameters, timeout, heartbeat, role_arn }))
    }

    fn choose(&self, state: &State, choice: &Choice) -> Result<Draft, Fault> {
        let environment = self.environment(None, None);
        for (index, rule) in choice.rules.iter().enumerate() {
            let location = format!("Choices[{index}]/Condition");
            if rule.condition.evaluate_as(&environment, &location, "boolean", Value::as_bool)? {
                let prefix = format!("Choices[{index}]/");
                return self.exit(
                    state,
                    &environment,
                    &rule.assign,
                    rule.output.as_ref(),
                    &prefix,
                    None,
                    Some(&rule.next),
                );
            }
        }
        match &choice.default {
            Some(default) => {
                self.exit(state, &environment, &state.assign, state.output.as_ref(), "", None, Some(default))
            }
            // The documentation names this error States.NoChoiceMatched; AWS was measured to return States.Runtime.
            None => Ok(self.draft(What::StateFailed(Failure::new(
                "States.Runtime",
                self.decorate(
                    "Failed to transition out of the state. The state does not point to a next state.",
                ),
            )))),
        }
    }

    fn wait(&self, wait: &Wait) -> Result<Draft, Fault> {
        let until = match wait {
            Wait::Seconds(seconds) => {
                after(self.visit.since, seconds.evaluate(&self.environment(None, None), "Seconds", 0)?)
            }
            Wait::Timestamp(moment) => *moment,
            Wait::ComputedTimestamp(expression) => {
                let value = evaluate(expression.as_ref(), &self.environment(None, None), "Timestamp")?;
                let Some(text) = value.as_str() else {
                    return Err(wrong_type(expression.as_ref(), "Timestamp", "string", &value));
                };
                parse_timestamp(text).ok_or_else(|| Fault {
                    location: Some("Timestamp".to_owned()),
                    reason: format!(
                        "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format \
                         string: {text}"
                    ),
                })?
            }
        };
        Ok(self.draft(What::WaitScheduled { until: whole_millisecond(until) }))
    }

    fn fail(&self, error: Option<&Template>, cause: Option<&Template>) -> Result<Draft, Fault> {
        let environment = self.environment(None, None);
        let text = |template: Option<&Template>, field| {
            let owned = |value: &Value| value.as_str().map(str::to_owned);
            template.map(|template| template.evaluate_as(&environment, field, "string", owned)).transpose()
        };
        let failure =
            Failure { error: text(error, "Error")?, cause: text(cause, "Cause")?, ..Failure::default() };
        Ok(self.draft(What::StateFailed(failure)))
    }

    fn parallel(&self, arguments: Option<&Template>) -> Result<Draft, Fault> {
        let input = match arguments {
            Some(arguments) => arguments.evaluate(&self.environment(None, None), "Arguments")?,
            None => self.visit.input.clone(),
        };
        if limits::size(&input) > PAYLOAD_BYTES {
            return Ok(self.too_large());
        }
        Ok(self.draft(What::ParallelStateStarted { input }))
    }

    fn map(&self, map: &Map) -> Result<Draft, Fault> {
        let environment = self.environment(None, None);
        let concurrency = match &map.max_concurrency {
            Some(asked) => asked.evaluate(&environment, "MaxConcurrency", 0)?,
            None => 0,
        };
        for (tolerated, field) in [
            (&map.tolerated_count, "ToleratedFailureCount"),
            (&map.tolerated_percentage, "ToleratedFailurePercentage"),
        ] {
            tolerated.as_ref().map(|tolerated| tolerated.evaluate(&environment, field, 0)).transpose()?;
        }
        let items = match &map.items {
            Some(items) => {
                items.evaluate_as(&environment, "Items", "array", |items| items.as_array().cloned())?
            }
            None => match self.visit.input.as_array() {
                Some(items) => items.clone(),
                None => {
                    return Err(Fault {
                        location: None,
                        reason: format!("Map state input must be an array but was: {}", self.visit.input),
                    });
                }
            },
        };
        let concurrency = crate::definition::concurrency(concurrency);
        Ok(self.draft(What::MapStateStarted { items, concurrency }))
    }

    /// The start of the iteration over `item`.
    pub(super) fn begin_iteration(&self, map: &Map, index: usize, item: &Value) -> Draft {
        self.attempt(|| {
            let input = match &map.item_selector {
                Some(selector) => {
                    selector.evaluate(&self.environment(None, Some((index, item))), "ItemSelector")?
                }
                None => item.clone(),
            };
            if limits::size(&input) > PAYLOAD_BYTES {
                return Ok(self.too_large());
            }
            Ok(self.draft(What::MapIterationStarted { name: self.visit.name.clone(), index, input }))
        })
    }
}

/// Whether the evaluated arguments are such as the service takes.
fn check_parameters(resource: &Resource, parameters: &Value) -> Result<(), String> {
    let Some((required, known)) = resource.parameters() else { return Ok(()) };
    let Some(parameters) = parameters.as_object() else {
        return Err("The Arguments of a service integration must be an object".to_owned());
    };
    let Some(target) = parameters.get(required) else {
        return Err(format!("The field '{required}' is required but was missing"));
    };
    if let Some(unknown) = parameters.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("The field '{unknown}' is not supported by Step Functions"));
    }
    match (resource, target.as_str()) {
        (_, None) => Err(format!("The field '{required}' must be a string")),
        (Resource::LambdaInvoke(_), Some(name)) if function_name(name).is_none() => {
            Err(format!("The field 'FunctionName' holds '{name}', which is not a function name or ARN"))
        }
        (_, Some(_)) => Ok(()),
    }
}
