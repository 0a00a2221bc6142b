//! The fields of a state, evaluated: variables in scope, `$states`, and what failures say.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Branch, Draft, ExecutionState, Failure, Visit, What};
use crate::definition::{Quantity, Template};
use crate::expressions::{Environment, EvaluationError, Expression, Moment};
use crate::limits;

/// The variables visible to a branch: its own, and those of the surrounding flows.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) branch: &'a Branch,
    pub(super) outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// From the inside out.
    fn branches(&self) -> impl Iterator<Item = &'a Branch> + use<'a> {
        let mut next = Some(*self);
        std::iter::from_fn(move || {
            let scope = next?;
            next = scope.outer.copied();
            Some(scope.branch)
        })
    }
}

/// A value that could not be computed: the field, and why.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) location: Option<String>,
    pub(super) reason: String,
}

/// A place where fields are evaluated: one visit, at one moment.
pub(super) struct Evaluation<'a> {
    pub(super) state: &'a ExecutionState,
    pub(super) scope: Scope<'a>,
    pub(super) visit: &'a Visit,
    pub(super) now: Timestamp,
    /// Whether the visit is about to schedule a task that waits for its token.
    pub(super) with_token: bool,
}

impl Evaluation<'_> {
    /// Binds the variables in scope and `$states`, with `extra` fields (`result`, `errorOutput`) in it. `item` stands
    /// for the iteration about to begin.
    pub(super) fn environment(
        &self,
        extra: Option<(&str, Value)>,
        item: Option<(usize, &Value)>,
    ) -> Environment {
        let mut states = Map::new();
        states.insert("input".to_owned(), self.visit.input.clone());
        states.insert("context".to_owned(), self.context(item));
        states.extend(extra.map(|(field, value)| (field.to_owned(), value)));
        let mut variables = Map::new();
        let scopes: Vec<_> = self.scope.branches().collect();
        for branch in scopes.into_iter().rev() {
            variables.extend(branch.variables.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        variables.insert("states".to_owned(), Value::Object(states));
        Environment::new(variables, &self.moment())
    }

    /// Draws differ by event and by branch.
    fn moment(&self) -> Moment {
        let purpose = format!("expression {:?}", self.scope.branch.path);
        Moment { now: self.now, seed: self.state.identity.seed.derive(&purpose, self.state.events) }
    }

    /// The context object:
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>.
    fn context(&self, item: Option<(usize, &Value)>) -> Value {
        let around = self.scope.branches().find_map(|branch| branch.item.as_ref());
        let item = item.or_else(|| around.map(|(index, value)| (*index, value)));
        let map = item.map(|(index, value)| json!({ "Item": { "Index": index, "Value": value } }));
        if let Some(given) = &self.state.context {
            let mut context = given.clone();
            if let (Some(context), Some(map)) = (context.as_object_mut(), map) {
                context.insert("Map".to_owned(), map);
            }
            return context;
        }
        let identity = &self.state.identity;
        let retries: u64 = self.visit.attempts.iter().sum();
        let (redrives, redriven) = self.state.redrives();
        let mut context = json!({
            "Execution": {
                "Id": identity.arn,
                "Input": self.state.input,
                "Name": identity.name,
                "RoleArn": identity.role_arn,
                "StartTime": iso(self.state.started_at),
                "RedriveCount": redrives,
            },
            "StateMachine": { "Id": identity.state_machine_arn, "Name": identity.state_machine_name },
            "State": {
                "Name": self.visit.name,
                "EnteredTime": iso(self.visit.entered_at),
                "RetryCount": retries,
            },
        });
        if let Some(moment) = redriven {
            context["Execution"]["RedriveTime"] = json!(iso(moment));
        }
        if self.with_token {
            // The next public event schedules the task, so its number is the token's.
            context["Task"] =
                json!({ "Token": identity.seed.task_token(identity.key, self.state.events + 1) });
        }
        if let Some(map) = map {
            context["Map"] = map;
        }
        context
    }

    /// An `EvaluationFailed` event.
    pub(super) fn failed(&self, fault: Fault) -> Draft {
        let cause = self.decorate(&fault.reason);
        self.draft(What::EvaluationFailed {
            state: self.visit.name.clone(),
            location: fault.location,
            failure: Failure::new("States.QueryEvaluationError", cause),
        })
    }

    /// An error of the state machine itself, which nothing can retry or catch by `States.ALL`.
    pub(super) fn runtime_error(&self, reason: &str) -> Draft {
        self.draft(What::StateFailed(Failure::new("States.Runtime", self.decorate(reason))))
    }

    /// The state gave more than may be passed on.
    pub(super) fn too_large(&self) -> Draft {
        self.draft(What::StateFailed(data_limit_exceeded(&self.visit.name)))
    }

    pub(super) fn draft(&self, what: What) -> Draft {
        Draft { branch: self.scope.branch.path.clone(), what }
    }

    /// Names the state in front of a reason, as AWS does.
    pub(super) fn decorate(&self, reason: &str) -> String {
        let Visit { name, entered, .. } = self.visit;
        format!(
            "An error occurred while executing the state '{name}' (entered at the event id #{entered}). {reason}"
        )
    }
}

/// The failure of a state or task whose data exceeds the quota.
pub(super) fn data_limit_exceeded(who: &str) -> Failure {
    Failure::new(
        "States.DataLimitExceeded",
        format!(
            "The state/task '{who}' returned a result with a size exceeding the maximum number of bytes service limit."
        ),
    )
}

/// A time as Step Functions writes it: ISO 8601 in UTC with milliseconds.
pub(crate) fn iso(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

impl Template {
    /// The template's value. `location` is the field's name, which causes quote.
    pub(super) fn evaluate(&self, environment: &Environment, location: &str) -> Result<Value, Fault> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(expression) => evaluate(expression.as_ref(), environment, location),
            Self::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| item.evaluate(environment, &format!("{location}[{index}]")))
                .collect(),
            Self::Object(fields) => fields
                .iter()
                .map(|(key, field)| {
                    Ok((key.clone(), field.evaluate(environment, &format!("{location}/{key}"))?))
                })
                .collect::<Result<Map<_, _>, Fault>>()
                .map(Value::Object),
        }
    }

    /// The template's value, which must pass `accept`; `expected` names the type for the cause.
    pub(super) fn evaluate_as<T>(
        &self,
        environment: &Environment,
        location: &str,
        expected: &str,
        accept: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, Fault> {
        let value = self.evaluate(environment, location)?;
        accept(&value).ok_or_else(|| match self {
            Self::Expression(expression) => wrong_type(expression.as_ref(), location, expected, &value),
            _ => Fault {
                location: Some(location.to_owned()),
                reason: format!(
                    "The field '{location}' must be of type '{expected}', but was '{}'",
                    kind(&value)
                ),
            },
        })
    }
}

impl Quantity {
    /// The number, which must be whole and at least `least`.
    pub(super) fn evaluate(&self, environment: &Environment, field: &str, least: u64) -> Result<u64, Fault> {
        let expression = match self {
            Self::Fixed(number) => return Ok(*number),
            Self::Computed(expression) => expression.as_ref(),
        };
        let value = evaluate(expression, environment, field)?;
        let Some(number) = value.as_f64() else {
            return Err(wrong_type(expression, field, "number", &value));
        };
        if number.fract() == 0.0 && (least as f64..=limits::LONGEST_SECONDS as f64).contains(&number) {
            Ok(number as u64)
        } else {
            Err(Fault {
                location: Some(field.to_owned()),
                reason: format!(
                    "The JSONata expression '{}' specified for the field '{field}' returned a value outside of the \
                     allowed range: {value}; it must be a whole number from {least} to {}.",
                    expression.source(),
                    limits::LONGEST_SECONDS
                ),
            })
        }
    }
}

pub(super) fn evaluate(
    expression: &dyn Expression,
    environment: &Environment,
    location: &str,
) -> Result<Value, Fault> {
    expression.evaluate(environment).map_err(|error| {
        let what = match error {
            EvaluationError::Undefined => "returned nothing (undefined).".to_owned(),
            EvaluationError::Unsupported => "returned an unsupported result type.".to_owned(),
            EvaluationError::Thrown { code, message } => {
                format!("threw an error during evaluation. {code}: {message}")
            }
            EvaluationError::Broken(message) => format!("threw an error during evaluation: {message}"),
        };
        let source = expression.source();
        Fault {
            location: Some(location.to_owned()),
            reason: format!("The JSONata expression '{source}' specified for the field '{location}' {what}"),
        }
    })
}

pub(super) fn wrong_type(
    expression: &dyn Expression,
    location: &str,
    expected: &str,
    value: &Value,
) -> Fault {
    Fault {
        location: Some(location.to_owned()),
        reason: format!(
            "The JSONata expression '{}' specified for the field '{location}' returned an unexpected result type. \
             Expected '{expected}', but was '{}' for value: {value}",
            expression.source(),
            kind(value)
        ),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
