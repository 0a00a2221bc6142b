//! The list of commands in `help`, in groups. The library has headings for options alone.

use clap::Command;

/// The command with its list of subcommands in these groups: the title of each, and the name of its first subcommand.
pub(crate) fn in_groups(command: Command, groups: &[(&str, &str)]) -> Command {
    // The library's own list, so that its width, wrapping and styles stay.
    let list = command.clone().help_template("{subcommands}").render_help();
    let header = *command.get_styles().get_header();
    let mut grouped = String::new();
    for (plain, styled) in list.to_string().lines().zip(list.ansi().to_string().lines()) {
        let title = groups.iter().find(|(_, first)| name_in(plain) == Some(*first));
        if let Some((title, _)) = title {
            grouped.push_str(&format!("\n{header}{title}:{header:#}\n"));
        }
        grouped.push_str(styled);
        grouped.push('\n');
    }
    // As the library's, with the list in place of its own.
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{grouped}\n{header}Options:{header:#}\n{{options}}{{after-help}}"
    );
    command.help_template(template)
}

/// The subcommand that a line of the list begins; `None` if it continues the description of one.
fn name_in(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?;
    rest.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::GROUPS;
    use clap::CommandFactory;

    fn title_in(line: &str) -> Option<&str> {
        let title = line.strip_suffix(':')?;
        (!title.starts_with(' ')).then_some(title)
    }

    #[test]
    fn every_command_is_in_a_group_and_what_comes_first_is_first() {
        let mut command = in_groups(crate::Arguments::command(), &GROUPS);
        for help in [command.render_help(), command.render_long_help()] {
            let help = help.to_string();
            let (list, options) = help.split_once("\nOptions:\n").unwrap();
            assert!(options.contains("--verbose") && options.contains("Exit codes:"), "{options}");
            let (_, list) = list.split_once("\n\nTry it:\n").unwrap();
            let mut listed = vec!["Try it"];
            listed.extend(list.lines().filter_map(|line| name_in(line).or_else(|| title_in(line))));
            let mut expected = Vec::new();
            for name in command.get_subcommands().map(Command::get_name) {
                let title = GROUPS.iter().find(|(_, first)| *first == name).map(|(title, _)| *title);
                expected.extend(title);
                expected.push(name);
            }
            assert_eq!(listed, expected);
            assert!(GROUPS.iter().all(|(title, _)| listed.contains(title)), "{listed:?}");
        }
    }
}
