//! What GitLab's failures mean.

use crate::{GITLAB, gitlab, gitlab_with, shop, simulation};
use domain::plugins::{TaskManagement, VersionControl};
use domain::{ActionError, ErrorKind};
use provider_testing::options;
use serde_json::json;
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    GITLAB.fault(simulation, "/issues/1$", with);
    gitlab(simulation).get_task("acme/web/shop#1").await.unwrap_err()
}

#[tokio::test]
async fn each_status_has_its_kind() {
    let simulation = simulation().await;
    let status = |status| Fault { status: Some(status), ..Fault::default() };
    for (code, kind) in [
        (400, ErrorKind::Rejected),
        (401, ErrorKind::Rejected),
        (403, ErrorKind::Rejected),
        (404, ErrorKind::Rejected),
        (409, ErrorKind::Conflict),
        (422, ErrorKind::Rejected),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Unavailable),
        (502, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
    ] {
        let error = failing(&simulation, status(code)).await;
        assert_eq!(error.kind, kind, "{code}: {error}");
        assert!(!error.message.contains("simulated-gitlab-token"), "{error}");
    }
    let seconds = |error: ActionError| error.retry_after.map(|wait| wait.as_secs());
    assert_eq!(seconds(failing(&simulation, status(429)).await), None);
    let after = Fault { headers: [("retry-after".into(), "7".into())].into(), ..status(429) };
    assert_eq!(seconds(failing(&simulation, after).await), Some(7));
    let reset = (jiff::Timestamp::now().as_second() + 600).to_string();
    let headers = [("ratelimit-remaining".into(), "0".into()), ("ratelimit-reset".into(), reset)];
    let until = failing(&simulation, Fault { headers: headers.into(), ..status(429) }).await;
    assert!(seconds(until).is_some_and(|wait| (500..=600).contains(&wait)));
    let scope = json!({"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token."});
    let scope = failing(&simulation, Fault { body: Some(scope), ..status(403) }).await;
    assert!(scope.message.contains("the scope `api`"), "{scope}");
}

#[tokio::test]
async fn answers_that_cannot_be_used_have_theirs() {
    let simulation = simulation().await;
    assert_eq!(
        failing(&simulation, Fault { truncated: true, ..Fault::default() }).await.kind,
        ErrorKind::Unavailable
    );
    let page = Fault { status: Some(200), body: Some(json!("<html>Sign in</html>")), ..Fault::default() };
    let page = failing(&simulation, page).await;
    assert!(page.kind == ErrorKind::Rejected && page.message.contains("base_url"), "{page}");
    let other = Fault { status: Some(200), body: Some(json!({"iid": "x"})), ..Fault::default() };
    assert_eq!(failing(&simulation, other).await.kind, ErrorKind::Internal);
    GITLAB.fault(&simulation, "/issues/1$", Fault { delay_ms: 600_000, ..Fault::default() });
    let hasty = gitlab_with(&simulation, options().request_timeout(Duration::from_millis(200)));
    let late = hasty.get_task("acme/web/shop#1").await.unwrap_err();
    assert!(late.kind == ErrorKind::Unavailable && late.message.contains("within 0.2 s"), "{late}");
}

#[tokio::test]
async fn a_merge_request_of_a_fork_is_not_ours() {
    let simulation = simulation().await;
    let fork = json!([{"iid": 9, "web_url": "u", "state": "opened", "title": "t", "source_project_id": 7, "target_project_id": 1}]);
    GITLAB.fault(
        &simulation,
        "/merge_requests$",
        Fault { status: Some(200), body: Some(fork), ..Fault::default() },
    );
    let (source, target) = ("feature/1".parse().unwrap(), "main".parse().unwrap());
    assert_eq!(gitlab(&simulation).find_pull_request(&shop(), &source, &target).await.unwrap(), None);
}
