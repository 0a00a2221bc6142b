//! The remaining effects of an execution, and a code for exactly these.

use crate::control::Control;
use records::{EffectRecord, EffectStatus, ExecutionRecord, RecordsError};
use sha2::{Digest, Sha256};

/// How many hex digits a code has: people type it.
const CODE: usize = 10;

/// Of how many effects, the newest ones, it is read where people see them.
const DETAILED: usize = 20;

/// The effects that an undo would take back.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoPreview {
    /// The name of the execution whose effects they are.
    pub execution: String,
    /// Its workflow.
    pub workflow: String,
    /// The effects to take back, including uncertain ones, newest first: the order in which they are taken back.
    pub effects: Vec<EffectRecord>,
    /// How many effects stay, because nothing takes them back.
    pub stays: usize,
    /// The code for a confirmation: another set of effects has another code.
    pub code: String,
}

impl Control {
    /// The remaining effects of an execution.
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

    /// The remaining effects of a run, by its ARN. `execution` and `workflow` are its names.
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
            // The created object has its own page, whose address is only in the output.
            let done = self.table.effect_output(run, &effect.key).await?;
            effect.output = done.and_then(|done| done.output);
        }
        Ok(preview)
    }

    /// The same, without what effects gave.
    async fn left_of(&self, run: &str, execution: &str, workflow: &str) -> Result<UndoPreview, RecordsError> {
        Ok(preview(run, execution, workflow, self.table.journal_of(run).await?))
    }

    /// The code of an execution's remaining effects.
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

/// The digest of the remaining effects: it changes if one is done, taken back or discovered in between.
fn code(run: &str, effects: &[EffectRecord]) -> String {
    let mut digest = Sha256::new();
    // Each part ends with a character that no name contains.
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
