//! Transactions that arrive again with the same token, as the AWS SDK sends them when an answer is lost: they are answered as before, and not
//! performed again. The embedded database can do that, too, but at each transaction it looks at every token of the last ten minutes.

use super::aws_error::AwsError;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer is remembered, as in
/// [DynamoDB](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
const REMEMBERED: Duration = Duration::from_mins(10);

/// The maximum length of a token, in characters.
const LONGEST: usize = 36;

/// The answers to the transactions of the last ten minutes. Only their number bounds the memory: of each, the token, a hash and the answer are
/// kept, which is `{}` because our functions ask for nothing else.
#[derive(Debug, Default)]
pub(crate) struct RepeatedTransactions {
    by_token: HashMap<Arc<str>, Answered>,
    /// The tokens, oldest first.
    tokens: VecDeque<(Instant, Arc<str>)>,
}

/// Reads the tokens of transactions, without waiting for those that are being written.
#[derive(Debug, Default)]
pub(crate) struct Tokens(RandomState);

/// What identifies a transaction that may arrive again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    token: Arc<str>,
    /// The hash of the body.
    request: u64,
}

impl Tokens {
    /// The identity of a transaction; `None` if it has no token, so that it is performed whenever it arrives.
    ///
    /// # Errors
    /// `ValidationException` for a token that is too long.
    pub(crate) fn read(&self, body: &[u8]) -> Result<Option<Identity>, AwsError> {
        let Some(token) = token(body) else { return Ok(None) };
        if token.chars().count() > LONGEST {
            let message = format!("the ClientRequestToken has more than {LONGEST} characters");
            return Err(AwsError::new(400, "com.amazon.coral.validate#ValidationException", &message));
        }
        Ok(Some(Identity { token: token.into(), request: self.0.hash_one(body) }))
    }
}

#[derive(Debug)]
struct Answered {
    /// The hash of the body.
    request: u64,
    answer: String,
}

impl RepeatedTransactions {
    /// The earlier answer to a transaction with the same token, or the one that `perform` gives now. Failures are not remembered.
    ///
    /// # Errors
    /// As `perform`; `IdempotentParameterMismatchException` if the token belongs to another request.
    pub(crate) fn answer(
        &mut self,
        Identity { token, request }: Identity,
        now: Instant,
        perform: impl FnOnce() -> Result<String, AwsError>,
    ) -> Result<String, AwsError> {
        self.forget(now);
        match self.by_token.get(&token) {
            Some(before) if before.request == request => return Ok(before.answer.clone()),
            Some(_) => {
                let name = "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException";
                return Err(AwsError::new(400, name, "the ClientRequestToken belongs to another request"));
            }
            None => {}
        }
        let answer = perform()?;
        self.tokens.push_back((now, Arc::clone(&token)));
        self.by_token.insert(token, Answered { request, answer: answer.clone() });
        Ok(answer)
    }

    /// Forgets what is too old. Each token is looked at once.
    fn forget(&mut self, now: Instant) {
        while let Some((_, token)) =
            self.tokens.pop_front_if(|(since, _)| now.saturating_duration_since(*since) >= REMEMBERED)
        {
            self.by_token.remove(&token);
        }
    }
}

fn token(body: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Request<'a> {
        #[serde(rename = "ClientRequestToken", borrow)]
        token: Option<Cow<'a, str>>,
    }
    serde_json::from_slice::<Request<'_>>(body).ok()?.token
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Result<String, AwsError> {
        Err(AwsError::new(400, "TransactionCanceledException", "a condition failed"))
    }

    #[test]
    fn a_transaction_is_performed_once_within_ten_minutes() {
        let (mut repeated, start) = (RepeatedTransactions::default(), Instant::now());
        let tokens = Tokens::default();
        let identity = |body: &str| tokens.read(body.as_bytes()).unwrap().unwrap();
        let first = || identity(r#"{"TransactItems": [1], "ClientRequestToken": "a"}"#);
        let again = |repeated: &mut RepeatedTransactions, at: Duration, answer: &str| {
            repeated.answer(first(), start + at, || Ok(answer.to_owned())).unwrap()
        };
        // What failed is tried again.
        repeated.answer(first(), start, refused).unwrap_err();
        assert_eq!(again(&mut repeated, Duration::ZERO, "first"), "first");
        assert_eq!(again(&mut repeated, Duration::from_secs(599), "second"), "first");
        let other = identity(r#"{"TransactItems": [2], "ClientRequestToken": "a"}"#);
        let mismatch = repeated.answer(other, start, || Ok("other".to_owned())).unwrap_err();
        assert!(mismatch.body.contains("IdempotentParameterMismatchException"), "{}", mismatch.body);
        assert_eq!(again(&mut repeated, Duration::from_secs(600), "third"), "third");
        assert_eq!((repeated.by_token.len(), repeated.tokens.len()), (1, 1));
    }

    #[test]
    fn tokens_are_optional_and_short() {
        let tokens = Tokens::default();
        assert_eq!(tokens.read(b"{}").unwrap(), None);
        let long = format!(r#"{{"ClientRequestToken": "{}"}}"#, "a".repeat(LONGEST + 1));
        let refused = tokens.read(long.as_bytes()).unwrap_err();
        assert!(refused.body.contains("ValidationException"), "{}", refused.body);
    }
}
