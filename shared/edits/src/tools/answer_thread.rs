//! `answer_thread`: answers a thread about a line.

use super::answer::{read, told};
use super::arguments::{Kind, Parameter};
use super::end::ToolEnd;
use super::tool::{Needs, Tool, ToolSpec};
use crate::review::ThreadAnswer;
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct AnswerThread;

#[derive(Deserialize)]
struct Input {
    thread: u64,
    done: bool,
    text: String,
}

const PARAMETERS: [Parameter; 3] = [
    Parameter::required("thread", Kind::Integer(1, 1_000), "The thread's number."),
    Parameter::required(
        "done",
        Kind::Boolean,
        "Whether what the thread asks for is done; then it is marked as resolved.",
    ),
    Parameter::required(
        "text",
        Kind::Text(4_000),
        "What was done about it, or why not, in a sentence or two.",
    ),
];

#[async_trait]
impl Tool for AnswerThread {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "answer_thread",
            description: "Answers a thread about a line of the pull request; people see the answer there when your work ends. Another \
                          answer to the same thread replaces the first.",
            parameters: &PARAMETERS,
            needs: Needs::Threads,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { thread: number, done, text } = read(input)?;
        if text.trim().is_empty() {
            return Err(Refusal::Told("`text` is empty: say what was done, or why not.".to_owned()));
        }
        let threads = workspace.review().map(|subject| subject.threads.as_slice()).unwrap_or_default();
        let place = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        let all = threads.len();
        let thread =
            threads.get(place).ok_or_else(|| format!("there is no thread {number}; there are 1 to {all}"))?;
        let answer = ThreadAnswer { thread: thread.id.clone(), done, text: text.trim().to_owned() };
        let answers = &mut workspace.state.review.answers;
        answers.retain(|known| known.thread != answer.thread);
        answers.push(answer);
        told(format!("Noted. {} of {all} threads are answered.", answers.len()))
    }
}
