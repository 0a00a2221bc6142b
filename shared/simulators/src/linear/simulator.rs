//! The workspace as one of the services of a simulation.

use axum::Router;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;

use super::document::Official;
use super::{Linear, World, answer, uploads};
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// People's actions in the workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// A label is put on an issue.
    #[serde(rename = "linear-label")]
    Label {
        /// Key of the issue.
        ticket: String,
        /// The label.
        label: String,
        /// Name of the person.
        by: String,
    },
    /// An issue moves to another state.
    #[serde(rename = "linear-state")]
    State {
        /// Key of the issue.
        ticket: String,
        /// Name of the state.
        to: String,
        /// Name of the person.
        by: String,
    },
    /// A comment is written on an issue.
    #[serde(rename = "linear-comment")]
    Comment {
        /// Key of the issue.
        ticket: String,
        /// Markdown.
        text: String,
        /// Name of the person.
        by: String,
    },
    /// An issue is written.
    #[serde(rename = "linear-create")]
    Create {
        /// Key of the team.
        team: String,
        /// One line.
        title: String,
        /// Names of labels.
        #[serde(default)]
        labels: Vec<String>,
        /// Name of the person.
        by: String,
    },
}

impl Simulator for Linear {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "linear";
    const TITLE: &'static str = "Linear";
    const DESCRIPTIONS: &'static [&'static str] = &[];
    const CHECKS_ITSELF: &'static [&'static str] = &["/graphql"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        let schema =
            opening.descriptions.map(|folder| folder.join("linear.graphql")).filter(|path| path.exists());
        let official = schema.as_deref().map(Official::load).transpose().map_err(SimulationError::Format)?;
        Self::start(world, official, &opening)
    }

    fn router(&self) -> Router {
        Router::new().route("/graphql", post(answer)).with_state(self.clone())
    }

    /// The host that files are on.
    fn pages(&self) -> Router {
        Router::new()
            .route("/uploads/{workspace}/{folder}/{file}", get(uploads::get))
            .with_state(self.clone())
    }

    /// The current issues, in short form.
    fn state(&self) -> Value {
        self.lock().summary(self.world())
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Label { ticket, label, by } => self.labelled(&ticket, &label, &by),
            Delivery::State { ticket, to, by } => self.moved(&ticket, &to, &by),
            Delivery::Comment { ticket, text, by } => self.commented(&ticket, &text, &by),
            Delivery::Create { team, title, labels, by } => self.created(&team, &title, &labels, &by),
        }
    }
}
