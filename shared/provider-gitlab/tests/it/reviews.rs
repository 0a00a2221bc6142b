//! Reviews: discussions on lines of the diff, and a note that sums up.

use super::{GITLAB, branch, gitlab, request, shop, simulation, write};
use domain::ErrorKind;
use domain::plugins::{LineComment, NewReview, PullRequestRequest, Reviews, VersionControl};
use provider_gitlab::Gitlab;
use provider_testing::{assert_described, mark};
use simulators::Simulation;
use simulators::fault::Fault;

/// A merge request that gives README.md two new lines.
async fn with_merge_request() -> (Simulation, Gitlab) {
    let simulation = simulation().await;
    let (host, shop) = (gitlab(&simulation), shop());
    let (work, main) = (branch("feature/1"), branch("main"));
    let base = host.find_branch(&shop, &main).await.unwrap().unwrap();
    host.create_branch(&shop, &work, &base).await.unwrap();
    let changes = vec![write("README.md", "one\ntwo\n")];
    host.commit(&shop, &request(&work, &base, changes), &mark("commit")).await.unwrap();
    let asked = PullRequestRequest {
        source: work,
        target: main,
        title: "Say less".into(),
        description: String::new(),
        draft: false,
    };
    host.create_pull_request(&shop, &asked, &mark("request")).await.unwrap();
    (simulation, host)
}

fn comment(line: u64, text: &str) -> LineComment {
    LineComment {
        path: "README.md".into(),
        former_path: "README.md".into(),
        old_line: None,
        new_line: Some(line),
        text: text.into(),
    }
}

async fn review(host: &Gitlab, comments: Vec<LineComment>) -> NewReview {
    let read = host.read_pull_request(&shop(), 1).await.unwrap();
    assert!(read.is_open && !read.is_from_fork);
    NewReview { head: read.head, base: read.base, summary: "Two words.".into(), comments }
}

#[tokio::test]
async fn a_review_that_broke_off_is_completed_and_has_everything_once() {
    let (simulation, host) = with_merge_request().await;
    let review = review(&host, vec![comment(1, "Which one?"), comment(2, "Which two?")]).await;
    let key = mark("review");
    assert_eq!(host.last_reviewed(&shop(), 1).await.unwrap(), None);
    GITLAB.fault(&simulation, "/merge_requests/1/notes$", Fault { status: Some(502), ..Fault::default() });
    let broken = host.submit_review(&shop(), 1, &review, &key).await.unwrap_err();
    assert_eq!(broken.kind, ErrorKind::Unavailable);
    assert_eq!(host.find_review(&shop(), 1, &key).await.unwrap(), None, "it is not finished");
    let made = host.submit_review(&shop(), 1, &review, &key).await.unwrap();
    assert_eq!(host.find_review(&shop(), 1, &key).await.unwrap(), Some(made));
    assert_eq!(host.last_reviewed(&shop(), 1).await.unwrap(), Some(review.head));
    let threads = host.threads(&shop(), 1).await.unwrap();
    let shown: Vec<_> =
        threads.iter().map(|thread| (thread.line, thread.comments[0].text.as_str())).collect();
    assert_eq!(shown, [(Some(1), "Which one?"), (Some(2), "Which two?")]);
    assert!(threads.iter().all(|thread| thread.is_ours() && !thread.is_resolved));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_line_outside_the_diff_is_refused_and_threads_are_answered_and_resolved() {
    let (simulation, host) = with_merge_request().await;
    let outside = review(&host, vec![comment(3, "Which three?")]).await;
    let refused = host.submit_review(&shop(), 1, &outside, &mark("outside")).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    let inside = review(&host, vec![comment(2, "Which two?")]).await;
    host.submit_review(&shop(), 1, &inside, &mark("inside")).await.unwrap();
    let thread = host.threads(&shop(), 1).await.unwrap().remove(0);
    let key = mark("answer");
    host.reply_in_thread(&shop(), 1, &thread, "These two.", &key).await.unwrap();
    host.resolve_thread(&shop(), 1, &thread.id).await.unwrap();
    let answered = host.threads(&shop(), 1).await.unwrap().remove(0);
    assert!(answered.is_resolved && answered.carries(&key) && answered.comments.len() == 2, "{answered:?}");
    let gone = host.resolve_thread(&shop(), 1, &"0".repeat(40)).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::Rejected);
    assert_described(&simulation);
}
