//! The table of all providers of models.

use crate::{BEDROCK, CLAUDE, NOVA, OTHER, bedrock, says, simulation};
use provider_testing::ModelContract;

async fn check(model: &str) {
    let simulation = simulation().await;
    let provider = bedrock(&simulation);
    let contract = ModelContract {
        service: BEDROCK,
        simulation: &simulation,
        provider: &provider,
        model,
        paths: ["/converse$", "/converse-stream$"],
        error: says,
        overloaded: 503,
    };
    contract.check().await;
}

#[tokio::test]
async fn a_model_that_thinks_keeps_the_contract() {
    check(CLAUDE).await;
}

#[tokio::test]
async fn a_model_of_awss_own_keeps_the_contract() {
    check(NOVA).await;
}

#[tokio::test]
async fn a_model_that_takes_no_marks_for_the_cache_keeps_the_contract() {
    check(OTHER).await;
}
