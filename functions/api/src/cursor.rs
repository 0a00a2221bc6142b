//! Cursors: the position of the next page of a list. They are opaque, and bound to their query.

use crate::problem::Problem;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How many bytes of the query's hash a cursor begins with.
const BOUND: usize = 8;

/// The cursor of a position in the list that a query asks for.
pub(crate) fn encode(query: &[&str], position: &str) -> String {
    let mut bytes = hash(query).to_vec();
    bytes.extend_from_slice(position.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position in the list that a query asks for.
///
/// # Errors
/// Invalid if it is not a cursor, or belongs to another query.
pub(crate) fn decode(query: &[&str], cursor: &str) -> Result<String, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    let position = bytes
        .split_first_chunk::<BOUND>()
        .filter(|(bound, _)| **bound == hash(query))
        .and_then(|(_, position)| std::str::from_utf8(position).ok());
    position.map(str::to_owned).ok_or_else(|| {
        Problem::invalid_field(
            "cursor",
            "this cursor is not of this query; accepted: `next` of a page of the same query, with the same filters",
        )
    })
}

fn hash(query: &[&str]) -> [u8; BOUND] {
    let mut digest = Sha256::new();
    for part in query {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest: [u8; 32] = digest.finalize().into();
    let mut bound = [0; BOUND];
    bound.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_its_query_alone() {
        let cursor = encode(&["executions", "project", "SHOP"], "2026#a");
        assert_eq!(decode(&["executions", "project", "SHOP"], &cursor).unwrap(), "2026#a");
        for query in [&["executions", "project", "WEB"][..], &["executions", "projectSHOP"], &[]] {
            assert!(decode(query, &cursor).is_err());
        }
        for cursor in ["", "x", "%", "AAAAAAAAAAA", &"A".repeat(10_000)] {
            assert!(decode(&["executions"], cursor).is_err(), "{cursor}");
        }
    }
}
