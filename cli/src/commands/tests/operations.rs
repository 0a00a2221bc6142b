//! That every operation of the API has a command, and every command about the API an operation.

use clap::CommandFactory;
use std::collections::{BTreeMap, BTreeSet};

/// The operations of each noun.
const ALL: &[&[(&str, &str)]] = &[
    super::agent::OPERATIONS,
    super::approval::OPERATIONS,
    super::audit::OPERATIONS,
    super::auth::OPERATIONS,
    super::budget::OPERATIONS,
    super::cost::OPERATIONS,
    super::evidence::OPERATIONS,
    super::execution::OPERATIONS,
    super::person::OPERATIONS,
    super::plugin::OPERATIONS,
    super::project::OPERATIONS,
    super::task::OPERATIONS,
    super::token::OPERATIONS,
    super::user::OPERATIONS,
    super::workflow::served::OPERATIONS,
];

/// The operations that only `ticketsmith api PATH` asks for, with the reason.
const ONLY_BY_PATH: &[(&str, &str)] = &[
    ("get_health", "monitoring asks for it; people see that `serve` answers"),
    ("begin_link", "`link` does the same in the records"),
    ("confirm_link", "`link --confirm` does the same in the records"),
    ("list_accounts", "`link` lists them from the records"),
    ("separate_account", "`link --remove` does the same in the records"),
    ("show_link", "`link CODE` shows the same from the records"),
    ("get_notices", "`notify` shows the same from the records"),
    ("choose_notices", "`notify` chooses the same in the records"),
    ("get_workflow_status", "another path to what `execution view` shows"),
    ("get_openapi", "programs read the contract; it is no answer for people"),
];

#[test]
fn every_operation_has_a_command() {
    let contract = serde_json::to_value(::api::openapi()).unwrap();
    let methods =
        contract["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let offered: BTreeSet<String> =
        methods.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect();
    let mut used = BTreeMap::new();
    for (operation, command) in ALL.iter().flat_map(|noun| noun.iter()) {
        assert!(used.insert((*operation).to_owned(), *command).is_none(), "{operation} has two commands");
    }
    for (operation, reason) in ONLY_BY_PATH {
        assert!(!reason.is_empty() && used.insert((*operation).to_owned(), "api").is_none(), "{operation}");
    }
    let used_names: BTreeSet<String> = used.keys().cloned().collect();
    assert_eq!(used_names, offered, "an operation has no command, or a command's operation does not exist");
    let root = crate::Arguments::command();
    for (operation, command) in used {
        let found = command.split(' ').try_fold(&root, |command, word| command.find_subcommand(word));
        assert!(found.is_some(), "{operation}: there is no command `{command}`");
    }
}

#[test]
fn every_command_about_the_api_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(crate::Arguments::command(), folder.path()).unwrap();
    for command in
        ["ticketsmith", "ticketsmith-execution-watch", "ticketsmith-token-create", "ticketsmith-api"]
    {
        let page = std::fs::read_to_string(folder.path().join(format!("{command}.1"))).unwrap();
        assert!(page.contains(".SH NAME"), "{command}");
    }
}
