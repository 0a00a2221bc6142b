//! `ticketsmith undo`: shows which effects of an execution are left, takes them back, and says what was undone and what stayed.

use crate::confirm::confirm;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::progress::follow;
use crate::steering::{PersonArgument, delivery, ticket_instead_of_execution};
use control::{Control, StartResult, UndoPreview, UndoRequest, too_old_to_undo};
use domain::event::EventName;
use domain::execution::{Outcome as Ended, UNDO_WORKFLOW};
use domain::routes::Concurrency;
use jiff::Timestamp;
use records::{ExecutionRecord, ExecutionView};
use serde_json::json;
use std::io::IsTerminal;
use std::time::Duration;

/// `ticketsmith undo`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The name of an execution, as `status` shows it; a ticket, whose newest execution that still has effects is taken
    /// back; or the ARN that `invoke` prints.
    #[arg(value_name = "EXECUTION|TICKET")]
    named: String,
    /// The project's key, for an action that was performed by hand.
    #[arg(long)]
    project: Option<String>,
    /// Only show what would be taken back.
    #[arg(long)]
    dry_run: bool,
    /// Do not prompt. Without a terminal, there is never a prompt.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    person: PersonArgument,
    /// Print one JSON document, as the last output.
    #[arg(long)]
    json: bool,
    /// How long to follow it, in seconds.
    #[arg(long, default_value_t = 3600)]
    follow_seconds: u64,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith undo SHOP-1 --dry-run
  ticketsmith undo SHOP-1
  ticketsmith undo jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015

Exit codes: 0 everything that can be was taken back · 1 there is nothing to take back, or something stays that could be · 2 the configuration has no such project · 3 neither `serve` nor the stage is reachable";

/// What to take back.
struct Target {
    name: String,
    workflow: String,
    run: String,
    project: Option<String>,
    task_id: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// A negative answer if there is no such execution or ticket, or if something could not be taken back; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let control = connection.control();
    let target = find(&connection, &control, &arguments).await?;
    let preview = control.preview_of_run(&target.run, &target.name, &target.workflow).await;
    let preview = preview.map_err(Exit::unreachable)?;
    if arguments.dry_run {
        return show(&preview, arguments.json);
    }
    for line in lines(&preview) {
        eprintln!("{line}");
    }
    if !preview.effects.is_empty() && std::io::stdin().is_terminal() {
        confirm("Take this back?", arguments.yes)?;
    }
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let request = UndoRequest {
        run: target.run,
        project: target.project,
        task_id: target.task_id.clone(),
        channel: None,
        actor: Some(arguments.person.actor(&directory)),
        trigger: EventName::API_RUN,
        delivery: delivery(),
        concurrency: Concurrency::OnePerTask,
    };
    let name = match control.start_undo(request).await.map_err(Exit::unreachable)? {
        StartResult::Started { execution, .. }
        | StartResult::Pending { execution, .. }
        | StartResult::InLine { execution, .. }
        | StartResult::Duplicate { execution } => execution,
        StartResult::AlreadyAtWork { execution } => {
            let about = target.task_id.as_deref().unwrap_or("the ticket");
            return Err(Exit::negative(format!("{about} is already being worked on: {execution}")));
        }
    };
    let view = follow(&connection.table, &name, Duration::from_secs(arguments.follow_seconds)).await?;
    report(&view, arguments.json)
}

async fn find(connection: &Connection, control: &Control, arguments: &Arguments) -> Outcome<Target> {
    let named = &arguments.named;
    let table = &connection.table;
    if named.starts_with("arn:") {
        if !table.knows_run(named).await.map_err(Exit::unreachable)? {
            return Err(Exit::negative(format!("there is no run {named}, or it did nothing")));
        }
        let project = match &arguments.project {
            Some(key) => key.clone(),
            None => only_project(control).await?,
        };
        let (name, workflow) = (named.clone(), "invoke".to_owned());
        return Ok(Target { name, workflow, run: named.clone(), project: Some(project), task_id: None });
    }
    // Executions that continue each other have one journal, so the newest decides.
    if let Some(newest) = table.continued(named).await.map_err(Exit::unreachable)?.pop() {
        return target_of(newest);
    }
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let ticket = ticket_instead_of_execution(table, &directory, named).await?;
    let newest = control.newest_with_effects(ticket.task_id()).await.map_err(Exit::unreachable)?;
    let nothing = || Exit::negative(format!("nothing that can be taken back has been done on {named}"));
    target_of(newest.ok_or_else(nothing)?)
}

fn target_of(execution: ExecutionRecord) -> Outcome<Target> {
    let name = &execution.name;
    if execution.workflow == UNDO_WORKFLOW {
        return Err(Exit::negative(format!("{name} is an undo itself, which cannot be taken back")));
    }
    if !execution.outcome.is_final() {
        return Err(Exit::negative(format!("{name} has not ended; stop it first")));
    }
    let (run, false) = (execution.run().map(str::to_owned), execution.effects_left == Some(false)) else {
        return Err(Exit::negative(format!("{name} left nothing that can be taken back")));
    };
    let run = run.ok_or_else(|| Exit::negative(format!("{name} was never started")))?;
    if let Some(reason) = too_old_to_undo(&execution, Timestamp::now()) {
        return Err(Exit::negative(reason));
    }
    let ExecutionRecord { name, workflow, project, task_id, .. } = execution;
    Ok(Target { name, workflow, run, project, task_id })
}

/// What would be taken back, a line for each effect.
fn lines(preview: &UndoPreview) -> Vec<String> {
    let mut lines = Vec::new();
    if !preview.effects.is_empty() {
        lines.push(format!("What {} did, the newest first:", preview.execution));
    }
    for effect in &preview.effects {
        let doubt = if effect.is_doubtful() { "may have happened: " } else { "" };
        let place = effect.seen_at().map(|place| format!("  {place}")).unwrap_or_default();
        lines.push(format!("  {doubt}{}{place}", effect.action.as_str().replace('_', " ")));
    }
    if preview.stays > 0 {
        lines.push(format!("Stays, because nothing takes it back: {}", preview.stays));
    }
    lines
}

fn show(preview: &UndoPreview, json: bool) -> Outcome {
    if json {
        let effects: Vec<_> = preview
            .effects
            .iter()
            .map(
                |effect| json!({"action": effect.action, "status": effect.status, "place": effect.seen_at()}),
            )
            .collect();
        let UndoPreview { execution, stays, code, .. } = preview;
        println!("{}", json!({"execution": execution, "effects": effects, "stays": stays, "code": code}));
    } else {
        for line in lines(preview) {
            println!("{line}");
        }
    }
    match preview.effects.is_empty() {
        false => Ok(()),
        true => Err(Exit::negative(format!("{} left nothing that can be taken back", preview.execution))),
    }
}

/// The project, if it is unambiguous.
async fn only_project(control: &Control) -> Outcome<String> {
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let keys: Vec<_> =
        directory.configuration().projects.iter().map(|project| project.key.as_str()).collect();
    match keys.as_slice() {
        [only] => Ok((*only).to_owned()),
        _ => Err(Exit::usage(format!("pass --project to name the project; known: {}", keys.join(", ")))),
    }
}

fn report(view: &ExecutionView, json: bool) -> Outcome {
    let execution = &view.execution;
    let told = execution.cause.as_deref().unwrap_or("no cause given");
    if json {
        let receipt = json!({
            "execution": execution.name,
            "outcome": execution.outcome,
            "receipt": execution.output,
            "error": execution.error,
            "cause": execution.cause,
        });
        println!("{receipt}");
    } else {
        println!("{}: {}\n{told}", execution.name, execution.outcome);
    }
    match execution.outcome {
        Ended::Succeeded => Ok(()),
        _ => Err(Exit::negative(format!(
            "{}: {told}",
            execution.error.as_deref().unwrap_or("it did not succeed")
        ))),
    }
}
