//! What every provider makes of a service's refusals: the same, whichever service it is.

use domain::{ActionError, ErrorKind};
use serde_json::json;
use simulators::fault::Fault;
use std::time::Duration;

/// The meaning of each status for the workflow.
const STATUSES: &[(u16, ErrorKind)] = &[
    (401, ErrorKind::Rejected),
    (403, ErrorKind::Rejected),
    (404, ErrorKind::Rejected),
    (409, ErrorKind::Conflict),
    (422, ErrorKind::Rejected),
    (429, ErrorKind::Throttled),
    (500, ErrorKind::Unavailable),
    (502, ErrorKind::Unavailable),
    (503, ErrorKind::Unavailable),
    (504, ErrorKind::Unavailable),
];

/// Requests that come too early are repeated so often at most.
const REPEATED: u32 = 4;

/// Asserts that each refusal means what it means everywhere. `fail` makes a request meet the fault in a simulation of its own, and gives what
/// it failed with.
pub async fn assert_contract(fail: impl AsyncFn(Fault) -> ActionError) {
    let status = |status| Fault { status: Some(status), times: REPEATED, ..Fault::default() };
    for (code, kind) in STATUSES {
        let failed = fail(status(*code)).await;
        assert_eq!(failed.kind, *kind, "{code}: {failed}");
        assert_eq!(failed.retry_after, None, "{code}: {failed}");
    }
    for code in [429, 503] {
        let headers = [("retry-after".to_owned(), "7".to_owned())].into();
        let failed = fail(Fault { headers, ..status(code) }).await;
        assert_eq!(failed.retry_after, Some(Duration::from_secs(7)), "{code}: {failed}");
    }
    let cut = fail(Fault { truncated: true, ..Fault::default() }).await;
    assert_eq!(cut.kind, ErrorKind::Unavailable, "{cut}");
    let page = "<!DOCTYPE html><html><title>Sign in</title></html>";
    let page = fail(Fault { body: Some(json!(page)), ..status(200) }).await;
    assert_eq!(page.kind, ErrorKind::Rejected, "{page}");
    assert!(page.message.contains("check base_url"), "{page}");
}
