//! `POST /graphql`, as far as it is used: one document for each file of this folder. Any other is refused.

mod files_of_commit;
mod mark_ready;
mod revert_pull_request;
mod review_threads;
mod update_refs;

use super::{Answer, Call, Failure};

/// `POST /graphql`
pub(super) fn post(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let query = call.body["query"].as_str().unwrap_or_default().trim_start();
    if review_threads::is_about_threads(query) {
        return review_threads::post(call);
    }
    match query.starts_with("mutation") {
        true if query.contains("markPullRequestReadyForReview") => mark_ready::post(call),
        true if query.contains("revertPullRequest") => revert_pull_request::post(call),
        true => update_refs::post(call),
        false => files_of_commit::post(call),
    }
}
