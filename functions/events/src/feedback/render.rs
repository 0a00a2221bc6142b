//! The progress comment's text, derived only from the records.

use crate::reason::title;
use domain::execution::Outcome;
use domain::text::{TextLimit, cut, literal};
use jiff::{SignedDuration, Timestamp};
use records::{CostTotal, ExecutionView, ShownStep, StepStatus};
use std::fmt::Write;

/// The longest reason that is shown, in characters; `status` shows all of it.
const REASON_LIMIT: TextLimit = TextLimit::characters(2_000);

/// The maximum number of steps listed: comments have a size limit, but workflows with loops do not.
const STEPS_LIMIT: usize = 60;

/// A pull request that an execution opened or used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PullRequestLink {
    pub(crate) number: u64,
    pub(crate) url: String,
}

/// The comment in Markdown. Independent of the current time, so that the same records always give the same comment.
pub(crate) fn render(view: &ExecutionView, pull_request: Option<&PullRequestLink>, in_line: bool) -> String {
    let execution = &view.execution;
    let mut text = headline(view, in_line);
    text.push_str("\n\n");
    let steps = view.shown_steps();
    let hidden = steps.len().saturating_sub(STEPS_LIMIT);
    if hidden > 0 {
        let _ = writeln!(text, "- … {hidden} earlier steps");
    }
    for step in steps.iter().skip(hidden) {
        let _ = writeln!(text, "- {}", step_line(step, execution.cause.is_some()));
    }
    if !steps.is_empty() {
        text.push('\n');
    }
    if let Some(pull_request) = pull_request {
        let _ = writeln!(text, "**Pull request:** [#{}]({})\n", pull_request.number, pull_request.url);
    }
    if let Some(continued) = &execution.continues {
        let _ = writeln!(text, "▶️ It continues `{continued}`; what was done there is not done again.\n");
    }
    if let Some(by) = &execution.continued_by {
        let _ = writeln!(text, "▶️ It is continued by `{by}`.\n");
    }
    if let Some(by) = &execution.undone_by {
        let _ = writeln!(text, "↩️ What it did was undone by `{by}`.\n");
    }
    if let Some(cause) = execution.cause.as_ref().or(execution.question.as_ref()) {
        for line in cut(cause, REASON_LIMIT, "…").lines() {
            let _ = writeln!(text, "> {}", literal(line));
        }
        text.push('\n');
    }
    text.push_str(&footer(view));
    text
}

fn headline(view: &ExecutionView, in_line: bool) -> String {
    let execution = &view.execution;
    let workflow = title(&execution.workflow);
    let about =
        execution.task_id.as_deref().map(|task_id| format!(" on {}", literal(task_id))).unwrap_or_default();
    let steps = view.shown_steps();
    let failed = steps.iter().rfind(|shown| shown.step.status == StepStatus::Failed);
    let at = failed.map(|shown| format!(" at *{}*", title(&shown.step.state))).unwrap_or_default();
    match execution.outcome {
        Outcome::Pending if in_line => {
            format!("🕓 **{workflow}**{about} waits in line; it starts when running executions end")
        }
        Outcome::Pending | Outcome::Running => format!("👀 **{workflow}** is at work{about}"),
        Outcome::Waiting => format!("⏸️ **{workflow}**{about} is parked"),
        Outcome::Succeeded => format!("✅ **{workflow}**{about} is done"),
        Outcome::Failed => format!("❌ **{workflow}**{about} failed{at}"),
        Outcome::RolledBack => format!("↩️ **{workflow}**{about} failed{at}, and what it did was taken back"),
        Outcome::Stopped => format!("🛑 **{workflow}**{about} was stopped"),
    }
}

fn step_line(shown: &ShownStep, reason_follows: bool) -> String {
    let ShownStep { step, cost, turns } = shown;
    let symbol = match step.status {
        StepStatus::Running => "⏳",
        StepStatus::Succeeded => "✅",
        StepStatus::Failed => "❌",
        StepStatus::Skipped => "⏭️",
    };
    let mut line = format!("{symbol} {}", title(&step.state));
    if let Some(ended_at) = step.ended_at.filter(|_| step.status != StepStatus::Skipped) {
        let _ = write!(line, " · {}", duration(step.started_at, ended_at));
    }
    match turns {
        None | Some(0) => {}
        Some(1) => line.push_str(" · 1 turn"),
        Some(turns) => {
            let _ = write!(line, " · {turns} turns");
        }
    }
    if *cost != CostTotal::default() {
        let _ = write!(line, " · {}", cost.booked());
    }
    if step.attempts > 1 {
        let _ = write!(line, " · tried {} times", step.attempts);
    }
    match (&step.cause, step.status) {
        (Some(cause), StepStatus::Skipped) => {
            let _ = write!(line, " · skipped: {}", literal(cause.lines().next().unwrap_or_default()));
        }
        (None, StepStatus::Skipped) => line.push_str(" · skipped"),
        // The execution's end shows the whole reason; until then, or when the execution continues, the step shows it.
        (Some(cause), StepStatus::Failed) if !reason_follows => {
            let _ = write!(line, " · {}", literal(cause.lines().next().unwrap_or_default()));
        }
        _ => {}
    }
    line
}

fn footer(view: &ExecutionView) -> String {
    let execution = &view.execution;
    let total = view.cost();
    let mut footer = match execution.ended_at {
        Some(ended_at) => {
            format!("Cost {} · took {}", total.booked(), duration(execution.begun_at, ended_at))
        }
        None => format!("Cost so far {}", total.booked()),
    };
    if total.unknown_calls > 0 {
        let _ =
            write!(footer, " (including {} calls of unknown price at their worst case)", total.unknown_calls);
    }
    let _ = write!(footer, " · `{}`", execution.name);
    footer
}

/// `0.4 s`, `12 s`, `2m 13s`, `1h 5m`.
fn duration(from: Timestamp, to: Timestamp) -> String {
    let took = to.duration_since(from);
    let seconds = took.as_secs().max(0);
    if seconds < 10 {
        return format!("{:.1} s", took.as_secs_f64().max(0.0));
    }
    if seconds < 60 {
        return format!("{seconds} s");
    }
    // From an hour on, seconds are noise.
    let shown = if seconds < 3600 { seconds } else { seconds - seconds % 60 };
    format!("{:#}", SignedDuration::from_secs(shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::execution::ExecutionInput;
    use domain::{ActionId, EventName, MicroUsd};
    use insta::assert_snapshot;
    use records::{Cost, CostRecord, ExecutionRecord, StepRecord};
    use serde_json::Map;

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
        assert_snapshot!(render(&view(Outcome::Running, steps), None, false), @"
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
            let text = render(&view, None, false);
            text.lines().filter(|line| line.starts_with("- ")).collect::<Vec<_>>().join("\n")
        };
        assert_snapshot!(shown(&steps, Outcome::Running), @"- ⏳ Implement.0 · 2 turns · $0.1234");
        assert_snapshot!(shown(&steps, Outcome::Succeeded), @"- ✅ Implement.0 · 1m 1s · 2 turns · $0.1234");
        steps.push(StepRecord {
            cause: Some("the key is not valid".into()),
            ..step("ImplementThink.0.2", think, StepStatus::Failed, 61, Some(62))
        });
        assert_snapshot!(shown(&steps, Outcome::Running), @"- ❌ Implement.0 · 1m 2s · 2 turns · $0.1234 · the key is not valid");
        // What another loop or another iteration does is a line of its own.
        steps.push(step("Think.3", ActionId::literal("think"), StepStatus::Running, 62, None));
        steps.push(step("ImplementThink.1.0", ActionId::literal("think"), StepStatus::Running, 62, None));
        assert_eq!(shown(&steps, Outcome::Running).lines().count(), 3);
    }

    #[test]
    fn when_it_succeeded() {
        let link = PullRequestLink { number: 12, url: "https://github.com/acme/shop/pull/12".into() };
        let skipped = StepRecord {
            cause: Some("the project has no documentation".into()),
            ..step(
                "Document",
                ActionId::literal("create_page_from_template"),
                StepStatus::Skipped,
                74,
                Some(74),
            )
        };
        assert_snapshot!(render(&view(Outcome::Succeeded, vec![skipped]), Some(&link), false), @"
        ✅ **Development** on SHOP-1 is done

        - ⏭️ Document · skipped: the project has no documentation

        **Pull request:** [#12](https://github.com/acme/shop/pull/12)

        Cost $0.1234 · took 2m 13s · `jira-SHOP-1-ab`
        ");
    }

    #[test]
    fn when_it_failed() {
        let steps =
            vec![step("CreateBranch", ActionId::literal("create_branch"), StepStatus::Failed, 0, Some(12))];
        let mut view = view(Outcome::Failed, steps);
        view.execution.cause = Some("the branch exists at another commit\nTaken back: nothing.".into());
        view.costs[0].cost = Cost::Unknown { booked: MicroUsd(500_000) };
        assert_snapshot!(render(&view, None, false), @"
        ❌ **Development** on SHOP-1 failed at *Create branch*

        - ❌ Create branch · 12 s

        > the branch exists at another commit
        > Taken back: nothing.

        Cost $0.5000 · took 2m 13s (including 1 calls of unknown price at their worst case) · `jira-SHOP-1-ab`
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
            let text = render(&view, None, false);
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
        let text = render(&view, None, false);
        assert!(text.contains("\n↩️ What it did was undone by `slack-SHOP-1-cd`.\n"), "{text}");
    }

    #[test]
    fn a_redrive_and_what_it_continues_name_each_other() {
        let mut failed = view(Outcome::Failed, Vec::new());
        failed.execution.continued_by = Some("slack-SHOP-1-cd".into());
        let text = render(&failed, None, false);
        assert!(text.contains("\n▶️ It is continued by `slack-SHOP-1-cd`.\n"), "{text}");
        let mut redrive = view(Outcome::Running, Vec::new());
        redrive.execution.continues = Some("jira-SHOP-1-ab".into());
        let text = render(&redrive, None, false);
        assert!(text.contains("\n▶️ It continues `jira-SHOP-1-ab`; what was done there"), "{text}");
    }

    #[test]
    fn an_undo_names_what_it_takes_back() {
        let step = step(
            "CreateBranch.0/undo",
            ActionId::literal("delete_branch"),
            StepStatus::Succeeded,
            0,
            Some(1),
        );
        let text = render(&view(Outcome::Succeeded, vec![step]), None, false);
        assert!(text.contains("- ✅ Undo create branch.0 · 1.0 s\n"), "{text}");
    }

    #[test]
    fn a_step_says_why_it_failed_where_nothing_else_does() {
        let mut failed =
            step("NotifyTeam", ActionId::literal("send_message"), StepStatus::Failed, 0, Some(1));
        failed.cause = Some("Slack: the channel is archived\nmore".to_owned());
        let told = render(&view(Outcome::Succeeded, vec![failed]), None, false);
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
        let text = render(&view(Outcome::Running, steps), None, false);
        assert!(text.contains("- … 40 earlier steps\n- ✅ Get task.40 · "), "{text}");
    }
}
