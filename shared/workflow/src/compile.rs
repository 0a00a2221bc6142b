//! From a checked plan to an Amazon States Language document in JSONata:
//! <https://states-language.net/> and <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>.

mod admission;
mod agent;
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

pub use admission::admission_state;

use crate::catalog::Catalog;
use crate::check::comment;
use crate::model::Workflow;
use crate::plan::Plan;
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
    let first = compiler.entry(&plan.flow.block);
    let start = compiler.admission(&first);
    compiler.whole_flow();
    let mut states = compiler.states;
    let assertions = inputs::assertions(inputs);
    if !assertions.is_empty() {
        inputs::check_first(&mut states, &start, &assertions);
    }
    json!({
        "Comment": comment(workflow.description.as_deref().unwrap_or(&workflow.title)),
        "QueryLanguage": "JSONata",
        "StartAt": start,
        "States": states,
    })
}
