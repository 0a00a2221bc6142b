//! `link` and `notify`: commands about a person's own accounts.

use crate::account_request::{LinkRequest, NotifyRequest};
use crate::address::Address;
use crate::answer_context::AnswerContext;
use crate::command_answer::{CommandAnswer, Part, Symbol, code, plain, refused, strong};
use control::{LinkResult, NotifyResult};
use domain::command::CommandWord;
use records::{JoinedAccount, LinkAccount, RecordsError};

/// Joins accounts, or says how.
///
/// # Errors
/// When the records do not answer.
pub(crate) async fn link(
    asked: &AnswerContext<'_>,
    request: LinkRequest,
) -> Result<CommandAnswer, RecordsError> {
    let AnswerContext { control, caller, address, .. } = asked;
    Ok(match request {
        LinkRequest::Begin => {
            let answer = link_answer(control.begin_link(caller).await?, *address, "");
            let joined = control.joined_accounts(caller).await?;
            match joined.is_empty() {
                true => answer,
                false => answer.section(listed(&joined)),
            }
        }
        LinkRequest::Show { code } => link_answer(control.show_link(caller, &code).await?, *address, &code),
        LinkRequest::Confirm { code } => {
            link_answer(control.confirm_link(caller, &code).await?, *address, &code)
        }
        LinkRequest::Remove { source, account } => {
            link_answer(control.separate_account(caller, &source, &account).await?, *address, "")
        }
    })
}

fn link_answer(result: LinkResult, address: Address<'_>, known: &str) -> CommandAnswer {
    let typed = |rest: &str| code(format!("{} {} {rest}", address.words, CommandWord::Link.as_str()));
    match result {
        LinkResult::Code { code: made, .. } => CommandAnswer::to_person([
            plain("Your code is "),
            strong(made.clone()),
            plain(". Within 15 minutes, give it to the bot with your other account, as in "),
            code(format!("link {made}")),
            plain(". Then each account is asked to confirm the other."),
        ]),
        LinkResult::Pair { own, other: None } => CommandAnswer::to_person([
            plain("This is the code of your own account, "),
            strong(shown(&own)),
            plain(". Give it to the bot with your other account."),
        ]),
        LinkResult::Pair { own, other: Some(other) } => CommandAnswer::to_person([
            Part::Symbol(Symbol::Warning),
            plain("This code joins "),
            strong(shown(&own)),
            plain(" with "),
            strong(shown(&other)),
            plain(
                ". The two accounts then act as one person, with the same roles. Confirm only if both are yours: ",
            ),
            typed(&format!("confirm {known}")),
        ]),
        LinkResult::Confirmed { other } => CommandAnswer::to_person([
            plain("You confirmed. The accounts are joined when "),
            strong(shown(&other)),
            plain(" confirms, too: "),
            code(format!("link confirm {known}")),
        ]),
        LinkResult::Joined(joined) => CommandAnswer::to_person([
            Part::Symbol(Symbol::Succeeded),
            strong(shown(&joined.account)),
            plain(" is joined to "),
            strong(joined.person),
            plain("."),
        ]),
        LinkResult::Separated(joined) => CommandAnswer::to_person([
            strong(shown(&joined.account)),
            plain(" is no longer joined to "),
            strong(joined.person),
            plain("."),
        ]),
        LinkResult::Unknown => refused("you have no such code or account; a code is valid for 15 minutes"),
        LinkResult::Denied(reason) => refused(&reason),
    }
}

fn listed(joined: &[JoinedAccount]) -> Vec<Part> {
    let names: Vec<String> = joined.iter().map(|joined| shown(&joined.account)).collect();
    vec![plain("Joined to you: "), plain(names.join(", "))]
}

/// The service and the account, and its name there.
fn shown(account: &LinkAccount) -> String {
    match account.name == account.id {
        true => format!("{} {}", account.source, account.id),
        false => format!("{} {} ({})", account.source, account.id, account.name),
    }
}

/// Shows or changes which direct messages the person gets.
///
/// # Errors
/// When the records do not answer.
pub(crate) async fn notify(
    asked: &AnswerContext<'_>,
    request: NotifyRequest,
) -> Result<CommandAnswer, RecordsError> {
    let AnswerContext { control, caller, .. } = asked;
    let result = match request {
        NotifyRequest::Show => control.notices(caller).await?,
        NotifyRequest::Choose(notices) => control.choose_notices(caller, notices).await?,
    };
    Ok(match result {
        NotifyResult::Denied(reason) => refused(&reason),
        NotifyResult::Notices { notices, is_chosen } => {
            let names: Vec<&str> = notices.iter().map(|notice| notice.as_str()).collect();
            let told = match names.as_slice() {
                [] => "You get no direct messages".to_owned(),
                names => format!("You get direct messages about: {}", names.join(", ")),
            };
            let by = if is_chosen { "." } else { ", as the configuration says." };
            CommandAnswer::to_person([plain(told), plain(by)])
        }
    })
}
