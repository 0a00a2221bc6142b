//! `type: loop`.

use super::nested::read_some;
use crate::model::{Loop, OnExhausted};
use crate::reader::fields::{Fields, whole_number, word};
use crate::reader::state::{ReadSteps, Reader};
use crate::reader::values::condition;
use crate::source::Spanned;

const MOST_ITERATIONS: u64 = 5_000;
const EXHAUSTED: [(&str, OnExhausted); 2] =
    [("fail", OnExhausted::Fail), ("continue", OnExhausted::Continue)];

pub(super) fn read(fields: &Fields<'_>, read_steps: ReadSteps, reader: &mut Reader<'_, '_>) -> Option<Loop> {
    let until = fields.required("until", reader).map(|node| condition(node, reader));
    let max_iterations = fields.get("max_iterations");
    if max_iterations.is_none() {
        reader
            .problems
            .error(fields.start(), "a loop needs `max_iterations:`")
            .help("a condition that never holds would run, and cost, without end");
    }
    let max_iterations = max_iterations.and_then(|node| {
        let given = whole_number(node, "`max_iterations`", (1, MOST_ITERATIONS), reader)?;
        Some(Spanned::new(given, node.span))
    });
    let on_exhausted =
        fields.get("on_exhausted").and_then(|node| word(node, "`on_exhausted`", &EXHAUSTED, reader));
    let steps = read_some(fields, "steps", read_steps, reader);
    // A loop with a missing or wrong bound is checked all the same.
    let max_iterations = max_iterations.unwrap_or_else(|| Spanned::new(1, fields.start()));
    Some(Loop {
        steps: steps?,
        until: until?,
        max_iterations,
        on_exhausted: on_exhausted.unwrap_or_default(),
    })
}
