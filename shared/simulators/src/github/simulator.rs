//! GitHub as one of the services of a simulation.

use std::path::Path;

use axum::Router;
use serde::Deserialize;
use serde_json::Value;

use super::{GitHub, LineComment, Settings, Verdict, World};
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// What people do at GitHub.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// A label is put on a GitHub issue.
    #[serde(rename = "github-label")]
    Label {
        /// As `owner/name`.
        repository: String,
        /// Number of the issue or pull request.
        issue: u64,
        /// The label.
        label: String,
        /// Login of the person.
        by: String,
    },
    /// A comment is written on a GitHub issue or pull request.
    #[serde(rename = "github-comment")]
    Comment {
        /// As `owner/name`.
        repository: String,
        /// Number of the issue or pull request.
        issue: u64,
        /// Text in Markdown.
        text: String,
        /// Login of the person.
        by: String,
    },
    /// A pull request is reviewed.
    #[serde(rename = "github-review")]
    Review {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// `approved`, `changes_requested` or `commented`.
        verdict: Verdict,
        /// The review's text in Markdown.
        text: String,
        /// Remarks on lines of the changed files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        comments: Vec<LineComment>,
        /// Login of the person.
        by: String,
    },
    /// A pull request is closed.
    #[serde(rename = "github-close")]
    Close {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// Whether it is merged first.
        #[serde(default)]
        merge: bool,
        /// Login of the person.
        by: String,
    },
}

impl Simulator for GitHub {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "github";
    const TITLE: &'static str = "GitHub";
    const DESCRIPTIONS: &'static [&'static str] = &["api.github.com.json"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        let signing = opening.signing_of(Self::NAME)?;
        let settings = Settings {
            folder: opening.folder.to_owned(),
            address: opening.address,
            clock: opening.clock,
            log: opening.log,
        };
        Ok(Self::start(&world, opening.secrets, signing, settings)?)
    }

    fn router(&self) -> Router {
        Self::router(self)
    }

    fn pages(&self) -> Router {
        Self::pages(self)
    }

    fn state(&self) -> Value {
        Self::state(self)
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Label { repository, issue, label, by } => {
                self.labelled(&repository, issue, &label, &by)
            }
            Delivery::Comment { repository, issue, text, by } => {
                self.commented(&repository, issue, &text, &by)
            }
            Delivery::Review { repository, pull_request, verdict, text, comments, by } => {
                self.reviewed(&repository, pull_request, verdict, &text, &comments, &by)
            }
            Delivery::Close { repository, pull_request, merge, by } => {
                self.closed(&repository, pull_request, merge, &by)
            }
        }
    }

    fn repositories(&self) -> Vec<String> {
        Self::repositories(self)
    }

    fn export(&self, repository: &str, folder: &Path) -> Result<(), String> {
        Self::export(self, repository, folder)
    }
}
