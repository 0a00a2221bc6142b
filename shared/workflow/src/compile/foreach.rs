//! Inline `Map` states.

use super::compiler::{Compiler, Next};
use crate::plan::{Foreach, Planned};
use serde_json::{Map, Value, json};

impl<'p> Compiler<'p> {
    pub(super) fn foreach(&mut self, step: &'p Planned, foreach: &'p Foreach, next: &Next) {
        let (frame, selector) = self.frame.iteration(&foreach.item);
        let around = self.enter(step);
        let (states, asks_for_rollback) = self.inner(&foreach.flow, frame);
        self.deadline = around;
        let mut processor = json!({"ProcessorConfig": {"Mode": "INLINE"}});
        if let (Some(processor), Value::Object(states)) = (processor.as_object_mut(), states) {
            processor.extend(states);
        }
        let mut state = Map::new();
        state.insert("Type".to_owned(), "Map".into());
        state.insert("Items".to_owned(), foreach.items.clone());
        state.insert("ItemSelector".to_owned(), selector);
        state.insert("MaxConcurrency".to_owned(), foreach.max_concurrency.into());
        state.insert("ItemProcessor".to_owned(), processor);
        self.scope(state, step, foreach.retry.as_ref(), next, asks_for_rollback);
    }
}
