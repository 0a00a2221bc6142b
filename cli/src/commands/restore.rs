//! `ticketsmith restore`: restores records that a stage lost, from an earlier state of its table.

use crate::account::{Stage, sdk_config};
use crate::confirm::confirm;
use crate::exit::{Exit, Outcome};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::primitives::DateTime;
use clap::ArgGroup;
use jiff::Timestamp;
use records::Table;
use std::time::Duration;

/// `ticketsmith restore`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("copy").required(true).args(["at", "from"])))]
pub(crate) struct Arguments {
    /// The deployment whose records are restored.
    #[arg(long, value_name = "NAME", env = "TICKETSMITH_STAGE")]
    stage: Stage,
    /// A time before the loss, between 35 days and about five minutes ago, such as 2026-11-22T10:00:00Z: AWS copies the table as it was
    /// then.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    /// Use this existing copy.
    #[arg(long, value_name = "TABLE")]
    from: Option<String>,
    /// Do not prompt.
    #[arg(long)]
    yes: bool,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith restore --stage prod --at 2026-11-22T10:00:00Z
  ticketsmith restore --stage prod --from ticketsmith-20261122T100000

Existing records are not changed; only missing ones are restored. AWS takes minutes to hours to make a copy. A copy made by this
command is removed at the end. If the command is interrupted, the copy is kept; continue with --from.

Exit codes: 0 nothing is missing · 1 not confirmed · 2 the command line is invalid · 3 AWS refused or is not reachable";

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "accepted: a time with its offset from UTC, as 2026-01-31T10:00:00Z".to_owned())
}

/// How long AWS may take to make a copy.
const COPY_LIMIT: Duration = Duration::from_secs(6 * 3600);

/// Runs the command.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Arguments { stage, at, from, yes } = arguments;
    let client = Client::new(&sdk_config().await?);
    let (copy, is_ours) = match (at, from) {
        (_, Some(copy)) => (copy, false),
        (Some(at), None) => (make_copy(&client, &stage, at).await?, true),
        (None, None) => return Err(Exit::usage("pass --at or --from")),
    };
    let table = Table::new(client.clone(), stage.prefix());
    put_back(&table, &Table::new(client.clone(), copy.clone()), yes).await?;
    if is_ours {
        let removed = client.delete_table().table_name(&copy).send().await;
        removed.map_err(|error| Exit::from_aws(format!("cannot remove the copy {copy}"), &error))?;
        println!("removed the copy {copy}");
    }
    Ok(())
}

/// Makes AWS create a copy, or reuses the one from an earlier attempt, and waits until it is readable.
async fn make_copy(client: &Client, stage: &Stage, at: Timestamp) -> Outcome<String> {
    let copy = format!("{}-{}", stage.prefix(), at.strftime("%Y%m%dT%H%M%S"));
    let asked = client
        .restore_table_to_point_in_time()
        .source_table_name(stage.prefix())
        .target_table_name(&copy)
        .restore_date_time(DateTime::from_secs(at.as_second()))
        .send()
        .await;
    match asked {
        Ok(_) => println!("AWS is making the copy {copy}"),
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_table_already_exists_exception()) =>
        {
            println!("the copy {copy} already exists");
        }
        Err(error) => {
            let what = format!("cannot copy {} as of {at}", stage.prefix());
            return Err(Exit::from_aws(what, &error));
        }
    }
    client.wait_until_table_exists().table_name(&copy).wait(COPY_LIMIT).await.map_err(|error| {
        Exit::unreachable(format!(
            "the copy {copy} is not ready ({error}); continue with --from {copy} when it is"
        ))
    })?;
    Ok(copy)
}

async fn put_back(table: &Table, copy: &Table, yes: bool) -> Outcome {
    let lost = table.lost_since(copy, Timestamp::now()).await.map_err(Exit::unreachable)?;
    if lost.is_empty() {
        println!("{} has everything that {} has", table.name(), copy.name());
        return Ok(());
    }
    println!("{} lacks these records from {}:", table.name(), copy.name());
    for (kind, count) in lost.by_kind() {
        println!("  {kind:<12}{count:>8}");
    }
    confirm("Restore these?", yes)?;
    let count = table.put_back(copy, &lost).await.map_err(Exit::unreachable)?;
    println!("restored {count} records");
    Ok(())
}
