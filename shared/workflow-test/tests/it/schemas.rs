//! What is sent and what is given is held against the schemas of the actions.

use crate::support::{passes, refused, report};

const WORKFLOW: &str = r#"
name: Small
triggers: [{ schedule: { cron: "0 8 ? * MON-FRI *", with: { labels: [nightly], title: Sweep } } }]
inputs: { labels: any, title: { type: any, required: false } }
steps:
  - name: make
    plugin: task_management
    action: create_task
    inputs: { project: P, title: "${title}", description: x, labels: "${labels}" }
    outputs: { task_id: made }
outputs: { made: "${made}" }
"#;

#[tokio::test]
async fn a_call_that_the_real_action_would_refuse_fails_a_case() {
    let tests = "defaults: from_schema
cases:
  - { name: a text for a list, inputs: { labels: P-1, title: t }, expect: { outcome: succeeded } }
  - { name: nothing for a title, inputs: { labels: [P-1] }, expect: { outcome: succeeded } }
  - { name: right, inputs: { labels: [P-1], title: t }, expect: { outcome: succeeded } }
";
    let report = report(WORKFLOW, tests, &[]).await.unwrap();
    let problems: Vec<&[String]> = report.cases.iter().map(|case| case.problems.as_slice()).collect();
    assert!(problems[0][0].contains("`make` was sent what create_task refuses at `/labels`"), "{problems:?}");
    assert_eq!(problems[1], ["`make` was sent what create_task refuses: it lacks `title`"]);
    assert!(problems[2].is_empty());
    assert!(!report.passed());
}

#[tokio::test]
async fn a_schedule_gives_the_inputs_of_its_trigger() {
    let tests = "defaults: from_schema
cases:
  - { name: as it is, trigger: { schedule: {} }, expect: { inputs: { make: { labels: [nightly], title: Sweep } } } }
  - { name: otherwise, trigger: { schedule: { title: Other } }, expect: { inputs: { make: { labels: [nightly], title: Other } } } }
  - { name: unknown, trigger: { schedule: { titel: Other } }, expect: { outcome: not_started } }
";
    passes(WORKFLOW, tests).await;
}

#[tokio::test]
async fn an_empty_list_expects_that_a_step_is_not_called() {
    let tests = |title: &str| {
        format!(
            "defaults: from_schema
cases:
  - {{ name: a, inputs: {{ labels: [], title: {title} }}, expect: {{ outcome: succeeded, inputs: {{ tell: [] }} }} }}
"
        )
    };
    let workflow = "name: Small
inputs: { labels: array, title: string }
steps:
  - { name: tell, when: \"${title = 'loud'}\", plugin: communication, action: send_message, inputs: { message: \"${title}\" } }
";
    passes(workflow, &tests("quiet")).await;
    assert!(!report(workflow, &tests("loud"), &[]).await.unwrap().passed());
}

/// An event with a mistyped field would start nothing, as some cases expect.
#[tokio::test]
async fn a_trigger_has_the_fields_of_its_event() {
    for (fields, told) in [
        ("lable: go, task_id: P-1", "jira.labelled has no field `lable`"),
        ("label: go, task_id: 5", "`task_id` of jira.labelled is of type string, but this is 5"),
    ] {
        let tests = format!(
            "cases:\n  - {{ name: a, trigger: {{ jira.labelled: {{ {fields} }} }}, expect: {{ outcome: not_started }} }}\n"
        );
        let found = refused(WORKFLOW, &tests).await;
        assert!(found.contains(told), "{found}");
    }
}

#[tokio::test]
async fn a_canned_result_that_is_none_of_the_action_is_refused() {
    let tests = "cases:
  - name: a number for a text
    inputs: { labels: [P-1], title: t }
    steps: { make: { result: { task_id: 7, url: null } } }
    expect: { outcome: succeeded }
";
    let told = refused(WORKFLOW, tests).await;
    assert!(
        told.contains("the result of `make` does not fit the output of create_task at `/task_id`"),
        "{told}"
    );
}

/// What would be taken for something that is not mentioned, or is impossible, passes no case in silence.
#[tokio::test]
async fn what_would_compare_nothing_is_refused() {
    for (case, told) in [
        ("expect: { outputs: }", "`outputs:` is empty, and would compare nothing"),
        ("expect: {}", "`expect:` is empty, and would compare nothing; name at least an `outcome:`"),
        ("expect: { outcome: failed, cost: {} }", "`cost:` is empty, and would compare nothing"),
        ("expect: { path_contains: [] }", "`path_contains:` is empty, and would compare nothing"),
        ("expect: { outcome: failed, cause: '' }", "`cause:` is empty, and would compare nothing"),
        (
            "expect: { outcome: not_started, outputs: { made: P-1 } }",
            "where nothing starts, only `cause:` can be compared",
        ),
        (
            "steps: { make: [{ error: Throttled, times: 0 }] }, expect: { outcome: succeeded }",
            "`times:` of `make` is 0, so that the answer is for no call",
        ),
        (
            "steps: { make: { error: Throttled, cost_usd: -1 } }, expect: { outcome: failed }",
            "`cost_usd:` of `make` is -1; accepted: 0 or more dollars",
        ),
    ] {
        let tests = format!(
            "defaults: from_schema\ncases:\n  - {{ name: c, inputs: {{ labels: [P-1], title: t }}, {case} }}\n"
        );
        let found = refused(WORKFLOW, &tests).await;
        assert!(found.contains(told), "{case}: {found}");
    }
}
