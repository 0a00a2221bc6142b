//! A review of a pull request in the demo, as people would see it.

use domain::MicroUsd;
use domain::plugins::Mark;
use providers::PullRequestWords;
use records::ExecutionView;
use serde_json::{Value, json};

/// A review of a pull request, as the simulated code host shows it.
pub(super) struct Reviewed {
    /// How many replies the agent gave.
    pub(super) turns: u32,
    /// The execution.
    pub(super) view: ExecutionView,
    /// The pull request.
    pub(super) pull: Value,
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

    /// Its comments on lines.
    fn comments(&self) -> impl Iterator<Item = &Value> {
        let id = self.summary().map(|review| review["id"].clone()).unwrap_or_default();
        // If comments do not belong to a review, all of them are ours: nobody else has commented.
        let is_of_it = move |comment: &&Value| {
            let of = &comment["pull_request_review_id"];
            (of.is_null() || *of == id) && comment["in_reply_to_id"].is_null()
        };
        self.list("review_comments").filter(is_of_it)
    }

    /// Whether there is a review with at least one word.
    pub(super) fn is_there(&self) -> bool {
        self.summary().is_some()
    }

    /// Its part of the JSON.
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

    /// Prints the review as people would see it on the pull request, in the words of its code host.
    pub(super) fn print(&self, words: PullRequestWords) {
        let (name, sign, title) = (words.name(), words.sign, text(&self.pull["title"]));
        println!("\nReview of {name} {sign}{}: {title}", self.pull["number"]);
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

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
