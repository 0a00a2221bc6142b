//! What is left of an execution's effects, and the code that names exactly that.

use crate::control::Control;
use records::{EffectRecord, EffectStatus, ExecutionRecord, RecordsError};
use sha2::{Digest, Sha256};

/// How many hex digits a code has: people type it.
const CODE: usize = 10;

/// Of how many effects, the newest ones, it is read where people see them.
const DETAILED: usize = 20;

/// What an undo would take back.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoPreview {
    /// The name of the execution whose effects they are.
    pub execution: String,
    /// Its workflow.
    pub workflow: String,
    /// What is left to be taken back, or may be, the newest first: it is taken back in this order.
    pub effects: Vec<EffectRecord>,
    /// How many effects stay, because nothing takes them back.
    pub stays: usize,
    /// What a confirmation names: another set of effects has another code.
    pub code: String,
}

impl Control {
    /// What is left of an execution's effects.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn preview_of(&self, execution: &ExecutionRecord) -> Result<UndoPreview, RecordsError> {
        let (name, workflow) = (&execution.name, &execution.workflow);
        match execution.run() {
            Some(run) => self.preview_of_run(run, name, workflow).await,
            None => Ok(preview("", name, workflow, Vec::new())),
        }
    }

    /// What is left of the effects of a run, by its ARN. `execution` and `workflow` are what it is called.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn preview_of_run(
        &self,
        run: &str,
        execution: &str,
        workflow: &str,
    ) -> Result<UndoPreview, RecordsError> {
        let mut preview = self.left_of(run, execution, workflow).await?;
        for effect in preview.effects.iter_mut().take(DETAILED) {
            // What was made has a page of its own, which only its output tells.
            let done = self.table.effect_output(run, &effect.key).await?;
            effect.output = done.and_then(|done| done.output);
        }
        Ok(preview)
    }

    /// The same, without what effects gave.
    async fn left_of(&self, run: &str, execution: &str, workflow: &str) -> Result<UndoPreview, RecordsError> {
        Ok(preview(run, execution, workflow, self.table.journal_of(run).await?))
    }

    /// The code of what is left of an execution's effects.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub(crate) async fn code_of(&self, execution: &ExecutionRecord) -> Result<String, RecordsError> {
        let run = execution.run().unwrap_or_default();
        Ok(self.left_of(run, &execution.name, &execution.workflow).await?.code)
    }
}

fn preview(run: &str, execution: &str, workflow: &str, mut effects: Vec<EffectRecord>) -> UndoPreview {
    effects.sort_by_key(|effect| std::cmp::Reverse(effect.sequence));
    let is_done = |effect: &&EffectRecord| effect.status == EffectStatus::Done && !effect.existed;
    let stays = effects.iter().filter(is_done).filter(|effect| effect.inverse.is_none()).count();
    effects.retain(EffectRecord::is_left);
    let (execution, workflow) = (execution.to_owned(), workflow.to_owned());
    UndoPreview { execution, workflow, stays, code: code(run, &effects), effects }
}

/// The digest of what is left: it changes when something is done, taken back or found out in between.
fn code(run: &str, effects: &[EffectRecord]) -> String {
    let mut digest = Sha256::new();
    // Each part ends with what no name contains.
    let mut add = |part: &str| digest.update([part.as_bytes(), b"\0"].concat());
    add(run);
    for effect in effects {
        add(&effect.key);
        add(effect.status.as_str());
        if let Some(inverse) = &effect.inverse {
            add(inverse.action.as_str());
            add(&inverse.input.to_string());
        }
    }
    let mut code = hex::encode(digest.finalize());
    code.truncate(CODE);
    code
}
