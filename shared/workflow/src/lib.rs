//! Compiles workflows, written in YAML, to Amazon States Language documents in JSONata.
//!
//! The crate is pure: texts in; definitions, routes and diagnostics out. It opens no file, does not depend on the AWS SDK, HTTP
//! or an async runtime, and the same texts always give the same bytes.
//!
//! ```
//! use workflow::{Catalog, Environment, Source, compile};
//!
//! let catalog = Catalog::from_json(r#"{"actions": {"get_task": {
//!     "plugin": "task_management",
//!     "input": {"type": "object", "properties": {"task_id": {"type": "string"}}, "required": ["task_id"]},
//!     "output": {"type": "object"}
//! }}}"#)?;
//! let source = Source::new("workflows/look.yaml", "\
//! name: Look
//! steps:
//!   - name: fetch
//!     plugin: task_management
//!     action: get_task
//!     inputs: { task_id: \"${task_id}\" }
//! ");
//! let compiled = compile(&source, &catalog, &Environment::default());
//! assert!(!compiled.has_errors());
//! let definition = compiled.definition.unwrap();
//! assert_eq!(definition["StartAt"], "Admit");
//! assert_eq!(definition["States"]["Admit"]["Next"], "Fetch");
//! assert!(compiled.route.inputs.contains_key("task_id"));
//! # Ok::<(), workflow::InvalidCatalog>(())
//! ```
//!
//! How a file is compiled: [`Source`] → YAML tree with positions (`yaml`) → model (`reader`, `model`) → implied steps and
//! defaults (`implicit_commit`, `policies`) → names and types (`declare`, `scope`) → each step checked in its context (`plan`,
//! `check`, `infer`) → states (`compile`) and what starts them (`routes`). A folder's workflows are compiled callees first
//! (`folder`, `callees`).

mod agent_branches;
mod agent_states;
mod agents;
mod braces;
mod callees;
mod catalog;
mod check;
mod compilation;
mod compile;
mod content;
mod declare;
mod definitions;
mod diagnostic;
mod document;
mod environment;
mod expression;
mod folder;
mod functions;
mod implicit_commit;
mod in_text;
mod infer;
mod keys;
mod model;
mod names;
mod paths;
mod plan;
mod policies;
mod provenance;
mod reader;
mod routes;
mod scope;
mod secrets;
mod source;
mod step_type;
mod substitute;
mod template;
mod timeouts;
mod types;
mod yaml;

pub use agent_states::{AgentStates, AgentSummary};
pub use agents::read_agent;
pub use catalog::{Catalog, CatalogEntry, InvalidCatalog};
pub use compilation::{Compilation, StepSummary, compile};
pub use compile::admission_state;
pub use content::{content, exact_content};
pub use diagnostic::{Diagnostic, Severity, render};
pub use document::Document;
pub use environment::{CheckPattern, Environment};
pub use folder::{FolderCompilation, compile_folder};
pub use keys::{CASE_KEYS, Form, Key, WORKFLOW_KEYS};
pub use source::{NotText, Source};
pub use step_type::StepType;
pub use substitute::{function_placeholder, placeholders, state_machine_placeholder, substitute};
