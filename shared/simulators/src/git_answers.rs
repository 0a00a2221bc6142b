//! Keeps what git answered. Each question starts a process, and a world with hundreds of pull requests asks the same ones thousands of times.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Answers by the arguments that git was given.
#[derive(Debug, Default)]
pub(crate) struct GitAnswers(Mutex<HashMap<Vec<String>, Vec<u8>>>);

impl GitAnswers {
    /// The kept answer, or the one that `ask` gives, which is kept unless it is an error.
    pub(crate) fn of<E>(
        &self,
        arguments: &[&str],
        ask: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&arguments).cloned();
        if let Some(answer) = known {
            return Ok(answer);
        }
        let answer = ask()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(arguments, answer.clone());
        Ok(answer)
    }

    /// Drops all answers.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_question_is_asked_until_there_is_an_answer() {
        let (answers, asked) = (GitAnswers::default(), Cell::new(0));
        let ask = |answer: Result<&str, &'static str>| {
            answers.of(&["log", "-1"], || {
                asked.set(asked.get() + 1);
                answer.map(|words| words.as_bytes().to_vec())
            })
        };
        assert_eq!(ask(Err("no such commit")), Err("no such commit"));
        assert_eq!(ask(Ok("one")), Ok(b"one".to_vec()));
        assert_eq!(ask(Ok("other")), Ok(b"one".to_vec()));
        assert_eq!(asked.get(), 2);
        answers.clear();
        assert_eq!(ask(Ok("other")), Ok(b"other".to_vec()));
    }
}
