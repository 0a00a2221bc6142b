//! `ticketsmith audit`: who did what, and whether the record of it is whole.

use crate::api_client::{ApiClient, Call, ClientArguments, Column, PageArguments};
use crate::exit::{Exit, Outcome};
use clap::Subcommand;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use records::{AuditHead, AuditLine, AuditVerifier};
use serde::Deserialize;
use serde_json::{Value, json};

const COLUMNS: &[Column] = &[
    ("at", "at"),
    ("kind", "kind"),
    ("who", "who"),
    ("by", "by"),
    ("what", "what"),
    ("about", "about"),
    ("from", "whence"),
    ("status", "status"),
    ("request", "id"),
];

/// So many days back are records kept, and one more because they are removed late.
const DAYS: i64 = 402;

/// `ticketsmith audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List who did what on a day, or what somebody did, newest first.
    List {
        /// The day, in UTC. Default: today.
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        day: Option<Date>,
        /// Only what this person or account did, on any day.
        #[arg(long, value_name = "NAME", conflicts_with = "day")]
        who: Option<String>,
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Verify that no record was changed, removed or moved.
    #[command(after_help = VERIFY)]
    Verify {
        #[command(flatten)]
        client: ClientArguments,
    },
}

const VERIFY: &str = "\
Every record contains the hash of the one before it, in sixteen chains. The hashes are computed here, not by the API. Whoever can write to all
records could write a whole chain anew; signed evidence contains where the chains were, which shows that.

Exit codes: 0 it is whole · 1 it is not; each line says what is wrong · 3 the API does not answer · 4 sign-in needed · 5 only admins may";

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[
    ("list_audit", "audit list"),
    ("list_audit_lines", "audit verify"),
    ("get_audit_heads", "audit verify"),
];

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "accepted: a day as 2026-01-31".to_owned())
}

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers; negative when the audit is not whole.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { day, who, page, client } => {
            let call = Call::get("/audit", &[]).query("day", day).query("who", who);
            client.list(&call, &page, COLUMNS).await
        }
        Arguments::Verify { client } => verify(&client).await,
    }
}

async fn verify(arguments: &ClientArguments) -> Outcome {
    let client = arguments.client()?;
    let mut verifier = AuditVerifier::new(heads(&client).await?);
    let now = Timestamp::now();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let since = today.saturating_sub(DAYS.days());
    let call = Call::get("/audit/lines", &[]).query("day", Some(since));
    for item in client.list(&call, usize::MAX).await? {
        verifier.take(&line_of(item)?);
    }
    // Accounts of others may have names that no request can ask for.
    let can_be_asked_for = |who: &String| who.chars().count() <= 500 && !who.contains(char::is_control);
    for who in verifier.people().into_iter().filter(can_be_asked_for) {
        let call = Call::get("/audit", &[]).query("who", Some(&who));
        let listed = client.list(&call, usize::MAX).await?;
        let theirs = listed.iter().filter(|item| text(item, "who") == Some(who.as_str()));
        let ids = theirs.filter_map(|item| text(item, "id")).map(str::to_owned).collect();
        verifier.take_list_of(&who, &ids, now);
    }
    match verifier.finish(&heads(&client).await?, now) {
        Ok(verified) if arguments.is_for_people() => {
            println!("whole: {} records in {} chains", verified.records, verified.chains);
            Ok(())
        }
        Ok(verified) => {
            let body = json!({ "whole": true, "records": verified.records, "chains": verified.chains });
            arguments.print(body, &[])
        }
        Err(problems) => Err(Exit::negative(format!("the audit is not whole:\n  {}", problems.join("\n  ")))),
    }
}

fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Value::as_str)
}

async fn heads(client: &ApiClient) -> Outcome<Vec<AuditHead>> {
    let mut body = client.send(&Call::get("/audit/heads", &[])).await?;
    let items = body.get_mut("items").map(Value::take).unwrap_or_default();
    serde_json::from_value(items).map_err(not_understood)
}

/// A record as the API gives it.
#[derive(Deserialize)]
struct Line {
    day: String,
    place: String,
    record: String,
    hash: String,
    expires_at: String,
    is_plain: bool,
}

fn line_of(item: Value) -> Outcome<AuditLine> {
    let Line { day, place, record, hash, expires_at, is_plain } =
        serde_json::from_value(item).map_err(not_understood)?;
    Ok(AuditLine { day, place, record, hash, expires_at, is_plain })
}

fn not_understood(error: serde_json::Error) -> Exit {
    Exit::unreachable(format!("the API's answer is not understood: {error}"))
}
