//! `--trigger code-review`: a pull request is reviewed.
//!
//! A world says which one by a delivery of this name. Where it has none, the first round makes a pull request, and somebody asks for a review
//! of it.

use super::report::text;
use super::round::{Revision, Round};
use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use domain::MicroUsd;
use domain::plugins::Mark;
use records::ExecutionView;
use serde_json::{Value, json};
use std::path::Path;

/// The name for `--trigger`.
pub(super) const NAME: &str = "code-review";

/// The workflow, which is off in a project that does not name it.
const WORKFLOW: &str = "code_review";

/// The second round where the world has no delivery of this name.
pub(super) const ROUND: Revision = Revision { name: NAME, delivery };

/// A review of a pull request, as the simulated code host shows it.
pub(super) struct Reviewed {
    /// How many replies the agent gave.
    pub(super) turns: u32,
    /// The execution.
    pub(super) view: ExecutionView,
    /// The pull request.
    pub(super) pull: Value,
}

fn delivery(round: &Round<'_>) -> Option<Value> {
    let (repository, number, text) = (round.repository()?, round.number()?, "@ticketsmith review");
    if let Some(by) = round.person("github") {
        return Some(json!({
            "kind": "github-comment", "repository": repository, "issue": number, "text": text, "by": by,
        }));
    }
    let by = round.person("gitlab")?;
    Some(json!({ "kind": "gitlab-comment", "on": format!("{repository}!{number}"), "text": text, "by": by }))
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

impl Reviewed {
    /// The pull request that an execution reviewed, among those of a world.
    pub(super) fn new(turns: u32, view: ExecutionView, pulls: Vec<Value>) -> Option<Self> {
        let url = view.execution.output.as_ref().map(|output| text(&output["pull_request"]).to_owned())?;
        let pull = pulls.into_iter().find(|pull| text(&pull["html_url"]) == url)?;
        Some(Self { turns, view, pull })
    }

    pub(super) fn cost(&self) -> MicroUsd {
        self.view.cost().booked()
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.pull[name].as_array().into_iter().flatten()
    }

    /// The newest review that says something of the whole.
    fn summary(&self) -> Option<&Value> {
        self.list("reviews").filter(|review| !text(&review["body"]).is_empty()).last()
    }

    /// What it says about lines.
    fn comments(&self) -> impl Iterator<Item = &Value> {
        let id = self.summary().map(|review| review["id"].clone()).unwrap_or_default();
        // Where comments belong to no review, all of them are ours: nobody else has said anything.
        let is_of_it = move |comment: &&Value| {
            let of = &comment["pull_request_review_id"];
            (of.is_null() || *of == id) && comment["in_reply_to_id"].is_null()
        };
        self.list("review_comments").filter(is_of_it)
    }

    /// Whether there is a review to look at, with at least one word.
    pub(super) fn is_there(&self) -> bool {
        self.summary().is_some()
    }

    /// The part of the JSON that is about it.
    pub(super) fn json(&self) -> Value {
        let comment = |comment: &Value| {
            let (path, line) = (comment["path"].clone(), comment["line"].clone());
            json!({ "path": path, "line": line, "side": comment["side"], "text": plain(&comment["body"]) })
        };
        json!({
            "pull_request": self.pull["html_url"],
            "url": self.summary().map(|review| review["html_url"].clone()),
            "summary": self.summary().map(|review| plain(&review["body"])),
            "comments": self.comments().map(comment).collect::<Vec<_>>(),
            "turns": self.turns,
            "cost_usd": self.cost().as_usd(),
        })
    }

    /// Prints what people would see on the pull request.
    pub(super) fn print(&self) {
        println!("\nReview of pull request #{}: {}", self.pull["number"], text(&self.pull["title"]));
        if let Some(review) = self.summary() {
            println!("{}\n\n{}\n", text(&review["html_url"]), plain(&review["body"]));
        }
        for comment in self.comments() {
            let side = if comment["side"] == "LEFT" { " (before)" } else { "" };
            println!("{}:{}{side}\n  {}\n", text(&comment["path"]), comment["line"], plain(&comment["body"]));
        }
    }
}

/// A text without the marks that people do not see.
fn plain(body: &Value) -> String {
    text(body).split(Mark::BEGIN).next().unwrap_or_default().trim_end().to_owned()
}
