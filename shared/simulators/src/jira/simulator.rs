//! The site as one of the services of a simulation.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::Value;

use super::{
    DocumentFormat, Jira, World, attachments, authenticate, comments, issues, links, people, projects,
    search, transitions,
};
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// People's actions on the site.
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

    /// All routes of the API, with authentication.
    fn router(&self) -> Router {
        let api = Router::new()
            .route("/attachment/content/{id}", get(attachments::content))
            .route("/field", get(projects::fields))
            .route("/issue", post(issues::create))
            .route("/issue/{key}", get(issues::get).put(issues::edit).delete(issues::delete))
            .route("/issue/{key}/comment", get(comments::list).post(comments::add))
            .route("/issue/{key}/comment/{id}", put(comments::update))
            .route("/issue/{key}/transitions", get(transitions::list).post(transitions::make))
            .route("/issueLink", post(links::create))
            .route("/issueLink/{id}", axum::routing::delete(links::delete))
            .route("/mypermissions", get(people::permissions))
            .route("/myself", get(people::myself))
            .route("/project/{key}/statuses", get(projects::statuses_by_type))
            .route("/search/jql", post(search::search))
            .route("/user", get(people::user));
        Router::new()
            .nest("/rest/api/3", api)
            .layer(from_fn_with_state(self.clone(), authenticate))
            .with_state(self.clone())
    }

    /// The media server that files are on.
    fn pages(&self) -> Router {
        Router::new().route("/media/{id}", get(attachments::media)).with_state(self.clone())
    }

    /// The current tickets, in short form.
    fn state(&self) -> Value {
        self.lock().summary()
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Label { ticket, label, by } => self.labelled(&ticket, &label, &by),
            Delivery::Transition { ticket, to, by } => self.transitioned(&ticket, &to, &by),
            Delivery::Comment { ticket, text, by } => self.commented(&ticket, &text, &by),
        }
    }
}
