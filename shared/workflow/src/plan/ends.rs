//! Steps that end the workflow, and steps that take back another execution's effects.

use super::planned::PlannedKind;
use super::walk::{Made, Walk};
use crate::catalog::Action;
use crate::model::{Given, Step};
use crate::types::Type;

impl Walk<'_, '_, '_> {
    pub(super) fn fail(&mut self, error: &Given, cause: &Given) -> Made {
        let text = Type::text();
        if let Some(name) = error.literal_text()
            && (name.starts_with("States.") || name == crate::names::ROLLBACK_ERROR)
        {
            self.checker
                .problems
                .error(error.span, format!("`{name}` cannot be the error of a step: it is reserved"))
                .help(
                    "errors that start with `States.` are Step Functions', and `Rollback` is the compiler's",
                );
        }
        let error = self.checker.fit(error, &text, true, "`error`");
        let cause = self.checker.fit(cause, &text, true, "`cause`");
        Made { ends: true, ..Made::new(Some(PlannedKind::Fail { error, cause }), Vec::new()) }
    }

    pub(super) fn undo(&mut self, step: &Step, run: &Given) -> Made {
        self.inverses.extend(self.checker.catalog.all().flat_map(Action::ways_back));
        if !self.checker.scope.inside.is_empty() {
            self.checker
                .problems
                .error(step.name.span, "an undo step cannot be in a branch or an iteration")
                .help("effects are taken back one at a time: put it after the step that contains it");
        }
        let lowered = self.checker.text_of(run);
        if !lowered.kind.fits(&Type::text()) {
            self.checker.problems.error(
                run.span,
                format!("`run` takes the name of an execution or its ARN, but this is {}", lowered.kind),
            );
        }
        Made::new(Some(PlannedKind::Undo { run: lowered.text }), Vec::new())
    }
}
