//! What names mean at one point of a workflow.

mod claims;
mod input;
mod lowered;
mod unknown;

pub(crate) use claims::{claims, twice_claimed};
pub(crate) use input::Input;
pub(crate) use lowered::{EXECUTION_INPUT, Lowered, Written, literal_text, object_text, quoted};

use crate::model::{Given, StepKind, Workflow, all};
use crate::types::Type;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The longest name of a variable: <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>.
const LONGEST_VARIABLE: usize = 80;

/// All names. Built once from the whole workflow, then carried along its steps.
pub(crate) struct Scope<'w> {
    pub(crate) definitions: BTreeMap<&'w str, &'w Given>,
    pub(crate) inputs: BTreeMap<String, Input>,
    /// Inputs that only `context.x` names.
    pub(crate) context_inputs: BTreeSet<String>,
    /// Output fields that mean the variable path that received them.
    pub(crate) aliases: BTreeMap<String, Vec<String>>,
    /// Output fields that could mean several variables, and so mean none.
    pub(crate) ambiguous: BTreeMap<String, Vec<String>>,
    /// Which step sets each variable, wherever it is.
    pub(crate) setters: BTreeMap<String, Setter>,
    pub(crate) steps: Vec<&'w str>,
    /// The name of every foreach's item, and the step.
    pub(crate) item_names: BTreeMap<&'w str, &'w str>,
    /// The items of the iterations around the present place.
    pub(crate) items: BTreeMap<String, Type>,
    /// The branches and iterations around the present place, outermost first.
    pub(crate) inside: Vec<Inside>,
    /// What variables of the branches around are called in the definition: an inner scope may not assign a name that an
    /// outer scope assigns, and the outer one receives what a branch sets.
    pub(crate) renamed: BTreeMap<String, String>,
    /// Every name that means something already.
    pub(crate) taken: BTreeSet<String>,
    /// The names of the compiler's own variables, which mean nothing in the file.
    own: BTreeSet<String>,
    /// The current variables, by name in the definition.
    pub(crate) variables: BTreeMap<String, Type>,
    /// Those that a condition may have found to be present.
    pub(crate) conditional: BTreeSet<String>,
    /// Every variable path that something read.
    pub(crate) reads: BTreeSet<Vec<String>>,
    /// Every variable path that something reads in the result that gives it, and not in the variable.
    pub(crate) result_reads: BTreeSet<Vec<String>>,
    /// The outputs in the last step's result, for use in the same state.
    pub(crate) result: BTreeMap<Vec<String>, String>,
    /// The conditions under which the present step runs.
    pub(crate) guards: Vec<String>,
    /// Definitions being replaced at the moment, outermost first.
    pub(crate) expanding: Vec<&'w str>,
    pub(crate) expanded: HashMap<&'w str, Lowered>,
}

/// The step that sets a variable, and the branches and iterations around it.
#[derive(Debug, Clone)]
pub(crate) struct Setter {
    pub(crate) step: String,
    pub(crate) inside: Vec<Inside>,
}

/// A scope inside the workflow's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inside {
    Branch { step: String, branch: String },
    Iteration { step: String },
}

/// The meaning of a path's first names.
pub(crate) struct Found {
    /// How many names of the path it takes.
    pub(crate) names: usize,
    pub(crate) lowered: Lowered,
}

/// Why a name means nothing here.
pub(crate) struct Unknown {
    pub(crate) message: String,
    pub(crate) nearest: Option<String>,
    pub(crate) help: Option<String>,
}

impl<'w> Scope<'w> {
    pub(crate) fn new(workflow: &'w Workflow) -> Self {
        Self {
            definitions: workflow
                .definitions
                .iter()
                .map(|(name, given)| (name.value.as_str(), given))
                .collect(),
            inputs: BTreeMap::new(),
            context_inputs: BTreeSet::new(),
            aliases: BTreeMap::new(),
            ambiguous: BTreeMap::new(),
            setters: BTreeMap::new(),
            steps: all(&workflow.steps).into_iter().map(|step| step.name.value.as_str()).collect(),
            item_names: all(&workflow.steps)
                .into_iter()
                .filter_map(|step| match &step.kind {
                    StepKind::Foreach(foreach) => {
                        Some((foreach.item.value.as_str(), step.name.value.as_str()))
                    }
                    _ => None,
                })
                .collect(),
            items: BTreeMap::new(),
            inside: Vec::new(),
            renamed: BTreeMap::new(),
            taken: BTreeSet::new(),
            own: BTreeSet::new(),
            variables: BTreeMap::new(),
            conditional: BTreeSet::new(),
            reads: BTreeSet::new(),
            result_reads: BTreeSet::new(),
            result: BTreeMap::new(),
            guards: Vec::new(),
            expanding: Vec::new(),
            expanded: HashMap::new(),
        }
    }

    /// Whether the name is claimed by something other than an undeclared input.
    pub(crate) fn defines(&self, name: &str) -> bool {
        self.definitions.contains_key(name)
            || self.aliases.contains_key(name)
            || self.setters.contains_key(name)
            || self.inputs.contains_key(name)
            || self.item_names.contains_key(name)
    }

    /// The variable's name in the definition.
    pub(crate) fn compiled(&self, root: &str) -> String {
        self.renamed.get(root).cloned().unwrap_or_else(|| root.to_owned())
    }

    /// A path with its variable's name in the definition.
    pub(crate) fn compiled_path(&self, path: &[String]) -> Vec<String> {
        let root = path.first().map(|root| self.compiled(root));
        root.into_iter().chain(path.iter().skip(1).cloned()).collect()
    }

    /// A name for a variable of the compiler's own, which no other variable has.
    pub(crate) fn free_variable(&mut self, wanted: &str) -> String {
        // What is wanted may come from names that were refused already: any text leads to a name that a variable may have.
        let legal = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
        let start = if wanted.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "own" };
        // A little room is left for what tells two of them apart.
        let stem: String =
            start.chars().chain(wanted.chars().map(legal)).take(LONGEST_VARIABLE - 6).collect();
        let mut name = stem.clone();
        let mut number = 2;
        while self.taken.contains(&name) || crate::names::variable(&name).is_err() {
            name = format!("{stem}_{number}");
            number += 1;
        }
        self.taken.insert(name.clone());
        self.own.insert(name.clone());
        name
    }

    /// The meaning of the names of a path, definitions excepted.
    pub(crate) fn find(&mut self, names: &[&str]) -> Result<Found, Unknown> {
        let Some((first, fields)) = names.split_first() else {
            return Err(Unknown { message: "a name is missing".to_owned(), nearest: None, help: None });
        };
        if *first == "context" {
            return self.find_in_context(fields);
        }
        if let Some(kind) = self.items.get(*first) {
            let text = format!("$states.input.{first}");
            return Ok(Found { names: 1, lowered: Lowered::simple(text, kind.clone()) });
        }
        let root = self.compiled(first);
        if self.variables.contains_key(&root) && !self.own.contains(*first) {
            return Ok(self.variable(vec![root], fields));
        }
        if let Some(path) = self.aliases.get(*first) {
            let path = self.compiled_path(path);
            if self.variables.contains_key(&path[0]) {
                return Ok(self.variable(path, fields));
            }
        }
        if let Some(input) = self.inputs.get(*first) {
            return Ok(Found { names: 1, lowered: input.lowered(first) });
        }
        Err(self.unknown(first))
    }

    /// A variable of the compiler's own, where it is set.
    pub(crate) fn own_variable(&mut self, name: &str) -> Option<Lowered> {
        let is_set = self.variables.contains_key(name);
        is_set.then(|| self.variable(vec![name.to_owned()], &[]).lowered)
    }

    /// Forgets replaced definitions: their meaning may have changed.
    pub(crate) fn changed(&mut self) {
        self.expanded.clear();
    }

    fn variable(&mut self, base: Vec<String>, fields: &[&str]) -> Found {
        let mut path = base.clone();
        path.extend(fields.iter().map(|field| (*field).to_owned()));
        let mut kind = self.variables.get(&path[0]).cloned().unwrap_or_else(Type::any);
        for field in &base[1..] {
            kind = kind.field(field).unwrap_or_else(Type::any);
        }
        let kind = self.present_under_guard(kind);
        if let Some(length) = (1..=path.len()).rev().find(|length| self.result.contains_key(&path[..*length]))
        {
            self.result_reads.insert(path[..length].to_vec());
            let mut text = self.result[&path[..length]].clone();
            let mut taken = kind;
            if length < base.len() {
                text = format!("{text}.{}", base[length..].join("."));
            }
            for field in path[..length].iter().skip(base.len()) {
                taken = taken.field(field).unwrap_or_else(Type::any);
            }
            return Found {
                names: 1 + length.saturating_sub(base.len()),
                lowered: Lowered::simple(text, taken),
            };
        }
        let inside: Vec<(&[String], &String)> = self
            .result
            .iter()
            .filter(|(target, _)| target.len() > path.len() && target.starts_with(&path))
            .map(|(target, text)| (&target[path.len()..], text))
            .collect();
        if !inside.is_empty() && path.len() == base.len() {
            let object = object_text(&inside);
            self.result_reads.insert(path.clone());
            let known =
                self.variables.get(&path[0]).is_some_and(|kind| kind.field_names().len() > inside.len());
            let text = if known { format!("$merge([${}, {object}])", path.join(".")) } else { object };
            if known {
                self.reads.insert(path);
            }
            return Found { names: 1, lowered: Lowered { simple: known, ..Lowered::simple(text, kind) } };
        }
        self.reads.insert(path);
        Found { names: 1, lowered: Lowered::simple(format!("${}", base.join(".")), kind) }
    }

    /// A value that is absent only if the current step is skipped as well is present here.
    pub(crate) fn present_under_guard(&self, mut kind: Type) -> Type {
        let same = kind
            .absence
            .as_ref()
            .and_then(|absence| absence.condition.as_ref())
            .is_some_and(|condition| self.guards.contains(condition));
        if same {
            kind.absence = None;
        }
        kind
    }

    /// `context.x` is the input `x`, else the starting event's `x`.
    fn find_in_context(&mut self, fields: &[&str]) -> Result<Found, Unknown> {
        let Some(name) = fields.first() else {
            return Err(Unknown {
                message: "`context` alone has no value".to_owned(),
                nearest: None,
                help: Some("write `context.x` for the input or event field `x`".to_owned()),
            });
        };
        let event = format!("{EXECUTION_INPUT}.event.{}", quoted(name));
        let from_event = format!("{event} != null ? {event} : null");
        let kind = self.inputs.get(*name).map_or_else(Type::any, |input| input.kind.clone());
        let text = if self.inputs.contains_key(*name) || self.context_inputs.contains(*name) {
            let input = format!("{EXECUTION_INPUT}.inputs.{}", quoted(name));
            format!("{input} != null ? {input} : {from_event}")
        } else {
            from_event
        };
        Ok(Found { names: 2, lowered: Lowered { simple: false, ..Lowered::simple(text, kind) } })
    }
}
