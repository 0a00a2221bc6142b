//! How a state ends well: variables, output and the next state.

use serde_json::{Map, Value};

use super::evaluate::{Evaluation, Fault};
use super::{Draft, What};
use crate::definition::{State, Template};
use crate::expressions::Environment;
use crate::limits::{self, ASSIGN_BYTES, PAYLOAD_BYTES, VARIABLES_BYTES};

impl Evaluation<'_> {
    /// Leaves a state that has finished its work; `result` comes from a Task, Parallel or Map.
    pub(super) fn finish(&self, state: &State, result: Option<&Value>) -> Draft {
        let environment = self.environment(result.map(|result| ("result", result.clone())), None);
        let output = state.output.as_ref();
        self.exit(state, &environment, &state.assign, output, "", result, state.next.as_ref())
            .unwrap_or_else(|fault| self.failed(fault))
    }

    /// Leaves the state with the variables and the output of one of its ways out, whose fields begin with `prefix`.
    /// Without `output` the state passes on its result, or its input if it has none.
    #[expect(clippy::too_many_arguments, reason = "the ways out of a state share all of this")]
    pub(super) fn exit(
        &self,
        state: &State,
        environment: &Environment,
        assign: &[(String, Template)],
        output: Option<&Template>,
        prefix: &str,
        result: Option<&Value>,
        next: Option<&String>,
    ) -> Result<Draft, Fault> {
        let mut assigned = Map::new();
        for (name, template) in assign {
            let location = format!("{prefix}Assign/{name}");
            assigned.insert(name.clone(), template.evaluate(environment, &location)?);
        }
        let output = match output {
            Some(output) => output.evaluate(environment, &format!("{prefix}Output"))?,
            None => result.unwrap_or(&self.visit.input).clone(),
        };
        let assigned_bytes: usize = assigned.values().map(limits::size).sum();
        if limits::size(&output) > PAYLOAD_BYTES
            || assigned_bytes > ASSIGN_BYTES
            || (assigned_bytes > 0 && self.variables_after(&assigned, assigned_bytes) > VARIABLES_BYTES)
        {
            return Ok(self.too_large());
        }
        Ok(self.draft(What::StateExited {
            kind: state.kind.name().to_owned(),
            name: self.visit.name.clone(),
            output,
            assigned,
            next: next.cloned(),
        }))
    }

    /// The bytes of all variables of the execution once `assigned` took the place of those with the same names.
    fn variables_after(&self, assigned: &Map<String, Value>, assigned_bytes: usize) -> usize {
        let own = &self.scope.branch.variables;
        let replaced: usize = assigned.keys().filter_map(|name| own.get(name)).map(limits::size).sum();
        self.state.variables_bytes() + assigned_bytes - replaced
    }
}
