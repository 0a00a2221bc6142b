//! `POST /graphql`, as far as it is used: one document for each file of this folder. Any other is refused.

mod files_of_commit;
mod update_refs;

use super::{Answer, Call, Failure};

/// `POST /graphql`
pub(super) fn post(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let is_mutation =
        call.body["query"].as_str().is_some_and(|query| query.trim_start().starts_with("mutation"));
    if is_mutation { update_refs::post(call) } else { files_of_commit::post(call) }
}
