use super::*;
use domain::execution::ExecutionInput;
use domain::{ActionId, EventName, MicroUsd};
use insta::assert_snapshot;
use records::{Cost, CostRecord, StepRecord};
use serde_json::{Map, json};

fn at(seconds: i64) -> Timestamp {
    "2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn step(state: &str, action: ActionId, status: StepStatus, from: i64, to: Option<i64>) -> StepRecord {
    StepRecord {
        execution: "jira-SHOP-1-ab".into(),
        state: state.into(),
        action,
        status,
        attempts: 1,
        started_at: at(from),
        ended_at: to.map(at),
        error: None,
        cause: None,
    }
}

fn view(outcome: Outcome, steps: Vec<StepRecord>) -> ExecutionView {
    ExecutionView {
        execution: ExecutionRecord {
            name: "jira-SHOP-1-ab".into(),
            workflow: "development".into(),
            trigger: EventName::from_static("jira.labelled"),
            delivery: "d".into(),
            project: Some("SHOP".into()),
            task_id: Some("SHOP-1".into()),
            actor: None,
            input: ExecutionInput {
                inputs: Map::new(),
                event: Map::new(),
                project: None,
                actor: None,
                parent: None,
                grant: None,
                token: None,
            },
            outcome,
            arn: None,
            begun_at: at(0),
            started_at: Some(at(0)),
            ended_at: outcome.is_final().then(|| at(133)),
            error: None,
            cause: None,
            output: None,
            question: None,
            stop_requested_by: None,
            check_at: None,
            checks: 0,
            claims_task: true,
            effects_left: None,
            undone_by: None,
            continues: None,
            continued_by: None,
        },
        steps,
        agent_executions: Vec::new(),
        costs: vec![CostRecord {
            id: "1".into(),
            at: at(60),
            account: "ada".into(),
            project: None,
            task_id: None,
            execution: "jira-SHOP-1-ab".into(),
            state: "GenerateCodeImplementation".into(),
            action: ActionId::literal("generate_code_implementation"),
            provider: "anthropic".into(),
            model: "claude-sonnet-5-5".into(),
            usage: None,
            cost: Cost::Priced(MicroUsd(123_400)),
            remark: None,
        }],
        sessions: Vec::new(),
        at_work: Vec::new(),
        asks: false,
        waits: false,
        reserves: false,
        progress: None,
    }
}

#[test]
fn while_it_runs() {
    let steps = vec![
        step("GetTask", ActionId::literal("get_task"), StepStatus::Succeeded, 0, Some(1)),
        step(
            "GenerateCodeImplementation",
            ActionId::literal("generate_code_implementation"),
            StepStatus::Succeeded,
            1,
            Some(74),
        ),
        StepRecord {
            attempts: 2,
            ..step("CreateBranch", ActionId::literal("create_branch"), StepStatus::Running, 74, None)
        },
    ];
    assert_snapshot!(render(&view(Outcome::Running, steps), PullRequestWords::default(), None, false, None), @"
    👀 **Development** is at work on SHOP-1

    - ✅ Get task · 1.0 s
    - ✅ Generate code implementation · 1m 13s · $0.1234
    - ⏳ Create branch · tried 2 times

    Cost so far $0.1234 · `jira-SHOP-1-ab`
    ");
}

#[test]
fn an_agents_turns_are_one_line() {
    let turn = |state: &str, action, from, to| step(state, action, StepStatus::Succeeded, from, to);
    let (think, tools) = (ActionId::literal("think"), ActionId::literal("run_tools"));
    let mut steps = vec![
        step("Implement.0", ActionId::literal("open_session"), StepStatus::Succeeded, 0, Some(5)),
        turn("ImplementThink.0.0", think.clone(), 5, Some(20)),
        turn("ImplementRunTools.0.0", tools.clone(), 20, Some(21)),
        turn("ImplementThink.0.1", think.clone(), 21, Some(60)),
        turn("ImplementRunTools.0.1", tools, 60, Some(61)),
    ];
    let shown = |steps: &[StepRecord], outcome| {
        let mut view = view(outcome, steps.to_vec());
        view.costs[0].state = "ImplementThink.0.1".into();
        let text = render(&view, PullRequestWords::default(), None, false, None);
        text.lines().filter(|line| line.starts_with("- ")).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(shown(&steps, Outcome::Running), @"- ⏳ Implement (1) · 2 turns · $0.1234");
    assert_snapshot!(shown(&steps, Outcome::Succeeded), @"- ✅ Implement (1) · 1m 1s · 2 turns · $0.1234");
    steps.push(StepRecord {
        cause: Some("the key is not valid".into()),
        ..step("ImplementThink.0.2", think, StepStatus::Failed, 61, Some(62))
    });
    assert_snapshot!(shown(&steps, Outcome::Running), @"- ❌ Implement (1) · 1m 2s · 2 turns · $0.1234 · the key is not valid");
    // Other loops and other iterations are separate lines.
    steps.push(step("Think.3", ActionId::literal("think"), StepStatus::Running, 62, None));
    steps.push(step("ImplementThink.1.0", ActionId::literal("think"), StepStatus::Running, 62, None));
    assert_eq!(shown(&steps, Outcome::Running).lines().count(), 3);
}

#[test]
fn when_it_succeeded() {
    let words = PullRequestWords::default();
    let link = PullRequestLink { words, number: 12, url: "https://github.com/acme/shop/pull/12".into() };
    let skipped = StepRecord {
        cause: Some("the project has no documentation".into()),
        ..step("Document", ActionId::literal("create_page_from_template"), StepStatus::Skipped, 74, Some(74))
    };
    assert_snapshot!(render(&view(Outcome::Succeeded, vec![skipped]), PullRequestWords::default(), Some(&link), false, None), @"
    ✅ **Development** on SHOP-1 is done

    - ⏭️ Document · skipped: the project has no documentation

    **Pull request:** [#12](https://github.com/acme/shop/pull/12)

    Cost $0.1234 · took 2m 13s · `jira-SHOP-1-ab`
    ");
}

#[test]
fn a_pull_request_is_called_as_its_code_host_calls_it() {
    let words = PullRequestWords { term: "Merge request", sign: "!" };
    let link =
        PullRequestLink { words, number: 1, url: "https://git.example/acme/shop/-/merge_requests/1".into() };
    let shown =
        render(&view(Outcome::Succeeded, Vec::new()), PullRequestWords::default(), Some(&link), false, None);
    let expected = "\n**Merge request:** [!1](https://git.example/acme/shop/-/merge_requests/1)\n";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn when_it_succeeded_without_what_its_workflow_gives() {
    let headline = |output: serde_json::Value| {
        let mut view = view(Outcome::Succeeded, Vec::new());
        view.execution.output = Some(output);
        render(&view, PullRequestWords::default(), None, false, None).lines().next().unwrap().to_owned()
    };
    let done = "✅ **Development** on SHOP-1 is done";
    for (output, expected) in [
        (
            serde_json::json!({"pull_request": null}),
            "⏹️ **Development** on SHOP-1 ended without a pull request",
        ),
        (
            serde_json::json!({"pull_request": "u", "commit": null}),
            "⏹️ **Development** on SHOP-1 ended without a commit",
        ),
        (serde_json::json!({"pull_request": "u", "commit": "c"}), done),
        (serde_json::json!({"branch": null}), done),
        (serde_json::json!("x"), done),
    ] {
        assert_eq!(headline(output.clone()), expected, "{output}");
    }
    let mut view = view(Outcome::Succeeded, Vec::new());
    view.execution.output = Some(serde_json::json!({"pull_request": null}));
    let words = PullRequestWords { term: "Merge request", sign: "!" };
    let text = render(&view, words, None, false, None);
    assert!(text.starts_with("⏹️ **Development** on SHOP-1 ended without a merge request\n"), "{text}");
}

#[test]
fn when_it_failed() {
    let steps =
        vec![step("CreateBranch", ActionId::literal("create_branch"), StepStatus::Failed, 0, Some(12))];
    let mut view = view(Outcome::Failed, steps);
    view.execution.cause = Some("the branch exists at another commit\nTaken back: nothing.".into());
    view.costs[0].cost = Cost::Unknown { booked: MicroUsd(500_000) };
    assert_snapshot!(render(&view, PullRequestWords::default(), None, false, None), @"
    ❌ **Development** on SHOP-1 failed at *Create branch*

    - ❌ Create branch · 12 s

    > the branch exists at another commit
    > Taken back: nothing.

    Cost $0.5000 · took 2m 13s (including a call of unknown price at its worst case) · `jira-SHOP-1-ab`
    ");
}

#[test]
fn what_was_said_means_itself() {
    let hostile =
        "[sign in](https://evil.example) @acme/team\n- [x] ![](https://evil.example) <b>\u{202e}fixes #1";
    let failed = StepRecord {
        cause: Some(hostile.to_owned()),
        ..step("CreateBranch", ActionId::literal("create_branch"), StepStatus::Failed, 0, Some(12))
    };
    let mut view = view(Outcome::Failed, vec![failed]);
    for has_cause in [false, true] {
        view.execution.cause = has_cause.then(|| hostile.to_owned());
        let text = render(&view, PullRequestWords::default(), None, false, None);
        for form in ["in](", "@acme", "![", "<b>", "\u{202e}", " #1", "> - "] {
            assert!(!text.contains(form), "{form} in {text}");
        }
        assert!(text.contains("\\[sign in\\]"), "{text}");
    }
}

#[test]
fn after_an_undo() {
    let mut view = view(Outcome::Succeeded, Vec::new());
    view.execution.undone_by = Some("slack-SHOP-1-cd".into());
    let text = render(&view, PullRequestWords::default(), None, false, None);
    assert!(text.contains("\n↩️ Its effects were undone by `slack-SHOP-1-cd`.\n"), "{text}");
}

#[test]
fn a_redrive_and_what_it_continues_name_each_other() {
    let mut failed = view(Outcome::Failed, Vec::new());
    failed.execution.continued_by = Some("slack-SHOP-1-cd".into());
    let text = render(&failed, PullRequestWords::default(), None, false, None);
    assert!(text.contains("\n▶️ It is continued by `slack-SHOP-1-cd`.\n"), "{text}");
    let mut redrive = view(Outcome::Running, Vec::new());
    redrive.execution.continues = Some("jira-SHOP-1-ab".into());
    let text = render(&redrive, PullRequestWords::default(), None, false, None);
    assert!(text.contains("\n▶️ It continues `jira-SHOP-1-ab`; completed steps are not repeated"), "{text}");
}

#[test]
fn an_undo_names_what_it_takes_back() {
    let step =
        step("CreateBranch.0/undo", ActionId::literal("delete_branch"), StepStatus::Succeeded, 0, Some(1));
    let text = render(&view(Outcome::Succeeded, vec![step]), PullRequestWords::default(), None, false, None);
    assert!(text.contains("- ✅ Undo create branch (1) · 1.0 s\n"), "{text}");
}

#[test]
fn a_step_says_why_it_failed_where_nothing_else_does() {
    let mut failed = step("NotifyTeam", ActionId::literal("send_message"), StepStatus::Failed, 0, Some(1));
    failed.cause = Some("Slack: the channel is archived\nmore".to_owned());
    let told =
        render(&view(Outcome::Succeeded, vec![failed]), PullRequestWords::default(), None, false, None);
    assert!(told.contains("❌ Notify team · 1.0 s · Slack: the channel is archived\n"), "{told}");
}

#[test]
fn durations_are_as_exact_as_they_are_long() {
    for (seconds, expected) in [(0, "0.0 s"), (59, "59 s"), (133, "2m 13s"), (3905, "1h 5m")] {
        assert_eq!(duration(at(0), at(seconds)), expected);
    }
    assert_eq!(duration(at(5), at(0)), "0.0 s");
}

#[test]
fn a_long_loop_shows_its_last_steps() {
    let steps = (0..100)
        .map(|index| {
            step(
                &format!("GetTask.{index}"),
                ActionId::literal("get_task"),
                StepStatus::Succeeded,
                index,
                Some(index),
            )
        })
        .collect();
    let text = render(&view(Outcome::Running, steps), PullRequestWords::default(), None, false, None);
    assert!(text.contains("- … 40 earlier steps\n- ✅ Get task (41) · "), "{text}");
}

#[test]
fn a_command_about_a_ticket_that_does_not_exist_is_refused() {
    let mut execution = view(Outcome::Failed, Vec::new()).execution;
    execution.cause = Some("Jira has no ticket SHOP-1".into());
    assert_eq!(refused(&execution), "⛔ Jira has no ticket SHOP-1\n\n`jira-SHOP-1-ab`");
    execution.workflow = "planning".into();
    let inputs = json!({"requirements": "shop-1", "task_id": "SHOP-1"});
    execution.input.inputs = inputs.as_object().unwrap().clone();
    let expected =
        "Jira has no ticket SHOP-1; to plan these words as a text, put them in quotation marks\n\n";
    assert!(refused(&execution).contains(expected), "{}", refused(&execution));
}
