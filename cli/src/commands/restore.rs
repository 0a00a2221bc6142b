//! `ticketsmith restore`: puts back records that a stage lost, from its table as it was at an earlier moment.

use crate::account::{Stage, sdk_config};
use crate::confirm::confirm;
use crate::exit::{Exit, Outcome};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::primitives::DateTime;
use jiff::Timestamp;
use records::Table;
use std::time::Duration;

/// `ticketsmith restore`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The deployment whose records are put back.
    #[arg(long, value_name = "NAME", env = "TICKETSMITH_STAGE")]
    stage: Stage,
    /// A moment before the loss, between 35 days and about five minutes ago, such as 2026-11-22T10:00:00Z: AWS copies the table as it was
    /// then.
    #[arg(long, value_name = "TIME", required_unless_present = "from")]
    at: Option<Timestamp>,
    /// Use this copy, which is there already.
    #[arg(long, value_name = "TABLE", conflicts_with = "at")]
    from: Option<String>,
    /// Ask nothing.
    #[arg(long)]
    yes: bool,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith restore --stage prod --at 2026-11-22T10:00:00Z
  ticketsmith restore --stage prod --from ticketsmith-20261122T100000

What stands in the table now stays as it is; only what is missing is put back. A copy takes AWS some minutes to hours. One that this
command had made is removed at the end; cut off, it stays, and --from goes on with it.

Exit codes: 0 all is there · 1 not wanted · 2 the command line is wrong · 3 AWS refused or is not reachable";

/// How long AWS may take to make a copy.
const COPY_LIMIT: Duration = Duration::from_secs(6 * 3600);

/// Runs the command.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Arguments { stage, at, from, yes } = arguments;
    let client = Client::new(&sdk_config().await);
    let (copy, is_ours) = match (at, from) {
        (_, Some(copy)) => (copy, false),
        (Some(at), None) => (make_copy(&client, &stage, at).await?, true),
        (None, None) => return Err(Exit::usage("say --at or --from")),
    };
    let table = Table::new(client.clone(), stage.prefix());
    put_back(&table, &Table::new(client.clone(), copy.clone()), yes).await?;
    if is_ours {
        let removed = client.delete_table().table_name(&copy).send().await;
        removed.map_err(|error| Exit::from_aws(format!("the copy {copy} cannot be removed"), &error))?;
        println!("the copy {copy} is removed");
    }
    Ok(())
}

/// Has AWS make a copy, or takes the one that an earlier try had made, and waits until it can be read.
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
        Ok(_) => println!("AWS makes the copy {copy}"),
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_table_already_exists_exception()) =>
        {
            println!("the copy {copy} is there");
        }
        Err(error) => {
            let what = format!("{} cannot be copied as of {at}", stage.prefix());
            return Err(Exit::from_aws(what, &error));
        }
    }
    client.wait_until_table_exists().table_name(&copy).wait(COPY_LIMIT).await.map_err(|error| {
        Exit::unreachable(format!(
            "the copy {copy} is not ready ({error}); go on with --from {copy} when it is"
        ))
    })?;
    Ok(copy)
}

async fn put_back(table: &Table, copy: &Table, yes: bool) -> Outcome {
    let lost = table.lost_since(copy, Timestamp::now()).await.map_err(Exit::unreachable)?;
    if lost.is_empty() {
        println!("{} has all that {} has", table.name(), copy.name());
        return Ok(());
    }
    println!("{} lacks what {} has:", table.name(), copy.name());
    for (kind, count) in lost.by_kind() {
        println!("  {kind:<12}{count:>8}");
    }
    confirm("Put these back?", yes)?;
    let count = table.put_back(copy, &lost).await.map_err(Exit::unreachable)?;
    println!("{count} records are put back");
    Ok(())
}
