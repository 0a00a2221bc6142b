//! `ticketsmith link`: joins an account in a chat, a tracker or a code host to the person who asks.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, delivery, say_who, with_installation};
use control::LinkResult;
use records::LinkAccount;

/// `ticketsmith link`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A code that your other account received. Default: get a new code, and list your joined accounts.
    code: Option<String>,
    /// Confirm that the other account of the code is also yours.
    #[arg(long, requires = "code")]
    confirm: bool,
    /// Separate an account again: the service and the account there, such as `github ada-l`.
    #[arg(long, num_args = 2, value_names = ["SERVICE", "ACCOUNT"], conflicts_with = "code")]
    remove: Option<Vec<String>>,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith link --as ada                        a code for your other account, which says: link CODE
  ticketsmith link 3fa291bc0d --as ada             which accounts the code would join
  ticketsmith link 3fa291bc0d --confirm --as ada
  ticketsmith link --remove github ada-l --as ada

Both accounts confirm. A code counts for 15 minutes.

Exit codes: 0 done, or it waits for the other account · 1 you have no such code or account, or you may not · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// A negative answer if there is no such code or account, or the person may not; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let control = connection.control();
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let actor = arguments.person.actor(&directory);
    if actor.person.is_none() {
        let who = say_who(&directory, &actor);
        return Err(Exit::negative(format!("only a person has accounts{who}")));
    }
    let delivery = delivery();
    let caller = &with_installation(&directory, &actor, &delivery);
    let result = match (&arguments.code, &arguments.remove) {
        (Some(code), _) if arguments.confirm => control.confirm_link(caller, &code.to_lowercase()).await,
        (Some(code), _) => control.show_link(caller, &code.to_lowercase()).await,
        (None, Some(removed)) => match removed.as_slice() {
            [source, account] => control.separate_account(caller, source, account).await,
            _ => return Err(Exit::usage("--remove takes a service and an account")),
        },
        (None, None) => {
            for joined in control.joined_accounts(caller).await.map_err(Exit::unreachable)? {
                println!("joined: {}", shown(&joined.account));
            }
            control.begin_link(caller).await
        }
    };
    match result.map_err(Exit::unreachable)? {
        LinkResult::Code { code, .. } => {
            println!("code: {code}");
            eprintln!(
                "within 15 minutes, say `link {code}` to the bot with your other account; then both confirm"
            );
        }
        LinkResult::Pair { own, other: None } => {
            println!("{}: nobody has used the code yet", shown(&own));
        }
        LinkResult::Pair { own, other: Some(other) } => {
            println!("{} and {}: confirm with --confirm if both are yours", shown(&own), shown(&other));
        }
        LinkResult::Confirmed { other } => println!("confirmed; {} has to confirm, too", shown(&other)),
        LinkResult::Joined(joined) => println!("{} is joined to {}", shown(&joined.account), joined.person),
        LinkResult::Separated(joined) => {
            println!("{} is no longer joined to {}", shown(&joined.account), joined.person);
        }
        LinkResult::Unknown => return Err(Exit::negative("you have no such code or account")),
        LinkResult::Denied(reason) => return Err(Exit::negative(reason)),
    }
    Ok(())
}

fn shown(account: &LinkAccount) -> String {
    format!("{} {}", account.source, account.name)
}
