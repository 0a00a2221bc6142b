//! `type: foreach`.

use super::nested::read_some;
use crate::model::Foreach;
use crate::names;
use crate::reader::fields::{Fields, text, whole_number};
use crate::reader::state::{ReadSteps, Reader};
use crate::reader::values::given;
use crate::source::Spanned;

/// Step Functions runs at most so many iterations of an inline Map at the same time:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>.
const MOST_AT_ONCE: u64 = 40;
const USUAL_AT_ONCE: u64 = 10;
const USUAL_ITEMS: u64 = 100;
/// A list longer than this cannot be worked through within one execution's history.
const MOST_ITEMS: u64 = 5_000;

pub(super) fn read(
    fields: &Fields<'_>,
    read_steps: ReadSteps,
    reader: &mut Reader<'_, '_>,
) -> Option<Foreach> {
    let items = fields.required("items", reader).map(|node| given(node, reader));
    let item = fields.required("as", reader).and_then(|node| text(node, "`as`", reader));
    if let Some(item) = &item
        && let Err(refusal) = names::item(&item.value)
    {
        reader.problems.error(item.span, refusal);
    }
    let max_concurrency = fields
        .get("max_concurrency")
        .and_then(|node| whole_number(node, "`max_concurrency`", (1, MOST_AT_ONCE), reader))
        .unwrap_or(USUAL_AT_ONCE);
    let max_items = match fields.get("max_items") {
        Some(node) => {
            let given = whole_number(node, "`max_items`", (1, MOST_ITEMS), reader);
            Spanned::new(given.unwrap_or(USUAL_ITEMS), node.span)
        }
        None => Spanned::new(USUAL_ITEMS, fields.key_span("items")),
    };
    let steps = read_some(fields, "steps", read_steps, reader);
    let result = fields.get("result").map(|node| given(node, reader));
    Some(Foreach { items: items?, item: item?, max_concurrency, max_items, steps: steps?, result })
}
