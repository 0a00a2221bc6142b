//! `update_plan`: the agent's plan and its progress.

use super::answer::{read, told};
use super::arguments::{Kind, NOTES, Parameter};
use super::end::ToolEnd;
use super::tool::{Needs, Tool, ToolSpec};
use crate::state::{PlanItem, PlanStatus};
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct UpdatePlan;

#[derive(Deserialize)]
struct Input {
    items: Vec<PlanItem>,
    notes: Option<String>,
}

const PARAMETERS: [Parameter; 2] = [
    Parameter::required(
        "items",
        Kind::Objects { most: 50, fields: &ITEM },
        "Every item of the plan, in order. Items that are left out are gone.",
    ),
    NOTES,
];

const ITEM: [Parameter; 2] = [
    Parameter::required("text", Kind::Text(500), "What is to be done, in one line."),
    Parameter::required(
        "status",
        Kind::Choice(PlanStatus::NAMES),
        "How far it is; dropped if it is no longer needed.",
    ),
];

#[async_trait]
impl Tool for UpdatePlan {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "update_plan",
            description: "Replaces your plan, which people see as your progress. Write it before you change anything, and update \
                          it as items get done.",
            parameters: &PARAMETERS,
            needs: Needs::Nothing,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { items, notes } = read(input)?;
        if let Some(place) = items.iter().position(|item| item.text.trim().is_empty()) {
            return Err(Refusal::Told(format!("`items[{place}].text` is empty: write what is to be done.")));
        }
        workspace.note(notes);
        workspace.state.plan = items;
        let (done, all) = workspace.state.progress();
        told(format!("Plan: {done} of {all} done."))
    }
}
