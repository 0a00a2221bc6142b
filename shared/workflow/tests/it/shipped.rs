//! The workflows in `workflows/` compile, and `statemachines/` holds what they compile to.

use crate::support::{catalog, root};
use std::collections::BTreeMap;
use std::fs;
use workflow::{Environment, FolderCompilation, Source, compile_folder, render};

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(root().join("workflows")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
            sources.push(Source::new(format!("workflows/{name}"), fs::read_to_string(&path).unwrap()));
        }
    }
    sources
}

fn shipped() -> FolderCompilation {
    compile_folder(&sources(), &catalog(), &Environment::default())
}

#[test]
fn compile_without_a_word() {
    for (source, workflow) in sources().iter().flat_map(|source| {
        let compiled = shipped().workflows.into_iter().find(|workflow| workflow.name == source.name());
        compiled.map(|compiled| (source.clone(), compiled))
    }) {
        assert!(workflow.diagnostics.is_empty(), "{}", render(&workflow.diagnostics, &source, false));
    }
}

#[test]
fn generated_state_machines_are_up_to_date() {
    let folder = root().join("statemachines");
    let compiled = shipped();
    let mut expected = BTreeMap::from([("routes.json".to_owned(), compiled.routes_json())]);
    for workflow in &compiled.workflows {
        expected.insert(format!("{}.asl.json", workflow.name), workflow.definition_json().unwrap());
    }
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &expected {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    for (name, text) in &expected {
        let committed = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(committed == *text, "statemachines/{name} is stale: run ./check generate");
    }
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        // The list of functions comes from the functions' code, and the command line's tests hold it against that.
        if name == "functions.json" {
            continue;
        }
        assert!(expected.contains_key(&name), "statemachines/{name} comes from no workflow");
    }
}

#[test]
fn every_trigger_starts_development() {
    let routes = shipped().routes;
    let triggers: Vec<&str> =
        routes.workflows["development"].triggers.iter().map(|trigger| trigger.on.as_str()).collect();
    assert_eq!(triggers, ["ticket.labelled", "ticket.transitioned", "ticket.commented", "chat.command"]);
    assert!(routes.workflows["undo"].triggers.is_empty());
}
