//! From a checked plan to an Amazon States Language document in JSONata:
//! <https://states-language.net/> and <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>.

mod approval;
mod assign;
mod compiler;
mod deadline;
mod foreach;
mod frame;
mod inputs;
mod limits;
mod loop_;
mod parallel;
mod policy;
mod retry;
mod rollback;
mod sub_workflow;
mod switch;
mod task;
mod wait;

use crate::catalog::Catalog;
use crate::check::{comment, evaluated};
use crate::model::Workflow;
use crate::plan::{Plan, PlannedKind};
use crate::scope::Input;
use compiler::{Compiler, Document};
use frame::Frame;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The definition of one workflow. The same plan gives the same document, byte for byte.
pub(crate) fn definition(
    workflow: &Workflow,
    inputs: &BTreeMap<String, Input>,
    plan: &Plan,
    catalog: &Catalog,
) -> Value {
    let names = plan.flow.block.all().into_iter().map(|step| step.state.as_str()).collect();
    let document = Document { plan, catalog, names };
    let mut compiler = Compiler::new(&document, &plan.flow, Frame::default(), None);
    let assertions = inputs::assertions(inputs);
    let starts_with_task = plan.flow.block.groups.first().is_some_and(|group| {
        let first = group.steps.first().map(|step| &step.kind);
        let is_task = matches!(
            first,
            Some(
                PlannedKind::Task(_)
                    | PlannedKind::Undo { .. }
                    | PlannedKind::Approval(_)
                    | PlannedKind::Event(_)
            )
        );
        group.condition.is_none() && is_task
    });
    let mut start = compiler.entry(&plan.flow.block);
    if !assertions.is_empty() && !starts_with_task {
        let check = format!("({}; $states.input)", assertions.join("; "));
        compiler.states.insert(
            "CheckInputs".to_owned(),
            json!({"Type": "Pass", "Output": evaluated(&check), "Next": start}),
        );
        start = "CheckInputs".to_owned();
    }
    compiler.whole_flow();
    let mut states = compiler.states;
    if starts_with_task && !assertions.is_empty() {
        inputs::check_first(&mut states, &start, &assertions);
    }
    json!({
        "Comment": comment(workflow.description.as_deref().unwrap_or(&workflow.title)),
        "QueryLanguage": "JSONata",
        "StartAt": start,
        "States": states,
    })
}
