//! `ticketsmith auth`: signing in to an API, and who may sign in to this one.

mod link;
mod rotate_key;

use crate::api_client::{ApiClient, Call, ClientArguments, Column, LOCAL, Profile, Profiles, check_url};
use crate::exit::{Exit, Outcome};
use clap::Subcommand;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::io::{IsTerminal, Read};

const COLUMNS: &[Column] = &[];

/// The longest token that is accepted.
const TOKEN_LIMIT: u64 = 4 * 1024;

/// `ticketsmith auth …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Sign in to an API, with a token on standard input: a machine token, a session, or a link of `auth link` or its ticket. The `serve` on
    /// this machine does not need it.
    #[command(
        after_help = "Examples:\n  ticketsmith auth login --url https://tickets.example/api/v1 < token\n  ticketsmith auth login --url http://127.0.0.1:8081/api/v1 --ticket < ticket"
    )]
    Login {
        /// The API's address, with /api/v1.
        #[arg(long, value_name = "URL")]
        url: String,
        /// The name of the profile. Default: the address's host.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The input is a ticket, which is exchanged for a session of twelve hours.
        #[arg(long)]
        ticket: bool,
    },
    /// Show who is signed in.
    Status {
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Choose the default profile; `local` is the `serve` on this machine.
    Switch {
        /// Its name.
        name: String,
    },
    /// End the session, and forget the profile.
    Logout {
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Print a link that signs in once, within five minutes, to the `serve` on this machine.
    Link(link::Arguments),
    /// Start to sign sessions with a new key in ten minutes. Current sessions are not cut short.
    RotateKey(rotate_key::Arguments),
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] =
    &[("exchange_ticket", "auth login"), ("get_me", "auth status"), ("end_session", "auth logout")];

/// Runs the command.
///
/// # Errors
/// Sign-in needed when the token is refused; usage for a profile that does not exist; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::Login { url, name, ticket } => login(url, name, ticket).await,
        Arguments::Status { client } => client.show(&Call::get("/me", &[]), COLUMNS).await,
        Arguments::Switch { name } => {
            let mut profiles = Profiles::read()?;
            if name != LOCAL {
                profiles.get(&name)?;
            }
            eprintln!("{name} is asked from now on");
            profiles.current = Some(name).filter(|name| name != LOCAL);
            profiles.write()
        }
        Arguments::Logout { client } => logout(&client).await,
        Arguments::Link(arguments) => link::run(arguments).await,
        Arguments::RotateKey(arguments) => rotate_key::run(arguments).await,
    }
}

async fn login(url: String, name: Option<String>, is_ticket: bool) -> Outcome {
    check_url(&url)?;
    let host = reqwest::Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let name = name.or(host).unwrap_or_else(|| url.clone());
    if name == LOCAL {
        return Err(Exit::usage(format!("`{LOCAL}` is the `serve` on this machine; choose another name")));
    }
    let (text, is_ticket) = credential_of(&read_token()?, is_ticket);
    let (token, until) = match is_ticket {
        false => (text, None),
        true => {
            let body = json!({ "ticket": text, "carrier": "bearer" });
            let client = ApiClient::new(&url, SecretString::default(), None)?;
            let answer = client.send(&Call::post("/auth/ticket", &[]).body(body)).await?;
            let token = answer.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
            let until = answer.get("expires_at").and_then(Value::as_str).and_then(|at| at.parse().ok());
            (token, until)
        }
    };
    let token = SecretString::from(token);
    let client = ApiClient::new(&url, token.clone(), None)?;
    let me = client.send(&Call::get("/me", &[])).await?;
    let mut profiles = Profiles::read()?;
    profiles.profiles.insert(name.clone(), Profile { url, token, until });
    profiles.current = Some(name.clone());
    profiles.write()?;
    let who = me.get("name").and_then(Value::as_str).unwrap_or_default();
    eprintln!("signed in as {who}; the profile is {name}");
    Ok(())
}

/// The credential in what was given, and whether it is a ticket: the whole link of `auth link` may be given in place of its ticket.
fn credential_of(text: &str, is_ticket: bool) -> (String, bool) {
    match text.split_once("#ticket=") {
        Some((_, ticket)) => (ticket.to_owned(), true),
        None => (text.to_owned(), is_ticket),
    }
}

/// Reads a token from standard input, which no list of processes and no history of a shell shows.
fn read_token() -> Outcome<String> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("Paste the token, then press Enter and Ctrl-D:");
    }
    let mut text = String::new();
    Read::by_ref(&mut input).take(TOKEN_LIMIT).read_to_string(&mut text).map_err(Exit::usage)?;
    let text = text.trim();
    let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_token { Ok(text.to_owned()) } else { Err(Exit::usage("expected a token on standard input")) }
}

async fn logout(client: &ClientArguments) -> Outcome {
    let mut profiles = Profiles::read()?;
    let Some(name) = client.profile.clone().or(profiles.current.clone()).filter(|name| name != LOCAL) else {
        return Err(Exit::usage(
            "no profile is chosen; the `serve` on this machine has none that could be ended",
        ));
    };
    profiles.get(&name)?;
    let ended = client.client()?.send(&Call::post("/auth/sign-out", &[])).await;
    profiles.profiles.remove(&name);
    profiles.current = profiles.current.filter(|current| *current != name);
    profiles.write()?;
    match ended {
        Ok(_) => eprintln!("the session has ended; {name} is forgotten"),
        // A machine token outlives its profile: other programs may use it.
        Err(refusal) => eprintln!("{name} is forgotten; {refusal}"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_as_good_as_its_ticket() {
        let link = "http://127.0.0.1:8081/api/v1/sign-in#ticket=J2Vr-q_4";
        for (given, is_ticket, expected) in [
            (link, false, ("J2Vr-q_4", true)),
            (link, true, ("J2Vr-q_4", true)),
            ("J2Vr-q_4", true, ("J2Vr-q_4", true)),
            ("tsm_a_b", false, ("tsm_a_b", false)),
        ] {
            let (credential, is_ticket) = credential_of(given, is_ticket);
            assert_eq!((credential.as_str(), is_ticket), expected);
        }
    }
}
