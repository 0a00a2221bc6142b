//! An agent's work. The step's own state opens its session; then a model thinks and tools run in turn, and a `Choice` behind them
//! goes round, asks people, fetches files or leaves. A turn that only thinks is three transitions.

use super::compiler::{Compiler, Next};
use super::retry::{Hopeless, retriers};
use super::task::{INVOKE_AND_WAIT, Invocation, invocation, ordered};
use crate::check::evaluated;
use crate::model::OnError;
use crate::plan::{Agent, Planned, Task, function_placeholder};
use domain::built_in_actions::REQUEST_APPROVAL;
use serde_json::{Map, Value, json};

/// The error of a session with a need that the definition does not know: its functions are from a later version.
const UNKNOWN: &str = "UnknownNext";
/// The error of a question that was answered with no.
const DECLINED: &str = "Declined";

impl<'p> Compiler<'p> {
    pub(super) fn agent(&mut self, step: &'p Planned, agent: &'p Agent, next: &Next) {
        let limit_around = self.enter(step);
        let (states, session) = (&agent.states, &agent.session);
        let after = Next::State(self.state_of(next));
        let choose = Next::State(states.next.clone());
        // The session and its next need; of the last turn, its result.
        let kept = |fields: &str| Some(json!({session: evaluated(fields)}));
        let answered = format!(
            "{{'session': ${session}.session, 'turn': ${session}.turn, 'next': $states.result.Payload.next}}"
        );
        let opened = "{'session': $states.result.Payload.session, 'turn': $states.result.Payload.turn, \
                      'next': $states.result.Payload.next}";
        self.agent_call(step, &step.state, &step.comment, &agent.open, kept(opened), &choose, &after);

        // Each turn has different keys.
        let inside = self.frame.round(&format!("${session}.turn"));
        let around = std::mem::replace(&mut self.frame, inside);
        let comment = |what: &str| format!("{what} ({})", step.step);
        let to_tools = Next::State(states.run_tools.clone());
        let thinks = comment("Asks the model for the next turn");
        self.agent_call(step, &states.think, &thinks, &agent.think, None, &to_tools, &after);
        let runs = comment("Runs the tools that the turn called");
        let ran = kept("$states.result.Payload");
        self.agent_call(step, &states.run_tools, &runs, &agent.run_tools, ran, &choose, &after);
        self.agent_choice(step, agent, &after);
        self.agent_question(step, agent, &after);
        let tells = comment("Gives the agent the answer to its question");
        self.agent_call(step, &states.answer, &tells, &agent.answer, kept(&answered), &choose, &after);
        let loads = comment("Fetches files that the agent asked for");
        self.agent_call(step, &states.load, &loads, &agent.load, kept(&answered), &choose, &after);
        let checks = comment("Runs the project's checks for the agent");
        self.agent_call(step, &states.check, &checks, &agent.check, kept(&answered), &choose, &after);
        self.frame = around;
        self.deadline = limit_around;
    }

    /// One call of the agent's work. It continues with `next`; if an error is tolerated, with the state `after` the agent.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a field of the state, and named where it is given"
    )]
    fn agent_call(
        &mut self,
        step: &'p Planned,
        state: &str,
        comment: &str,
        task: &Task,
        assign: Option<Value>,
        next: &Next,
        after: &Next,
    ) {
        let policy = self.policy_of_call(step, after);
        let call = Invocation { step: &step.step, state, comment, task, assign, policy };
        self.invoke(call, next);
    }

    /// Decides what comes next. At the end it assigns the step's results; values that are no longer results are forgotten.
    fn agent_choice(&mut self, step: &'p Planned, agent: &'p Agent, after: &Next) {
        let (states, session) = (&agent.states, &agent.session);
        let left = (vec![session.clone()], "{}".to_owned());
        let mut given: Vec<_> = self.needed(step).cloned().collect();
        given.extend(self.error_variable(step).map(|path| (path, "null".to_owned())));
        given.push(left);
        let given = self.assigned.assignment(given.iter().map(|(path, text)| (path, text)));
        let after = self.state_of(after);
        let needs = |what: &str| evaluated(&format!("${session}.next = {what}"));
        let output = self.frame.passed_on();
        let mut rules =
            vec![json!({"Condition": needs("'done'"), "Assign": given, "Output": output, "Next": after})];
        rules.extend(self.out_of_time_rule());
        // A session that was opened before may have a reply whose tools did not run yet.
        let ways = [
            ("'think'", &states.think),
            ("'run_tools'", &states.run_tools),
            ("'ask'", &states.ask),
            ("'load'", &states.load),
            ("'check'", &states.check),
        ];
        for (what, next) in ways {
            rules.push(json!({"Condition": needs(what), "Output": output, "Next": next}));
        }
        let mut state = Map::new();
        state.insert("Type".to_owned(), "Choice".into());
        state.insert("Comment".to_owned(), format!("Goes on as the agent needs it ({})", step.step).into());
        state.insert("Choices".to_owned(), rules.into());
        let cause = format!(
            "the session of {} needs something that this workflow does not support: recompile the workflow and deploy it",
            step.step
        );
        let comment = format!("Ends {}, which needs something that is not supported here", step.step);
        match (step.on_error, self.is_outermost()) {
            (OnError::Rollback, true) => {
                let next = self.rollback_of(&step.step, UNKNOWN, &cause);
                state.insert("Assign".to_owned(), next);
                state.insert("Default".to_owned(), self.rollback.as_str().into());
            }
            (OnError::Rollback, false) => {
                let failure = super::policy::Failure::of(UNKNOWN, &cause);
                let end = self.end_for_rollback(&step.step, &failure, &comment);
                self.states.insert(states.unknown.clone(), end);
                state.insert("Default".to_owned(), states.unknown.as_str().into());
            }
            _ => {
                let end = json!({"Type": "Fail", "Comment": comment, "Error": UNKNOWN, "Cause": cause});
                self.states.insert(states.unknown.clone(), end);
                state.insert("Default".to_owned(), states.unknown.as_str().into());
            }
        }
        self.states.insert(states.next.clone(), Value::Object(state));
    }

    /// Asks people and waits. A no is an answer like any other.
    fn agent_question(&mut self, step: &'p Planned, agent: &'p Agent, after: &Next) {
        let (states, session) = (&agent.states, &agent.session);
        let limit = self.time_limit(agent.ask_timeout_seconds);
        let mut asked = agent.ask.clone();
        asked["timeout_seconds"] = limit.clone();
        let mut sent = self.frame.payload(&states.ask, asked);
        sent.insert("task_token".to_owned(), "{% $states.context.Task.Token %}".into());
        let mut state = invocation(&function_placeholder(REQUEST_APPROVAL).into(), sent, limit);
        state.insert("Resource".to_owned(), INVOKE_AND_WAIT.into());
        state
            .insert("Comment".to_owned(), format!("Asks people the agent's question ({})", step.step).into());
        state.insert("Retry".to_owned(), retriers(agent.open.retry.as_ref(), Hopeless::Approval));
        let with = |answer: &str, by: &str| {
            let kept = format!("$merge([${session}, {{'answer': {answer}, 'by': {by}}}])");
            json!({session: evaluated(&kept)})
        };
        let said = "$states.result.comment != null and $trim($states.result.comment) != '' \
                    ? $states.result.comment : 'Yes.'";
        let declined = format!("'No: ' & {}", super::policy::caught_cause());
        let mut catchers = vec![json!({
            "ErrorEquals": [DECLINED],
            "Assign": with(&declined, "null"),
            "Output": self.frame.passed_on(),
            "Next": states.answer,
        })];
        catchers.extend(self.policy_of_call(step, after));
        state.insert("Catch".to_owned(), catchers.into());
        state.insert("Assign".to_owned(), with(&format!("({said})"), "$states.result.by"));
        self.go_without_result(&mut state, &Next::State(states.answer.clone()));
        self.states.insert(states.ask.clone(), ordered(state));
    }
}
