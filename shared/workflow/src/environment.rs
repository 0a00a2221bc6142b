//! What surrounds a workflow.

use domain::AgentDefinition;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a text is a pattern of paths; otherwise why not.
pub type CheckPattern = fn(&str) -> Result<(), String>;

/// The names that a workflow may refer to in addition to actions.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The prompt templates by their paths, relative to the folder of `ticketsmith.yaml` (`prompts/code_generation.txt`), each
    /// with the names it reads. `None` when they are not known: then no template is refused.
    pub templates: Option<BTreeMap<String, Vec<String>>>,
    /// The people and groups of the configuration, who may be named as approvers, each with the people that the name stands for. `None`
    /// when they are not known: then no name is refused.
    pub approvers: Option<BTreeMap<String, BTreeSet<String>>>,
    /// The agents by their names. `None` when they are not known: then no name is refused, and an agent has the usual bounds.
    pub agents: Option<BTreeMap<String, AgentDefinition>>,
    /// The tools that agents may be offered. `None` when they are not known: then no name is refused.
    pub tools: Option<BTreeSet<String>>,
    /// Checks the patterns of agents' `paths`. `None`: they are not checked.
    pub check_pattern: Option<CheckPattern>,
    /// Names that every template has without the step giving them.
    pub template_globals: BTreeSet<String>,
}
