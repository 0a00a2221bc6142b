//! `help`: the commands, from the one table, and the words that start workflows here.

use crate::address::Address;
use crate::command_answer::{CommandAnswer, Part, code, on_lines, plain, strong};
use domain::command::{COMMANDS, CommandSpec, CommandWord};
use domain::event::{Condition, Matching};
use domain::routes::{Routes, without_address, words_named};
use domain::{EventName, folded, naming_pull_requests};
use serde_json::Map;

/// The words that start workflows, with the workflows' titles: by this event, or by a wider one that it also is.
pub(crate) fn commands_served(routes: &Routes, kind: &EventName) -> Vec<(String, String)> {
    let kinds = routes.events.kinds_of(kind, &Map::new());
    let is_of_words =
        |condition: &&Condition| matches!(condition.matching, Matching::Captures | Matching::StartsWith);
    let triggers = routes
        .workflows
        .values()
        .flat_map(|workflow| workflow.triggers.iter().map(move |trigger| (workflow, trigger)));
    let mut served: Vec<(String, String)> = triggers
        .filter_map(|(workflow, trigger)| {
            let spec = kinds.iter().find(|spec| spec.name == trigger.on)?;
            let words = spec.conditions.iter().find(is_of_words)?.name.as_str();
            let words = without_address(trigger.conditions.get(words)?.as_str()?);
            Some((words.to_owned(), workflow.title.clone()))
        })
        .collect();
    served.dedup();
    // Commands that people can always give are listed with the others.
    served.retain(|(text, _)| {
        let word = text.split_whitespace().next().and_then(|word| CommandWord::read(&folded(word)));
        words_named(text) > 1 || word.is_none_or(|word| word.spec().starts_workflows)
    });
    served
}

/// The commands that start workflows, one a line.
pub(crate) fn listed(kind: &EventName, command: &str, served: &[(String, String)]) -> Vec<Part> {
    if served.is_empty() {
        return vec![plain("No workflow has a "), code(kind.as_str()), plain(" trigger yet.")];
    }
    on_lines(
        served
            .iter()
            .map(|(text, title)| vec![code(format!("{command} {text}")), plain(format!(" {title}"))]),
    )
}

/// All commands, one a line. `called` is what people there call a pull request.
pub(crate) fn help(
    kind: &EventName,
    address: Address<'_>,
    served: &[(String, String)],
    called: &str,
) -> CommandAnswer {
    let starts = listed(kind, address.words, served);
    let starts = (!address.on_ticket || !served.is_empty()).then_some(starts);
    let others = COMMANDS.iter().filter(|command| !command.starts_workflows);
    let others = others.filter_map(|command| lines(command, address, called).into_iter().next());
    CommandAnswer::to_person([strong(format!("Ticketsmith turns tickets into {called}s."))])
        .section(on_lines(starts.into_iter().chain(others)))
}

/// One command: every form, and notes. `called` is as for [`help`].
pub(crate) fn explain(
    word: CommandWord,
    kind: &EventName,
    address: Address<'_>,
    served: &[(String, String)],
    called: &str,
) -> CommandAnswer {
    let command = word.spec();
    let starts = |(text, _): &&(String, String)| text.split_whitespace().next() == Some(command.name);
    let parts = match command.starts_workflows {
        true => listed(kind, address.words, &served.iter().filter(starts).cloned().collect::<Vec<_>>()),
        false => on_lines(lines(command, address, called)),
    };
    let answer = CommandAnswer::to_person(parts);
    match command.note {
        "" => answer,
        note => answer.section([plain(naming_pull_requests(note, called))]),
    }
}

/// The forms of a command, each with its meaning.
fn lines(command: &CommandSpec, address: Address<'_>, called: &str) -> Vec<Vec<Part>> {
    let line = |usage: String, purpose: &str| {
        let (usage, purpose) = (naming_pull_requests(&usage, called), naming_pull_requests(purpose, called));
        vec![code(format!("{} {}{usage}", address.words, command.name)), plain(format!(" {purpose}"))]
    };
    command.forms.iter().map(|form| line(form.usage(address.on_ticket), form.purpose)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_explained_in_the_words_of_the_code_host() {
        let address = Address { words: "@ticketsmith", on_ticket: false };
        let kind = EventName::from_static("pull_request.commented");
        let told = help(&kind, address, &[], "merge request").to_text();
        assert!(told.contains("turns tickets into merge requests."), "{told}");
        assert!(told.contains("asks for changes to its merge request"), "{told}");
        let told = explain(CommandWord::Revise, &kind, address, &[], "merge request").to_text();
        assert!(told.contains("merge request") && !told.contains("pull request"), "{told}");
    }
}
