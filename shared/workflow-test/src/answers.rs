//! The answers of one case, handed out call by call.

use crate::file::{Answer, Case, Steps, TestFile};
use crate::one_or_many::OneOrMany;
use std::collections::BTreeMap;

/// The remaining results, by step.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    steps: BTreeMap<String, Queue>,
    undo: BTreeMap<String, Queue>,
}

#[derive(Debug)]
struct Queue {
    answers: Vec<Answer>,
    /// A single answer is given as often as it is asked for.
    repeats: bool,
    used: usize,
    /// Answers that a case gives itself must be used; what every case shares need not.
    own: bool,
}

/// What there is for a call.
#[derive(Debug, PartialEq)]
pub(crate) enum Taken<T> {
    Answer(T),
    /// There was a list, and it is used up.
    UsedUp(usize),
    Nothing,
}

impl Answers {
    pub(crate) fn of(file: &TestFile, case: &Case) -> Self {
        let mut steps = queues(&file.steps, false);
        steps.extend(queues(&case.steps, true));
        Self { steps, undo: queues(&case.undo, true) }
    }

    /// The next answer for a step, in an iteration (`2.0`; empty outside loops).
    pub(crate) fn next(&mut self, name: &str, iteration: &str) -> Taken<Answer> {
        take(&mut self.steps, name, iteration)
    }

    /// The next answer for taking back the effect of a step.
    pub(crate) fn next_undo(&mut self, name: &str, iteration: &str) -> Taken<Answer> {
        take(&mut self.undo, name, iteration)
    }

    /// Whether the case itself defines the result of a step.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        self.steps.iter().any(|(step, queue)| queue.own && step.split('[').next() == Some(name))
    }

    /// Unused results of the case, a sentence for each.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let steps = self.steps.iter().map(|(name, queue)| (format!("`{name}`"), queue));
        let undo = self.undo.iter().map(|(name, queue)| (format!("the undo of `{name}`"), queue));
        steps
            .chain(undo)
            .filter(|(_, queue)| queue.own)
            .filter_map(|(name, queue)| match (queue.repeats, queue.used, queue.answers.len()) {
                (_, 0, _) => Some(format!("{name} has an answer, but was not called")),
                (false, used, given) if used < given => {
                    Some(format!("{name} has {given} answers, but was called {used} times"))
                }
                _ => None,
            })
            .collect()
    }
}

fn take(queues: &mut BTreeMap<String, Queue>, name: &str, iteration: &str) -> Taken<Answer> {
    let exact = format!("{name}[{iteration}]");
    let key = if !iteration.is_empty() && queues.contains_key(&exact) { exact.as_str() } else { name };
    let Some(queue) = queues.get_mut(key) else { return Taken::Nothing };
    let place = if queue.repeats { 0 } else { queue.used };
    match queue.answers.get(place) {
        Some(answer) => {
            queue.used += 1;
            Taken::Answer(answer.clone())
        }
        None => Taken::UsedUp(queue.answers.len()),
    }
}

fn queues(steps: &Steps, own: bool) -> BTreeMap<String, Queue> {
    let queue = |answers: &OneOrMany<Answer>| match answers {
        OneOrMany::One(answer) => (vec![answer.clone()], true),
        OneOrMany::Many(answers) => {
            let repeated = answers
                .iter()
                .flat_map(|answer| std::iter::repeat_n(answer, answer.times.unwrap_or(1) as usize));
            (repeated.cloned().collect(), false)
        }
    };
    steps
        .iter()
        .map(|(name, given)| {
            let (answers, repeats) = queue(given);
            (name.clone(), Queue { answers, repeats, used: 0, own })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::read;
    use workflow::Source;

    fn error(taken: Taken<Answer>) -> Option<String> {
        match taken {
            Taken::Answer(answer) => answer.error,
            _ => None,
        }
    }

    #[test]
    fn lists_are_handed_out_in_order_and_iterations_have_their_own() {
        let text = "
steps: { shared: { error: S } }
cases:
  - name: a
    steps:
      once: { error: A }
      twice: [{ error: B, times: 2 }, { error: C }]
      each: { error: D }
      each[1.0]: { error: E }
      never: { error: F }
    expect: {}
";
        let file = read(&Source::new("a.test.yaml", text)).unwrap();
        let mut answers = Answers::of(&file, &file.cases[0].value);
        for expected in ["A", "A"] {
            assert_eq!(error(answers.next("once", "")).as_deref(), Some(expected));
        }
        for expected in ["B", "B"] {
            assert_eq!(error(answers.next("twice", "4")).as_deref(), Some(expected));
        }
        assert_eq!(
            answers.left_over(),
            [
                "`each` has an answer, but was not called",
                "`each[1.0]` has an answer, but was not called",
                "`never` has an answer, but was not called",
                "`twice` has 3 answers, but was called 2 times",
            ]
        );
        assert_eq!(error(answers.next("twice", "")).as_deref(), Some("C"));
        assert_eq!(answers.next("twice", ""), Taken::UsedUp(3));
        assert_eq!(answers.next("other", ""), Taken::Nothing);
        assert_eq!(error(answers.next("each", "0")).as_deref(), Some("D"));
        assert_eq!(error(answers.next("each", "1.0")).as_deref(), Some("E"));
    }
}
