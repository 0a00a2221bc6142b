//! Long executions that wait, as they were when they began to wait, so that waking them need not read all that happened to them.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::execution::ExecutionState;
use crate::lock::lock;

/// Executions with fewer entries are read again in less than a millisecond.
const LONG: usize = 500;
/// How many are kept. The largest holds some 10 MiB in variables.
const MOST: usize = 16;

/// The most recently active executions, newest last: the key of each, its entries so far, and their folded state. Only the
/// actor of an execution writes its entries, so this cache equals the log.
#[derive(Default)]
pub(crate) struct Kept(Mutex<VecDeque<(i64, usize, ExecutionState)>>);

impl Kept {
    /// Keeps an execution if it is long. Only while nobody advances it.
    pub(super) fn keep(&self, key: i64, length: usize, state: ExecutionState) {
        if length < LONG || state.outcome().is_some() {
            return;
        }
        let mut kept = lock(&self.0);
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back((key, length, state));
    }

    /// Takes an execution out.
    pub(super) fn take(&self, key: i64) -> Option<(usize, ExecutionState)> {
        let mut kept = lock(&self.0);
        let place = kept.iter().position(|(other, ..)| *other == key)?;
        kept.remove(place).map(|(_, length, state)| (length, state))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;
    use serde_json::{Value, json};

    use crate::{Engine, FunctionError, Invoke, Settings, SystemClock};

    /// Gives away its payload: a task token.
    struct Parks(tokio::sync::mpsc::UnboundedSender<String>);

    #[async_trait]
    impl Invoke for Parks {
        async fn invoke(&self, _: &str, payload: Value) -> Result<Value, FunctionError> {
            let _nobody_listens = self.0.send(payload["token"].as_str().unwrap_or_default().to_owned());
            Ok(Value::Null)
        }
    }

    #[tokio::test]
    async fn waking_a_long_execution_does_not_read_all_that_happened_to_it() {
        let (sender, mut tokens) = tokio::sync::mpsc::unbounded_channel();
        let engine =
            Engine::in_memory(Arc::new(SystemClock), Arc::new(Parks(sender)), Settings::default()).unwrap();
        engine.resume().await.unwrap();
        let count = json!({ "Type": "Pass", "Output": "{% $states.input + 1 %}", "Next": "More" });
        let more = json!({ "Type": "Choice", "Choices": [{ "Condition": "{% $states.input < 300 %}", "Next": "Count" }], "Default": "Wait" });
        let wait = json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": { "FunctionName": "f", "Payload": { "token": "{% $states.context.Task.Token %}" } },
            "Catch": [{ "ErrorEquals": ["Stop"], "Next": "Done" }],
            "Next": "Again",
        });
        let mut again = wait.clone();
        again["Next"] = json!("Wait");
        let definition = json!({
            "QueryLanguage": "JSONata",
            "StartAt": "Count",
            "States": { "Count": count, "More": more, "Wait": wait, "Again": again, "Done": { "Type": "Succeed" } },
        });
        let machine = engine.put_state_machine("long", &definition.to_string()).await.unwrap();
        engine.start_execution(&machine, None, &json!(0)).await.unwrap();
        for round in 0..3 {
            let token = tokio::time::timeout(Duration::from_secs(30), tokens.recv()).await.unwrap().unwrap();
            engine.activity().quiet().await;
            if round == 0 {
                // Whoever reads this entry from now on fails.
                let damaged = engine.inner.log.damage(1, 3).await.unwrap();
                assert_eq!(damaged, 1);
            }
            engine.send_task_success(&token, &json!({})).await.unwrap();
        }
    }
}
