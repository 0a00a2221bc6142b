//! The demo's final report.

use super::halt::Halt;
use super::reviewed::Reviewed;
use super::state::{list, services, text};
use crate::color::{self, Color};
use crate::exit::{Exit, Outcome};
use crate::print::print_painted;
use crate::progress::{duration, human_duration, steps_json};
use domain::MicroUsd;
use domain::execution::Outcome as ExecutionOutcome;
use domain::text::printable;
use jiff::Timestamp;
use providers::PullRequestWords;
use records::ExecutionView;
use serde_json::{Value, json};

/// One demonstration, from its records and the simulated world.
pub(super) struct Demonstration {
    /// The first execution with its steps and costs.
    pub(super) view: ExecutionView,
    /// The one of the second round.
    pub(super) second: Option<ExecutionView>,
    /// What the code host calls pull requests.
    pub(super) words: PullRequestWords,
    /// The pull request, with its files.
    pub(super) pull_request: Option<Value>,
    /// What the agent said instead, where there is none, or no commit in the second round.
    pub(super) said: Option<String>,
    /// The ticket's status by the tracker's name.
    pub(super) task_status: Option<String>,
    /// How the pull request was revised after that.
    pub(super) revisions: Vec<Revised>,
    /// The tickets that a plan became.
    pub(super) tickets: Vec<Value>,
    /// Whether it was to be reviewed.
    pub(super) is_review: bool,
    /// Whether a check was to fail and to be fixed.
    pub(super) is_fixed: bool,
    /// The review.
    pub(super) review: Option<Reviewed>,
    /// Why the project's own checks cannot be run on this machine, if it has some.
    pub(super) unchecked: Option<String>,
    /// Why the last execution has not ended, if it has not.
    pub(super) halt: Option<Halt>,
    /// Why the repository was not exported, if it should have been.
    pub(super) unexported: Option<Exit>,
}

/// A revision of the pull request.
pub(super) struct Revised {
    /// The trigger's name.
    pub(super) trigger: &'static str,
    /// The commit on the pull request, if any.
    pub(super) commit: Option<String>,
    /// How many replies the agent gave.
    pub(super) turns: u32,
    /// Their cost.
    pub(super) cost: MicroUsd,
}

impl Revised {
    /// A revision by a separate execution, which says which commit it made.
    pub(super) fn by_execution(trigger: &'static str, turns: u32, view: &ExecutionView) -> Self {
        let output = view.execution.output.as_ref();
        let commit = output.and_then(|output| output["commit"].as_str()).map(str::to_owned);
        Self { trigger, commit, turns, cost: view.cost().booked() }
    }

    fn json(&self) -> Value {
        json!({
            "trigger": self.trigger,
            "commit": self.commit,
            "turns": self.turns,
            "cost_usd": self.cost.as_usd(),
        })
    }
}

impl Demonstration {
    /// The JSON that `--json` prints.
    fn json(&self) -> Value {
        let execution = &self.view.execution;
        let (decisive, halt) = (&self.decisive().execution, self.halt.as_ref());
        let pull_request = self.pull_request.as_ref().map(|pull| {
            json!({
                "number": pull["number"],
                "url": pull["html_url"],
                "branch": pull["head"]["ref"],
                "files": files_of(pull).map(|file| file["filename"].clone()).collect::<Vec<_>>(),
            })
        });
        json!({
            "outcome": self.outcome(),
            "status": status_word(self.outcome()),
            "execution": execution.name,
            "pull_request": pull_request,
            "task": { "key": execution.task_id, "status": self.task_status },
            "cost_usd": self.cost().as_usd(),
            "steps": steps_json(&self.view),
            "tickets": self.tickets,
            "revisions": self.revisions.iter().map(Revised::json).collect::<Vec<_>>(),
            "review": self.review.as_ref().map(Reviewed::json),
            "checks_not_run": self.unchecked,
            "question": self.question(),
            "may_answer": halt.and_then(|halt| halt.may_answer.as_deref()),
            "error": decisive.error,
            "cause": halt.map(|halt| &halt.reason).or(decisive.cause.as_ref()),
        })
    }

    /// Every execution, in order.
    fn executions(&self) -> impl Iterator<Item = &ExecutionView> {
        std::iter::once(&self.view).chain(&self.second)
    }

    /// The execution that decides about the result: the first one that did not succeed, or the first one.
    fn decisive(&self) -> &ExecutionView {
        let mut executions = self.executions();
        let failed = executions.find(|view| view.execution.outcome != ExecutionOutcome::Succeeded);
        failed.unwrap_or(&self.view)
    }

    /// What people are asked, if an execution waits for their answer.
    fn question(&self) -> Option<&str> {
        self.halt.as_ref()?.question.as_deref()
    }

    /// How the demo ended. If people are asked something, the execution waits, even if its record does not say so yet.
    fn outcome(&self) -> ExecutionOutcome {
        match self.question() {
            Some(_) => ExecutionOutcome::Waiting,
            None => self.decisive().execution.outcome,
        }
    }

    /// The cost of all executions together.
    fn cost(&self) -> MicroUsd {
        self.executions().map(|view| view.cost().booked()).sum()
    }

    /// Prints the report for people: the diff, the ticket, the messages and the costs.
    pub(super) fn print(&self, state: &Value, is_scripted: bool) {
        let execution = &self.view.execution;
        if let Some(pull) = &self.pull_request {
            let PullRequestWords { term, sign } = self.words;
            println!(
                "\n{term} {sign}{}: {}\n{}\n",
                pull["number"],
                text(&pull["title"]),
                text(&pull["html_url"])
            );
            for file in files_of(pull) {
                let in_color = color::on(&std::io::stdout());
                let heading = format!("--- {} ({})", text(&file["filename"]), text(&file["status"]));
                let heading = color::paint(&heading, Color::Bold, in_color);
                print_painted(&format!("{heading}\n{}\n\n", patch(text(&file["patch"]), in_color)));
            }
        }
        print_tickets(&self.tickets);
        if let Some(review) = &self.review {
            review.print(self.words);
        }
        if let Some(key) = &execution.task_id {
            println!("Ticket {key}: {}", self.task_status.as_deref().unwrap_or("not found"));
        }
        for message in services(state).flat_map(|service| list(&service["messages"])) {
            println!("{}: {}", text(&message["channel"]), text(&message["text"]));
        }
        println!("\nCost by step{}", if is_scripted { " (simulated)" } else { "" });
        for shown in self.view.shown_steps() {
            let cost = shown.cost.booked();
            if cost.0 > 0 {
                println!("  {:<30} {cost}", shown.step.state);
            }
        }
        let total = self.view.cost().booked();
        println!("  {:<30} {total}", "total");
        if let Some(review) = &self.review {
            println!("  {:<30} {} ({} turns)", "review", review.cost(), review.turns);
        }
        for revised in &self.revisions {
            let (cost, turns) = (revised.cost, revised.turns);
            let commit = revised.commit.as_deref().and_then(|sha| sha.get(..7)).unwrap_or("no commit");
            println!("  {:<30} {cost} ({turns} turns, {commit})", format!("revision by {}", revised.trigger));
        }
        if self.second.is_some() {
            println!("  {:<30} {}", "total of both rounds", self.cost());
        }
        if let Some(why) = &self.unchecked {
            println!("\nThe project's own checks were not run: {}", printable(why));
        }
        let lasted = human_duration(duration(self.decisive(), Timestamp::now()));
        println!("\n{} in {lasted}", self.outcome());
    }

    /// Prints the JSON, if it is wanted, and gives the result of the command.
    ///
    /// # Errors
    /// Negative when the execution failed, has not ended, or opened no pull request; why the repository was not exported.
    pub(super) fn finish(self, json: bool, keep: bool) -> Outcome {
        if keep && self.halt.is_some() {
            eprintln!("--keep: everything was stopped, because the execution does not end by itself");
        }
        if json {
            println!("{}", self.json());
        }
        match (self.verdict(), self.unexported) {
            (Ok(()), Some(error)) => Err(error),
            (verdict, error) => {
                if let Some(error) = error {
                    eprintln!("--export: {error}");
                }
                verdict
            }
        }
    }

    /// The result of the command.
    fn verdict(&self) -> Outcome {
        if let Some(halt) = &self.halt {
            return Err(Exit::negative(&halt.reason));
        }
        let execution = &self.decisive().execution;
        if execution.outcome != ExecutionOutcome::Succeeded {
            return Err(Exit::negative(format!(
                "{}: {}",
                execution.error.as_deref().unwrap_or("it did not succeed"),
                execution.cause.as_deref().unwrap_or("no cause given")
            )));
        }
        if self.pull_request.is_none() && self.tickets.is_empty() {
            return Err(Exit::negative(format!(
                "the execution succeeded without a {} or a ticket{}",
                self.words.name(),
                self.agent_says()
            )));
        }
        if self.is_fixed && self.revisions.is_empty() {
            return Err(Exit::negative("the execution succeeded, but no check failed and nothing was fixed"));
        }
        if self.is_review && !self.review.as_ref().is_some_and(Reviewed::is_there) {
            return Err(Exit::negative(format!(
                "the execution succeeded without reviewing the {}",
                self.words.name()
            )));
        }
        // The newest revision is the head of the branch.
        let head = self.pull_request.as_ref().map(|pull| text(&pull["head"]["sha"]));
        match self.revisions.last() {
            Some(revised) if revised.commit.is_none() => Err(Exit::negative(format!(
                "the revision by {} succeeded without a commit{}",
                revised.trigger,
                self.agent_says()
            ))),
            Some(revised) if revised.commit.as_deref() != head => Err(Exit::negative(format!(
                "the revision by {} succeeded, but its commit is not on the {}",
                revised.trigger,
                self.words.name()
            ))),
            _ => Ok(()),
        }
    }

    /// What the agent says, as the end of a sentence.
    fn agent_says(&self) -> String {
        let said = self.said.as_deref().map(|said| format!("; the agent says: {}", printable(said)));
        said.unwrap_or_default()
    }
}

/// Prints the tickets with their descriptions.
fn print_tickets(tickets: &[Value]) {
    for ticket in tickets {
        let (kind, title) = (text(&ticket["type"]), text(&ticket["title"]));
        println!("\n{} {kind}: {title} ({})", text(&ticket["key"]), text(&ticket["state"]));
        for line in text(&ticket["description"]).lines() {
            println!("    {line}");
        }
    }
}

/// A patch whose added and removed lines have the usual colors.
fn patch(text: &str, in_color: bool) -> String {
    let line = |line: &str| match line.chars().next() {
        Some('+') => color::paint(line, Color::Green, in_color),
        Some('-') => color::paint(line, Color::Red, in_color),
        Some('@') => color::paint(line, Color::Cyan, in_color),
        _ if in_color => printable(line),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Step Functions' status for one of our outcomes.
fn status_word(outcome: ExecutionOutcome) -> &'static str {
    match outcome {
        ExecutionOutcome::Succeeded => "SUCCEEDED",
        ExecutionOutcome::Failed | ExecutionOutcome::RolledBack => "FAILED",
        ExecutionOutcome::Stopped => "ABORTED",
        ExecutionOutcome::Pending | ExecutionOutcome::Running | ExecutionOutcome::Waiting => "RUNNING",
    }
}

fn files_of(pull: &Value) -> impl Iterator<Item = &Value> {
    list(&pull["files"])
}

/// Every pull request on the simulated code hosts.
pub(super) fn pull_requests(state: &Value) -> Vec<Value> {
    let repositories = services(state).flat_map(|service| list(&service["repositories"]));
    repositories.flat_map(|repository| list(&repository["pull_requests"])).cloned().collect()
}

/// The status of a ticket by its key, in a tracker or among the issues of a repository.
pub(super) fn status_of(state: &Value, key: &str) -> Option<String> {
    let mut tickets = services(state).flat_map(list);
    if let Some(ticket) = tickets.find(|ticket| ticket["key"] == key) {
        return ticket["status"].as_str().map(str::to_owned);
    }
    let (repository, number) = key.split_once('#')?;
    let mut repositories = services(state).flat_map(|service| list(&service["repositories"]));
    let found = repositories.find(|known| text(&known["full_name"]) == repository)?;
    let issue = list(&found["issues"]).find(|issue| issue["number"].as_u64() == number.parse().ok())?;
    issue["state"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_has_colors_only_where_they_are_wanted() {
        let text = "@@ -1 +1 @@\n-old\n+new\n same";
        assert_eq!(patch(text, false), text);
        let colored = patch(text, true);
        assert!(colored.contains("\u{1b}[31m-old\u{1b}[0m\n\u{1b}[32m+new\u{1b}[0m\n same"), "{colored:?}");
    }
}
