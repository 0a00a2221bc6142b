//! A provider in use that is configured on its own, outside the file's section `plugins`.

use crate::configuration::{Instance, InstanceName, Section};
use crate::reference::{Pattern, TrackerReferences};
use serde::{Deserialize, Serialize};

/// A section of `plugins` with its name, and the forms of tickets that follow from it: functions without any provider parse tickets too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginInstance {
    /// The name that projects use it by.
    pub name: InstanceName,
    /// Its settings.
    pub section: Section,
    /// The forms of its tickets, with its site filled in. Empty if it has no tickets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<Pattern>,
}

impl PluginInstance {
    /// The same as a configuration shows it.
    pub fn instance(&self) -> Instance<'_> {
        Instance { name: &self.name, section: &self.section }
    }

    /// The forms of its tickets; `None` if it has no tickets.
    pub fn references(&self) -> Option<TrackerReferences> {
        let (instance, patterns) = (self.name.clone(), self.patterns.clone());
        (!patterns.is_empty()).then_some(TrackerReferences { instance, patterns })
    }
}
