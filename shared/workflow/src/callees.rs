//! The known inputs and outputs of workflows that steps run.

use crate::types::Type;
use domain::routes::InputSchema;
use std::collections::{BTreeMap, BTreeSet};

/// The workflows of a folder by name. When one file is compiled alone, none is known and none is refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Callees {
    known: Option<BTreeMap<String, Option<Callee>>>,
    /// The actions that take back what other workflows do in the same run: those that this one runs, and those that run it.
    pub(crate) inverses: BTreeSet<String>,
}

/// A workflow's inputs and outputs.
#[derive(Debug, Clone)]
pub(crate) struct Callee {
    pub(crate) inputs: BTreeMap<String, InputSchema>,
    pub(crate) outputs: BTreeMap<String, Type>,
}

impl Callees {
    /// The workflows of a folder, of which only the names are known yet.
    pub(crate) fn named(names: impl IntoIterator<Item = String>) -> Self {
        Self { known: Some(names.into_iter().map(|name| (name, None)).collect()), ..Self::default() }
    }

    /// Whether the other workflows are known at all.
    pub(crate) fn are_known(&self) -> bool {
        self.known.is_some()
    }

    /// Notes a workflow's inputs and outputs.
    pub(crate) fn learn(&mut self, name: &str, callee: Callee) {
        if let Some(known) = &mut self.known {
            known.insert(name.to_owned(), Some(callee));
        }
    }

    /// The known facts about a workflow.
    ///
    /// # Errors
    /// The known names, when it is not one of them.
    pub(crate) fn find(&self, name: &str) -> Result<Option<&Callee>, Vec<String>> {
        match &self.known {
            None => Ok(None),
            Some(known) => match known.get(name) {
                Some(callee) => Ok(callee.as_ref()),
                None => Err(known.keys().cloned().collect()),
            },
        }
    }
}
