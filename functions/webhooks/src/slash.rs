//! Answers slash commands.

use crate::act::Acting;
use crate::address::Address;
use crate::answer::{ANSWERED, Outcome};
use crate::answer_context::AnswerContext;
use crate::command::{Command, means_workflow};
use crate::command_answer::{CommandAnswer, plain, refused};
use crate::given_files::{decide_with, without_files};
use crate::question::{answer_question, answer_to_start};
use crate::wish::{Wish, uploads_of};
use crate::words::Reply;
use control::{Authority, Caller, Forecast, StartDecision};
use domain::Event;
use records::{RecordsError, ReplyPlace};

/// Starts the workflow that the words ask for, or answers from the records; and what became of it, in a word for figures.
///
/// # Errors
/// When the records do not answer.
pub(crate) async fn answer_command(
    acting: &Acting<'_>,
    mut event: Event,
) -> Result<(CommandAnswer, &'static str), RecordsError> {
    let directory = acting.directory;
    let configuration = directory.configuration();
    let routes = acting.routes().await?;
    let command = &configuration.webhooks.command;
    let text = event.fields.get("text").and_then(|text| text.as_str()).unwrap_or_default();
    let text = acting.with_ticket(text.to_owned(), None).await?;
    event.fields.insert("text".to_owned(), text.clone().into());
    if let Some(actor) = event.actor.take() {
        event.actor = Some(acting.control.identify(configuration, actor).await?);
    }
    let actor = event.actor.clone();
    let (trigger, delivery) = (event.kind.clone(), event.delivery.clone());
    let caller = actor.as_ref().map(|actor| {
        let (trigger, delivery) = (&trigger, &delivery);
        Caller { directory, actor, authority: &Authority::Roles, trigger, delivery, at: None }
    });
    let words = Command::read(&text, None);
    let wish = Wish::said(&words, &text, None).map(|wish| wish.with_uploads(&event));
    let mut uploads = uploads_of(&event).map(str::to_owned);
    // What was uploaded with a request belongs to it, whichever trigger takes its words.
    if let Some(uploads) = uploads.take_if(|_| wish.is_some()) {
        let all = format!("{text}\n\n{uploads}");
        event.fields.insert("text".to_owned(), all.into());
    }
    if let (Some(caller), Some(wish)) = (caller, wish) {
        let address = event.fields.get("response_url").and_then(|address| address.as_str());
        let place = address.map(|address| ReplyPlace::Address { address: address.to_owned() });
        if let Some((outcome, answer)) = acting.tell(&caller, wish, None, (place, None)).await? {
            outcome.log();
            return Ok((answer, outcome.name()));
        }
    }
    let (decision, takes_files) = match words.is_built_in(&text) && !means_workflow(&routes.start_for(&event))
    {
        true => (StartDecision::Ignore("it is a command that starts no workflow".to_owned()), false),
        false => decide_with(directory, &routes, event, uploads.as_deref()),
    };
    match decision {
        StartDecision::Start(request) => {
            let task_id = request.task_id.clone();
            let forecast = Forecast::read(acting.table, &request.workflow, acting.now).await?;
            let outcome = Outcome::from(acting.control.start(*request).await?);
            outcome.log();
            let answer = answer_to_start(&outcome, task_id.as_deref(), command);
            let begins =
                matches!(outcome, Outcome::Started { .. } | Outcome::Pending { .. } | Outcome::InLine { .. });
            // A command such as `run SHOP-1` takes no words, so its files go to the inbox of the agent that it starts.
            let left = match uploads.filter(|_| !takes_files) {
                Some(uploads) => {
                    acting.pass_on(caller.as_ref(), &outcome, task_id.as_deref(), uploads).await?
                }
                None => None,
            };
            let answer = match left {
                Some(why) => answer.section(why),
                None => answer,
            };
            let answer = match forecast.filter(|_| begins) {
                Some(forecast) => answer.section([plain(format!("For comparison: {forecast}."))]),
                None => answer,
            };
            return Ok((answer, outcome.name()));
        }
        StartDecision::Refuse(reason) => {
            let answer = refused(&reason);
            let outcome = Outcome::Refused { reason };
            outcome.log();
            return Ok((answer, outcome.name()));
        }
        StartDecision::Ignore(_) => {}
    }
    let Some(caller) = caller else {
        return Ok((CommandAnswer::to_person([plain("The command does not say who typed it.")]), ANSWERED));
    };
    let address = Address { words: command, on_ticket: false };
    let answer = match words {
        Command::Steer(steering) => match acting.on_steering(&caller, steering, address).await? {
            Reply::Done(words) | Reply::Counted(words) => CommandAnswer::to_channel([plain(words)]),
            Reply::Answer(answer) => answer,
            Reply::Refused(reason) => refused(&reason),
        },
        question => {
            let asked =
                AnswerContext { control: acting.control, routes: &routes, caller, address, now: acting.now };
            answer_question(&asked, question).await?
        }
    };
    Ok((without_files(answer, uploads.as_deref()), ANSWERED))
}
