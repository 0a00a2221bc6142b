//! `--trigger code-review`: a pull request is reviewed.
//!
//! A world says which one by a delivery of this name. Where it has none, the first round makes a pull request, and somebody asks for a review
//! of it.

use super::revisions::saying;
use super::round::{Revision, Round};
use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use serde_json::Value;
use std::path::Path;

/// The name for `--trigger`.
pub(super) const NAME: &str = "code-review";

/// The workflow, which is off in a project that does not name it.
const WORKFLOW: &str = "code_review";

/// The second round, if the world has no delivery with this name.
pub(super) const ROUND: Revision = Revision { name: NAME, delivery };

fn delivery(round: &Round<'_>) -> Option<Value> {
    saying(round, "@ticketsmith review")
}

/// Turns reviews on in every project of the configuration in a folder.
///
/// # Errors
/// Usage when the configuration cannot be read or written.
pub(super) fn turn_on(place: &Path) -> Outcome {
    let path = place.join("ticketsmith.yaml");
    let mut configuration = ConfigurationFile::load(&path)?.configuration;
    for project in &mut configuration.projects {
        if !project.workflows.iter().any(|name| name == WORKFLOW) {
            project.workflows.push(WORKFLOW.to_owned());
        }
    }
    let yaml = serde_saphyr::to_string(&configuration).map_err(Exit::usage)?;
    std::fs::write(&path, yaml).map_err(Exit::usage)
}
