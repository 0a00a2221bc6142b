//! The site as one of the services of a simulation.

use axum::Router;
use serde::Deserialize;
use serde_json::Value;

use super::{DocumentFormat, Jira, World};
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// What people do in the site.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// A label is put on a Jira ticket.
    #[serde(rename = "jira-label")]
    Label {
        /// Key of the ticket.
        ticket: String,
        /// The label.
        label: String,
        /// Short name of the person.
        by: String,
    },
    /// A Jira ticket moves to another status.
    #[serde(rename = "jira-transition")]
    Transition {
        /// Key of the ticket.
        ticket: String,
        /// Name of the status.
        to: String,
        /// Short name of the person.
        by: String,
    },
    /// A comment is written on a Jira ticket.
    #[serde(rename = "jira-comment")]
    Comment {
        /// Key of the ticket.
        ticket: String,
        /// Text, in which `[~accountid:…]` is a mention.
        text: String,
        /// Short name of the person.
        by: String,
    },
}

impl Simulator for Jira {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "jira";
    const TITLE: &'static str = "Jira";
    const DESCRIPTIONS: &'static [&'static str] = &["jira-v3.json"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        let format = opening.descriptions.map(|folder| folder.join("adf.json")).filter(|path| path.exists());
        let documents = format.as_deref().map(DocumentFormat::load).transpose();
        let documents = documents.map_err(|error| SimulationError::Format(error.to_string()))?;
        let signing = opening.signing_of(Self::NAME)?;
        Ok(Self::start(world, opening.secrets, signing, documents, opening.address, opening.clock)?)
    }

    fn router(&self) -> Router {
        Self::router(self)
    }

    fn state(&self) -> Value {
        Self::state(self)
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Label { ticket, label, by } => self.labelled(&ticket, &label, &by),
            Delivery::Transition { ticket, to, by } => self.transitioned(&ticket, &to, &by),
            Delivery::Comment { ticket, text, by } => self.commented(&ticket, &text, &by),
        }
    }
}
