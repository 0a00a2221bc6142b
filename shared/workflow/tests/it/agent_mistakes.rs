//! What is refused of steps of type `agent`, and what tools are told of them.

use crate::agents::{EACH, one};
use crate::nesting::workflow;
use crate::support::{catalog, found};
use domain::AgentDefinition;
use std::collections::BTreeMap;
use workflow::{Compilation, Environment, Source, compile, render};

#[test]
fn two_agents_at_a_time_on_one_branch_are_refused() {
    let beside = |one: &str, other: &str| {
        found(&workflow(&format!(
            "  - name: both
    type: parallel
    branches:
      one:
        - {{ name: first, type: agent, inputs: {{ {one} }} }}
      other:
        - name: maybe
          type: switch
          cases:
            - when: \"${{$exists(context.x)}}\"
              steps:
                - {{ name: second, type: agent, inputs: {{ {other} }} }}
"
        )))
    };
    for (one, other) in [
        ("", ""),
        ("branch: a", "branch_name: a"),
        ("branch: \"${ context.b }\"", "branch: \"${context.b}\""),
    ] {
        let told = beside(one, other);
        assert!(told.contains("`first` and `second` work on one branch at the same time"), "{told}");
    }
    for (one, other) in
        [("branch: a", "branch: b"), ("repository: a/b", "repository: a/c"), ("", "branch: b")]
    {
        let told = beside(one, other);
        assert!(!told.contains("work on one branch"), "{told}");
    }
    let each = EACH.replace("feature/${part}", "feature/x");
    assert!(
        found(&workflow(&each)).contains("`implement` works on one branch in 10 iterations at the same time")
    );
    let in_turn = each.replace("as: part", "as: part\n    max_concurrency: 1");
    assert!(!found(&workflow(&in_turn)).contains("works on one branch"));
    // A definition that reads the item tells iterations apart.
    let defined = format!(
        "variables: {{ own: \"x/${{part}}\" }}\n{}",
        workflow(&EACH.replace("feature/${part}", "${own}"))
    );
    assert!(!found(&defined).contains("works on one branch"), "{}", found(&defined));
}

fn knowing(text: &str) -> (Source, Compilation) {
    let agents = ["development", "reviewer"]
        .map(|name| (name.to_owned(), AgentDefinition { max_turns: 300, ..AgentDefinition::named(name) }));
    let environment = Environment { agents: Some(BTreeMap::from(agents)), ..Environment::default() };
    let source = Source::new("workflows/test.yaml", text);
    let compilation = compile(&source, &catalog(), &environment);
    (source, compilation)
}

#[test]
fn mistakes_are_told_with_what_is_accepted() {
    let told = |text: &str| {
        let (source, compilation) = knowing(text);
        render(&compilation.diagnostics, &source, false)
    };
    let agent = |more: &str| workflow(&format!("  - name: implement\n    type: agent\n{more}"));
    for (more, expected) in [
        ("    agent: reviwer\n", "there is no agent `reviwer`"),
        ("    agent: reviwer\n", "did you mean `reviewer`?"),
        ("    inputs: { agent: reviewer }\n", "the agent is not an input"),
        (
            "    inputs: { brunch: a }\n",
            "accepted: branch, context, continues, instructions, new_branch, repository, review, task",
        ),
        ("    inputs: { branch: 7 }\n", "`branch` takes text"),
        ("    outputs: { outcom: x }\n", "an agent has no output `outcom`"),
        ("    outputs: { outcom: x }\n", "did you mean `outcome`?"),
        ("    agnet: reviewer\n", "unknown key `agnet` in an agent step"),
        ("    prompt: x\n", "accepted: name, type, description, when, agent, inputs"),
    ] {
        assert!(told(&agent(more)).contains(expected), "{more}: {}", told(&agent(more)));
    }
    let text = agent("    outputs: { outcome: outcome }\n")
        + "  - { name: stop, type: fail, when: \"${outcome = 'blokked'}\", error: No, cause: \"${outcome.why}\" }\n";
    assert!(told(&text).contains("has no field `why`"), "{}", told(&text));
    let many = workflow(&EACH.replace("[a, b]", "${context.parts}").replace("max_items: 2", "max_items: 40"));
    assert!(told(&many).contains("may write"), "{}", told(&many));
}

#[test]
fn the_summary_tells_the_agent_and_its_bounds() {
    let (_, compilation) = knowing(&one("    agent: reviewer\n"));
    let summary = compilation.steps.iter().find_map(|step| step.agent.as_ref()).unwrap();
    assert_eq!(
        (summary.name.as_str(), summary.max_turns, summary.states.think.as_str()),
        ("reviewer", 300, "ImplementThink")
    );
    let definition = compilation.definition.as_ref().unwrap();
    for state in summary.states.all() {
        assert!(definition["States"].get(state).is_some(), "{state}");
    }
}
