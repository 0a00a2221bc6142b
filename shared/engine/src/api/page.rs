//! Pages of long answers: their size and their tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::EngineError;

/// How many entries a page holds: `asked`, where 0 and absence mean 100, and at most 1000.
pub(super) fn size(asked: Option<i64>) -> Result<usize, EngineError> {
    match asked {
        None | Some(0) => Ok(100),
        Some(asked) => usize::try_from(asked).ok().filter(|asked| *asked <= 1000).ok_or_else(|| {
            EngineError::Validation(format!("maxResults must be from 0 to 1000, and not {asked}"))
        }),
    }
}

/// The token for the page after the entry called `last`.
pub(super) fn token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// The entry after which the page of this token begins.
pub(super) fn last(token: &str) -> Result<String, EngineError> {
    let invalid = || EngineError::InvalidToken("the page token was never issued".to_owned());
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    String::from_utf8(bytes).map_err(|_| invalid())
}

/// As [`last`], for entries with numbers.
pub(super) fn last_number<T: std::str::FromStr>(token: &str) -> Result<T, EngineError> {
    last(token)?.parse().map_err(|_| EngineError::InvalidToken("the page token was never issued".to_owned()))
}
