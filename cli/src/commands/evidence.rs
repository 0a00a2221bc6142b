//! `ticketsmith evidence`: how a pull request came about, and whether that record is genuine.

use crate::api_client::{Call, ClientArguments, task_id};
use crate::exit::{Exit, Outcome};
use clap::Subcommand;
use domain::MicroUsd;
use domain::reference::NamedPullRequest;
use evidence::{PublicKey, Statement};
use serde_json::Value;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// `ticketsmith evidence …`
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The pull request: owner/name#7, group/project!7, or owner/name@branch for the newest one from a branch.
    #[arg(value_name = "PR", required = true)]
    reference: Option<String>,
    /// The evidence of this commit. Default: of our newest one.
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,
    /// Print the public key instead, in PEM.
    #[arg(long, conflicts_with = "statement")]
    public_key: bool,
    /// Print the signed statement instead of the envelope. It is not verified.
    #[arg(long)]
    statement: bool,
    #[command(flatten)]
    client: ClientArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify evidence with a public key. Needs no network for a file.
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// A file with an envelope, `-` for standard input, or a pull request whose evidence the API is asked for: owner/name#7.
    #[arg(value_name = "FILE|PR")]
    evidence: String,
    /// The file with the public key, in PEM.
    #[arg(long, value_name = "FILE", env = "TICKETSMITH_EVIDENCE_KEY")]
    key: PathBuf,
    /// The commit that it must be about.
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,
    /// How long to wait for the evidence of a pull request, in seconds: it is signed within seconds of a commit.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=3600))]
    wait: u64,
    #[command(flatten)]
    client: ClientArguments,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith evidence acme/shop#7 > evidence.json
  ticketsmith evidence acme/shop#7 --public-key > evidence.pem
  ticketsmith evidence verify evidence.json --key evidence.pem
  ticketsmith evidence verify acme/shop#7 --key evidence.pem --commit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567

The evidence is an in-toto statement in a DSSE envelope. Keep the public key where those who write to the records cannot change it.

Exit codes of `verify`: 0 it is what was signed · 1 it is not, or is about another commit · 2 the file or the key cannot be read ·
3 the API does not answer · 4 sign-in needed · 5 there is no evidence of this pull request";

/// How often to ask for evidence while waiting for it.
const BETWEEN: Duration = Duration::from_secs(2);

/// The largest envelope that is accepted, in bytes.
const LARGEST: u64 = 8 * 1024 * 1024;

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[("get_evidence", "evidence")];

/// Runs the command.
///
/// # Errors
/// As the help says.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments.command {
        Some(Command::Verify(verify)) => run_verify(verify).await,
        None => show(arguments.show).await,
    }
}

async fn show(arguments: Show) -> Outcome {
    let Show { reference, commit, public_key, statement, client } = arguments;
    let reference = reference.unwrap_or_default();
    let answer = fetch(&client, &reference, commit.as_deref()).await?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    if public_key {
        print!("{}", text("public_key"));
    } else if statement {
        let key = PublicKey::from_pem(text("public_key")).map_err(Exit::negative)?;
        let statement = evidence::verify(text("envelope").as_bytes(), &key).map_err(Exit::negative)?;
        println!("{}", serde_json::to_string_pretty(&statement).map_err(Exit::negative)?);
    } else {
        print!("{}", text("envelope"));
    }
    Ok(())
}

async fn fetch(client: &ClientArguments, reference: &str, commit: Option<&str>) -> Outcome<Value> {
    reference.parse::<NamedPullRequest>().map_err(Exit::usage)?;
    let call = Call::get("/pull-requests/{}/evidence", &[&task_id(reference)]).query("commit", commit);
    client.client()?.send(&call).await
}

/// Like [`fetch`], but waits for evidence that is not ready yet.
async fn fetch_within(
    client: &ClientArguments,
    reference: &str,
    commit: Option<&str>,
    seconds: u64,
) -> Outcome<Value> {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        match fetch(client, reference, commit).await {
            Err(absent) if absent.is_not_allowed() && Instant::now() < until => {
                tokio::time::sleep(BETWEEN).await;
            }
            fetched => return fetched,
        }
    }
}

async fn run_verify(arguments: Verify) -> Outcome {
    let Verify { evidence, key, commit, wait, client } = arguments;
    let named = |problem: &dyn std::fmt::Display| Exit::usage(format!("{}: {problem}", key.display()));
    let pem = std::fs::read_to_string(&key).map_err(|error| named(&error))?;
    let key = PublicKey::from_pem(&pem).map_err(|error| named(&error))?;
    let is_file = std::path::Path::new(&evidence).exists() || evidence == "-";
    let named = match is_file {
        true => None,
        false => Some(
            evidence
                .parse::<NamedPullRequest>()
                .map_err(|error| Exit::usage(format!("there is no file `{evidence}`, and {error}")))?,
        ),
    };
    let envelope = match &named {
        Some(_) => {
            let answer = fetch_within(&client, &evidence, commit.as_deref(), wait).await?;
            answer.get("envelope").and_then(Value::as_str).unwrap_or_default().as_bytes().to_vec()
        }
        None => read(&evidence).map_err(|error| Exit::usage(format!("{evidence}: {error}")))?,
    };
    let statement = evidence::verify(&envelope, &key)
        .map_err(|refusal| Exit::negative(format!("{evidence} is not valid: {refusal}")))?;
    check(&statement, named.as_ref(), &evidence, commit.as_deref())?;
    println!("{}", summary(&statement));
    Ok(())
}

/// Whether it is about the pull request that was asked for, if it was not read from a file, and about the commit.
fn check(
    statement: &Statement,
    named: Option<&NamedPullRequest>,
    asked: &str,
    commit: Option<&str>,
) -> Outcome {
    let of = &statement.predicate.pull_request;
    if named.is_some_and(|named| !named.is(&of.repository, of.number, &of.branch)) {
        let reference = statement.reference();
        return Err(Exit::negative(format!("this is the evidence of {reference}, not of {asked}")));
    }
    match commit.filter(|commit| !statement.commit().eq_ignore_ascii_case(commit)) {
        Some(other) => Err(Exit::negative(format!(
            "this is the evidence of the commit {}, not of {other}",
            statement.commit()
        ))),
        None => Ok(()),
    }
}

fn read(file: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match file {
        "-" => std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes)?,
        path => std::fs::File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

/// A line for people about what was verified.
fn summary(statement: &Statement) -> String {
    let predicate = &statement.predicate;
    let people = predicate.executions.iter().filter_map(|execution| execution.started_by.as_ref());
    let mut people: Vec<_> =
        people.map(|person| person.name.clone().unwrap_or_else(|| person.id.clone())).collect();
    people.dedup();
    let approvals = predicate.executions.iter().flat_map(|execution| &execution.approvals).count();
    format!(
        "valid: {} at {}, asked for by {}, {approvals} answered question(s), {} commit(s), {}",
        statement.reference(),
        statement.commit(),
        if people.is_empty() { "nobody".to_owned() } else { people.join(", ") },
        predicate.commits.len(),
        MicroUsd(predicate.spent_micro_usd.saturating_add(predicate.booked_micro_usd)),
    )
}
