//! Switches: a `Choice` with a rule for each case.

use super::compiler::{Compiler, Next};
use crate::check::evaluated;
use crate::plan::{Block, Planned, Switch};
use serde_json::{Map, Value};

impl<'p> Compiler<'p> {
    pub(super) fn switch(&mut self, step: &'p Planned, switch: &'p Switch, next: &Next) {
        let limit_around = self.enter(step);
        let arms: Vec<(Option<&str>, Option<&'p Block>)> = switch
            .cases
            .iter()
            .map(|case| (Some(case.condition.as_str()), Some(&case.block)))
            .chain([(None, switch.default.as_ref())])
            .collect();
        let mut choice = Map::new();
        choice.insert("Type".to_owned(), "Choice".into());
        choice.insert("Comment".to_owned(), step.comment.as_str().into());
        let mut rules = Vec::new();
        let mut default = Map::new();
        for (condition, block) in &arms {
            let others = arms.iter().filter_map(|(_, other)| *other);
            let others = others.filter(|other| !block.is_some_and(|block| std::ptr::eq(block, *other)));
            let own: Vec<Vec<String>> =
                block.iter().flat_map(|block| block.paths()).map(|(_, path)| path).collect();
            // What other cases would have set is `null` on this way.
            let unset =
                others.flat_map(Block::paths).map(|(_, path)| path).filter(|path| !own.contains(path));
            let mut rule = Map::new();
            if let Some(condition) = condition {
                rule.insert("Condition".to_owned(), evaluated(&format!("{condition} and true")));
            }
            if let Some(assignment) = self.absent(unset) {
                rule.insert("Assign".to_owned(), assignment);
            }
            let target = match block.filter(|block| !block.groups.is_empty()) {
                Some(block) => self.entry(block),
                None => self.state_of(next),
            };
            if condition.is_some() {
                rule.insert("Next".to_owned(), target.into());
                rules.push(Value::Object(rule));
            } else {
                rule.insert("Default".to_owned(), target.into());
                default = rule;
            }
        }
        choice.insert("Choices".to_owned(), rules.into());
        choice.extend(default);
        self.states.insert(step.state.clone(), Value::Object(choice));

        let before = self.assigned.clone();
        let mut after = before.clone();
        for block in arms.iter().filter_map(|(_, block)| *block) {
            self.assigned = before.clone();
            if block.ends {
                self.block(block, next);
            } else {
                let next = Next::State(self.state_of(next));
                self.block(block, &next);
            }
            after = after.union(&self.assigned);
        }
        self.assigned = after;
        self.deadline = limit_around;
    }
}
