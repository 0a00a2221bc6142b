//! The table of all providers of models.

use crate::{IN_HOUSE, MODEL, OPENAI, openai, says, simulation};
use provider_testing::ModelContract;

async fn check(api: &str, model: &str, path: &str, compatible: bool) {
    let simulation = simulation(compatible).await;
    let provider = openai(&simulation, api);
    let contract = ModelContract {
        service: OPENAI,
        simulation: &simulation,
        provider: &provider,
        model,
        paths: [path; 2],
        error: says,
        overloaded: 503,
    };
    contract.check().await;
}

#[tokio::test]
async fn the_responses_api_keeps_the_contract() {
    check("responses", MODEL, "/v1/responses$", false).await;
}

#[tokio::test]
async fn the_chat_completions_api_keeps_the_contract() {
    check("chat_completions", MODEL, "/v1/chat/completions$", false).await;
}

#[tokio::test]
async fn a_compatible_server_keeps_the_contract() {
    check("chat_completions", IN_HOUSE, "/v1/chat/completions$", true).await;
}
