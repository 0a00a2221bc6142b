//! What is refused, where, and with which help.

use crate::support::{catalog, compiled, environment, found, right};
use workflow::{Severity, Source, compile_folder};

/// A workflow of these steps, without declared inputs.
fn workflow(steps: &str) -> String {
    format!("name: Test\nsteps:\n{steps}")
}

/// Everything found: `line:column message`, then label and help.
fn told(text: &str) -> Vec<String> {
    let source = Source::new("workflows/test.yaml", text);
    let told = compiled(&source).diagnostics.into_iter().filter(|found| found.severity != Severity::Note);
    told.map(|found| {
        let rest: Vec<String> = found.label.into_iter().chain(found.help).collect();
        format!("{}:{} {} | {}", found.line, found.column, found.message, rest.join(" | "))
    })
    .collect()
}

/// Exactly one problem is found, and it says this.
#[track_caller]
fn refused(text: &str, parts: &[&str]) {
    let told = told(text);
    assert_eq!(told.len(), 1, "{told:#?}");
    for part in parts {
        assert!(told[0].contains(part), "`{part}` is not in {told:#?}");
    }
}

const FETCH: &str = "  - name: fetch
    plugin: task_management
    action: get_task
    inputs: { task_id: \"${task_id}\" }
    outputs: { task: task }
";

fn send(message: &str) -> String {
    let message = serde_json::to_string(message).unwrap();
    format!(
        "  - name: send\n    plugin: communication\n    action: send_message\n    inputs: {{ message: {message} }}\n"
    )
}

fn after_fetch(message: &str) -> String {
    workflow(&(FETCH.to_owned() + &send(message)))
}

#[test]
fn every_problem_is_found_in_one_run() {
    let text = "name: Test
steps:
  - name: fetch
    plugin: task_managment
    action: get_task
    input: {}
  - name: fetch
    plugin: version_control
    action: create_brunch
  - name: open
    plugin: version_control
    action: create_pull_request
    inputs: { titel: x, source_branch: 7 }
    on_error: explode
";
    let told = told(text);
    for part in [
        "4:13 `task_managment` is not a value of a plugin type | did you mean `task_management`?",
        "6:5 unknown key `input` in a plugin_action | did you mean `inputs`?",
        "7:11 two steps become the state `Fetch`",
        "9:13 there is no action `create_brunch` | did you mean `create_branch`?",
        "13:15 `create_pull_request` has no input `titel` | did you mean `title`?",
        "13:40 `source_branch` takes text, but this is a whole number | put it in quotes",
        "12:13 `create_pull_request` needs the input `title`",
        "14:15 `explode` is not a value of `on_error`",
    ] {
        assert!(told.iter().any(|line| line.starts_with(part)), "`{part}` is not in {told:#?}");
    }
}

#[test]
fn a_finding_shows_the_text_and_the_nearest_name() {
    let found = found(&after_fetch("Hello ${task.titel}"));
    assert_eq!(
        found.trim_end(),
        "error: `Task` has no field `titel`
  --> workflows/test.yaml:11:38
   |
11 |     inputs: { message: \"Hello ${task.titel}\" }
   |                                      ^^^^^ did you mean `title`?
   |
   = help: accepted: assignee, attachments, created, description, epic_link, id, labels, more_attachments, priority, project, repository_url, status, story_points, task_id, task_type, team, team_channel, title, updated, url"
    );
}

#[test]
fn names_that_mean_nothing_are_refused() {
    refused(&after_fetch("${tsk.title}"), &["11:27 nothing is called `tsk`", "did you mean `task`?"]);
    let declared = format!("inputs: {{ task_id: string }}\n{}", after_fetch("${number}"));
    refused(&declared, &["nothing is called `number`", "known here: task, task_id"]);
    refused(&workflow(&(send("${task.title}") + FETCH)), &["`task` is not set yet: step `fetch` sets it"]);
    refused(
        &after_fetch("${fetch.title}").replace("name: Test", "name: Test\ninputs: { task_id: string }"),
        &["`fetch` is a step, not a value"],
    );
    refused(
        &after_fetch("${$cuont(task.labels)}"),
        &["JSONata has no function `$cuont`", "did you mean `count`?"],
    );
}

#[test]
fn an_undefined_name_becomes_a_typed_input() {
    let route = right(&after_fetch("${greeting}")).route;
    assert_eq!(route.inputs["task_id"].kind.as_str(), "string");
    assert_eq!(route.inputs["greeting"].kind.as_str(), "string");
}

#[test]
fn one_name_means_one_thing() {
    let text = after_fetch("x") + "variables: { task: 1 }\n";
    refused(&text, &["`task` is a name under `variables:` and a variable that a step sets"]);
    let text = "inputs: { task_id: string, task: string }\n".to_owned() + &after_fetch("x");
    refused(&text, &["`task` is an input and a variable that a step sets"]);
    refused(
        &after_fetch("x").replace("task: task }", "task: sum }"),
        &["`sum` is the name of a JSONata function"],
    );
}

#[test]
fn a_short_name_that_could_mean_two_things_means_none() {
    let again = FETCH.replace("name: fetch", "name: again").replace("task: task", "task: parent");
    let fetch = FETCH.replace("task: task", "task: child");
    refused(
        &workflow(&(fetch.clone() + &again + &send("${task.title}"))),
        &["`task` could mean `child` or `parent`"],
    );
    right(&workflow(&(fetch + &again + &send("${child.title} of ${parent.title}"))));
}

#[test]
fn what_is_defined_is_jsonata_even_unused() {
    refused(&(after_fetch("x") + "variables: { a: \"${b +}\" }\n"), &["this is not JSONata"]);
    right(&(after_fetch("x") + "variables: { a: \"${whatever}\" }\n"));
}

#[test]
fn definitions_neither_circle_nor_waver() {
    let text = after_fetch("${a}") + "variables:\n  a: \"${b}\"\n  b: \"x${a}\"\n";
    let told = told(&text);
    assert!(told.iter().any(|line| line.contains("`a` is defined by itself: a → b → a")), "{told:?}");
    refused(
        &(after_fetch("${a}") + "variables: { a: \"${$now()}\" }\n"),
        &["`$now` cannot be used in a definition"],
    );
}

#[test]
fn values_that_cannot_be_used_so_are_refused() {
    refused(
        &after_fetch("about ${task}"),
        &["11:33 `Task` cannot be part of a text", "name one of its fields"],
    );
    refused(
        &after_fetch("${task.story_points > 3 ? 'big' : 'small'}"),
        &[
            "this may be `null`, and `>` cannot take it",
            "write `(task.story_points != null ? task.story_points : 0)`",
        ],
    );
    right(&after_fetch("${(task.story_points != null ? task.story_points : 0) > 3 ? 'big' : 'small'}"));
    right(&after_fetch("${task.story_points != null and task.story_points > 3 ? 'big' : 'small'}"));
    right(&after_fetch("${task.story_points = null or task.story_points <= 3 ? 'small' : 'big'}"));
    let backwards = "${task.story_points > 3 and task.story_points != null ? 'big' : 'small'}";
    refused(&after_fetch(backwards), &["this may be `null`, and `>` cannot take it"]);
    right(&after_fetch("${task.story_points != null ? $string(task.story_points + 1) : 'none'}"));
    refused(&after_fetch("${$string(task.title + 1)}"), &["`+` takes numbers, but this is text"]);
    refused(&after_fetch("${task}"), &["`message` takes text, but this is `Task`"]);
    refused(&after_fetch("${task.labels}"), &["`message` takes text, but this is a list (text)"]);
    let stored = "  - name: look\n    type: ai_action\n    action: analyze_codebase\n    inputs: { task: \"${task}\" }\n    outputs: { analysis: analysis }\n";
    let text = |message: &str| workflow(&(FETCH.to_owned() + stored + &send(message)));
    refused(&text("${analysis.ref}"), &["a stored `Analysis` cannot be read in expressions"]);
    refused(&text("see ${analysis}"), &["a stored `Analysis` cannot be part of a text"]);
}

#[test]
fn expressions_that_step_functions_refuses_are_refused() {
    refused(&after_fetch("${task.url ?? 'none'}"), &["has no `??`", "write `x != null ? x : y`"]);
    refused(&after_fetch("${$states.input}"), &["`$states` is the compiled document's own"]);
    refused(&after_fetch("${task.title &}"), &["this is not JSONata"]);
    let foreign = "${task.title == 'x' ? 'a' : 'b'}";
    refused(&after_fetch(foreign), &["this is not JSONata", "JSONata writes `=` for `==`"]);
    refused(&after_fetch("${task.title"), &["11:25 this `${` has no `}`"]);
    refused(&after_fetch("${}"), &["this expression is empty"]);
    refused(&after_fetch("${$.title}"), &["`$` means nothing here"]);
}

#[test]
fn paths_inside_filters_belong_to_the_item() {
    let list = "  - name: list\n    plugin: task_management\n    action: get_project_tasks\n    outputs: { tasks: tasks }\n";
    let text = |message: &str| workflow(&(list.to_owned() + &send(message)));
    right(&text("${$join(tasks[status = 'Open'].title, ', ')}"));
    right(
        &text("${$string($count(tasks[$contains(title, wanted)]))}")
            .replace("wanted", "$wanted")
            .replace("name: Test", "name: Test\ninputs: { wanted: string }"),
    );
    refused(
        &text("${$string($count(tasks[stauts = 'Open']))}"),
        &["has no field `stauts`", "did you mean `status`?"],
    );
    refused(&text("${$string($count(tasks[story_points > 3]))}"), &["this may be `null`"]);
}

#[test]
fn outputs_of_an_action_are_known() {
    refused(
        &after_fetch("x").replace("{ task: task }", "{ ticket: task }"),
        &["`get_task` has no output `ticket`", "accepted: task"],
    );
}

#[test]
fn steps_need_a_type_and_a_way_to_be_reached() {
    refused(
        &workflow("  - { name: all, type: paralel, branches: {} }\n"),
        &[
            "`paralel` is not a value of a step's `type`",
            "did you mean `parallel`?",
            "accepted: plugin_action",
        ],
    );
    refused(&workflow("  - { name: all }\n"), &["a step needs `plugin:` or `type:`"]);
    let dead = "  - { name: stop, type: fail, error: E, cause: c }\n".to_owned() + &send("x");
    refused(&workflow(&dead), &["`send` never runs: `stop` always ends the workflow"]);
}

#[test]
fn prompts_read_only_the_inputs_of_their_step() {
    let ai = |template: &str, inputs: &str| {
        workflow(&format!(
            "{FETCH}  - name: write\n    type: ai_action\n    action: generate_code\n    prompt_template: {template}\n    inputs: {{ task: \"${{task}}\"{inputs} }}\n"
        ))
    };
    right(&ai("./prompts/custom.md", ", instructions: kind"));
    refused(
        &ai("prompts/custom.md", ""),
        &["uses `instructions`, which is not an input of this step", "inputs: task"],
    );
    refused(
        &ai("prompts/custom.md", ", instructions: x, tone: kind"),
        &["`generate_code_implementation` has no input `tone`"],
    );
    refused(
        &ai("prompts/costum.md", ""),
        &["there is no prompt template `prompts/costum.md`", "did you mean `prompts/custom.md`?"],
    );
    let agent = ai("prompts/custom.md", ", instructions: kind")
        .replace("action: generate_code", "action: generate_code\n    agent: devlopment");
    refused(&agent, &["`devlopment` is not a value of `agent`", "did you mean `development`?"]);
}

#[test]
fn triggers_supply_the_inputs() {
    let with = |trigger: &str| format!("triggers:\n  - {trigger}\n{}", after_fetch("x"));
    for trigger in [
        "jira.labelled: { label: agent }",
        "jira.transitioned: { to: Ready, from: New, concurrency: any }",
        "slack.command: { text: \"run {task_id}\" }",
        "schedule: { cron: \"0 6 ? * MON-FRI *\", with: { task_id: SHOP-1 } }",
    ] {
        right(&with(trigger));
    }
    refused(
        &with("slack.command: { text: run }"),
        &["2:5 slack.command cannot supply the input `task_id`", "capture it"],
    );
    refused(&with("slack.mentioned"), &["slack.mentioned cannot supply the input `task_id`"]);
    refused(
        &with("jira.labeled: { label: agent }"),
        &["`jira.labeled` is not a trigger", "did you mean `jira.labelled`?"],
    );
    refused(
        &with("jira.labelled: { labels: agent }").replace("labels: agent", "label: agent, labels: x"),
        &["`labels` is not a condition of jira.labelled"],
    );
    refused(
        &with("schedule: { cron: \"0 6 ? * MON-FRI *\", with: { task_id: 7 } }"),
        &["2:5 input `task_id` must be of type string, but is 7"],
    );
    refused(&with("jira.labelled"), &["jira.labelled needs `label:`"]);
    refused(
        &with("schedule: { cron: \"* * * * *\", with: { task_id: A } }"),
        &["is not a cron expression", "six fields"],
    );
}

#[test]
fn a_rollback_names_only_what_the_effect_knows() {
    let branch = |rollback: &str| {
        workflow(&format!(
            "{FETCH}  - name: open\n    plugin: version_control\n    action: create_pull_request\n    inputs: {{ source_branch: b, title: \"${{task.title}}\" }}\n    rollback: {rollback}\n"
        ))
    };
    right(&branch("{ action: close_pull_request, inputs: { number: \"${output.number}\" } }"));
    right(&branch("{ action: delete_branch, inputs: { branch: \"${source_branch}\" } }"));
    refused(
        &branch("{ action: close_pull_request, inputs: { number: \"${output.numbr}\" } }"),
        &["the output of `create_pull_request` has no `numbr`", "did you mean `number`?"],
    );
    refused(
        &branch("{ action: delete_branch, inputs: { branch: \"${task.title}\" } }"),
        &["a rollback's input is a plain value"],
    );
    refused(&branch("{ action: delete_branch }"), &["`delete_branch` needs the input `branch`"]);
}

#[test]
fn the_example_of_the_language_is_right() {
    right(
        "name: Development
description: A labeled ticket becomes a reviewed pull request
version: \"2.0.0\"
triggers:
  - jira.labelled:     { label: agent }
  - schedule:          { cron: \"0 6 ? * MON-FRI *\", with: { task_id: SHOP-1 } }
inputs:
  task_id: string
  max_cost_usd: { type: number, default: 10 }
variables:
  branch_name: \"feature/${task.task_id}\"
steps:
  - { name: fetch, plugin: task_management, action: get_task, inputs: { task_id: \"${task_id}\" }, outputs: { task: task } }
  - name: create_pull_request
    description: Optional, for people
    type: plugin_action
    plugin: version_control
    action: create_pull_request
    inputs:  { repository: \"${task.repository_url}\", source_branch: \"${branch_name}\", title: \"${task.title}\" }
    outputs: { pr_url: \"pr.url\", number: \"pr.number\" }
    when: \"${task.priority != 'Low'}\"
    timeout: 60s
    on_error: rollback
    retry_count: 2
    retry: { max_attempts: 3, base_delay: 1s, max_delay: 30s, backoff: 2, jitter: true }
    rollback: { action: close_pull_request, inputs: { number: \"${output.number}\" } }
outputs:
  pull_request: \"${pr.url}\"
",
    );
}

#[test]
fn findings_are_json_as_well() {
    let source = Source::new("workflows/test.yaml", after_fetch("${task.titel}"));
    let json = serde_json::to_value(&compiled(&source).diagnostics).unwrap();
    assert_eq!(json[0]["severity"], "error");
    assert_eq!(
        (json[0]["line"].as_u64(), json[0]["label"].as_str()),
        (Some(11), Some("did you mean `title`?"))
    );
}

#[test]
fn workflows_of_a_folder_are_checked_together() {
    let text = |trigger: &str| {
        format!("triggers: [{{ jira.labelled: {{ label: {trigger} }} }}]\n{}", after_fetch("x"))
    };
    let sources = [
        Source::new("workflows/b.yaml", text("agent")),
        Source::new("workflows/a.yaml", text("agent")),
        Source::new("other/a.yml", text("other")),
    ];
    let compiled = compile_folder(&sources, &catalog(), &environment());
    let told: Vec<String> = compiled
        .workflows
        .iter()
        .flat_map(|workflow| &workflow.diagnostics)
        .map(|told| format!("{}: {}", told.path, told.message))
        .collect();
    assert_eq!(
        told,
        [
            "workflows/a.yaml: two workflows are called `a`",
            "workflows/b.yaml: `a` starts on the same jira.labelled event, and comes first"
        ]
    );
    assert!(compiled.has_errors());
    assert_eq!(compiled.routes.workflows.keys().collect::<Vec<_>>(), ["a", "b"]);
}
