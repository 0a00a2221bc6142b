//! `update_plan`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::state::PlanStatus;
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct UpdatePlan;

const PARAMETERS: [Parameter; 2] = [
    Parameter::required(
        "items",
        Kind::Objects { most: 50, fields: &ITEM },
        "Every item of the plan, in order.",
    ),
    Parameter::optional(
        "notes",
        Kind::Text(8_000),
        "What you must remember if this conversation is continued in a new one: findings and decisions. Replaces earlier notes.",
    ),
];

const ITEM: [Parameter; 2] = [
    Parameter::required("text", Kind::Text(500), "What is to be done, in one line."),
    Parameter::required("status", Kind::Choice(PlanStatus::NAMES), "How far it is."),
];

#[async_trait]
impl Tool for UpdatePlan {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "update_plan",
            description: "Replaces your plan, which people see as your progress. Write it before you change anything, and update it as items get done.",
            parameters: &PARAMETERS,
            needs: Needs::Nothing,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
