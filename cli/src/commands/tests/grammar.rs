//! That every command people can say has one at the command line, and `docs/commands.md`, written from the table of commands.

use clap::CommandFactory;
use domain::command::COMMANDS;
use std::fmt::Write as _;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");

const HEAD: &str = "\
# Commands

The same words work everywhere: after the slash command in Slack and Discord (`/ticketsmith status SHOP-1`), after a mention in a comment or a
message (`@ticketsmith status` on GitHub, GitLab, Jira, Linear, in Slack and, with `serve --pull`, in Discord), and at the command line
(`ticketsmith status SHOP-1`). On a ticket, or on a pull request that Ticketsmith opened for it, the ticket need not be named. This page and
`help` are generated from one table; `help WORD` explains one word.

A misspelled word does nothing; the answer suggests the one that was probably meant. A sentence after a mention on a ticket with a pull request is
a request to revise it, unless it looks like a misspelled command. A command that names another ticket than the one it is written on
does nothing; `status` and `costs` show the other one. In a chat and at the command line, a pull request of ours may be named in place of its
ticket.

| in a chat or a comment | what it does |
|---|---|
";

fn page() -> String {
    let mut text = HEAD.to_owned();
    for command in COMMANDS {
        for form in command.forms {
            let usage = form.usage(false);
            let starts = if command.starts_workflows { ", if a workflow has a trigger for it" } else { "" };
            let _infallible = writeln!(text, "| `{}{usage}` | {}{starts} |", command.name, form.purpose);
        }
    }
    text.push_str("\n## Good to know\n\n");
    for command in COMMANDS.iter().filter(|command| !command.note.is_empty()) {
        let _infallible = writeln!(text, "- **{}**: {}", command.name, command.note);
    }
    text.push_str("\n## At the command line\n\n```\n");
    let mut root = crate::Arguments::command();
    root.build();
    for command in COMMANDS {
        let usage = root.find_subcommand_mut(command.name).map(|found| found.render_usage().to_string());
        let usage = usage.unwrap_or_default();
        for line in usage.lines() {
            let _infallible = writeln!(text, "{}", line.trim_start_matches("Usage: ").trim());
        }
    }
    text.push_str("```\n");
    text
}

#[test]
fn generated_commands_are_up_to_date() {
    let fresh = page();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(PATH, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(committed == fresh, "docs/commands.md is stale: run ./check generate");
}

#[test]
fn every_word_is_a_command_at_the_command_line() {
    let mut root = crate::Arguments::command();
    root.build();
    for command in COMMANDS {
        assert!(root.find_subcommand(command.name).is_some(), "there is no `ticketsmith {}`", command.name);
    }
}
