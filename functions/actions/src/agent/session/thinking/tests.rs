use super::*;
use async_trait::async_trait;
use domain::AgentDefinition;
use domain::plugins::{Effort, ModelMessage, Part, Speaker};
use std::sync::Arc;
use tokio::sync::Notify;

/// A provider that begins a reply and never ends it.
struct Endless(Arc<Notify>);

#[async_trait]
impl AiProvider for Endless {
    async fn complete(&self, _: &ModelRequest, _: Duration) -> Result<ModelReply, NoReply> {
        std::future::pending().await
    }

    async fn stream(
        &self,
        request: &ModelRequest,
        within: Duration,
        progress: &(dyn Fn(Usage) + Send + Sync),
    ) -> Result<ModelReply, NoReply> {
        progress(Usage { input_tokens: 7, output_tokens: 1, ..Usage::default() });
        self.0.notify_one();
        self.complete(request, within).await
    }

    async fn count_input_tokens(&self, _: &ModelRequest, _: Duration) -> Result<Option<u64>, ActionError> {
        Ok(None)
    }

    fn input_tokens_at_most(&self, _: &ModelRequest) -> u64 {
        100
    }

    fn price_provider(&self) -> &'static str {
        "anthropic"
    }

    fn dearest_bounds_all(&self) -> bool {
        true
    }

    fn names(&self, _: &str) -> bool {
        true
    }

    fn why_refused(&self, _: &ActionError) -> Option<WhyRefused> {
        None
    }
}

#[tokio::test]
async fn a_stop_ends_the_reply_and_keeps_what_was_reported() {
    let begun = Arc::new(Notify::new());
    let request = ModelRequest::question("m", vec![Part::text("Well?")], 10);
    let provider = Endless(Arc::clone(&begun));
    let ended = unless_stopped(&provider, &request, Duration::from_secs(1), begun.notified()).await;
    let usage = Usage { input_tokens: 7, output_tokens: 1, ..Usage::default() };
    assert_eq!(ended, Err(NoReply::MayBeBilled { error: stopped(), reported: Some(usage) }));
}

#[test]
fn four_places_are_marked_for_the_cache() {
    let prefix = Prefix {
        instance: "claude".into(),
        model: "m".into(),
        effort: Effort::Medium,
        system: "s".into(),
        tools: Vec::new(),
        definition: AgentDefinition::named("development"),
    };
    let marked = |count: usize| {
        let speaker = |at| if at % 2 == 0 { Speaker::User } else { Speaker::Model };
        let said = |at| Said {
            message: ModelMessage { speaker: speaker(at), parts: vec![Part::text("a"), Part::text("b")] },
            calls: Vec::new(),
            text: String::new(),
        };
        let request = request(&prefix, (0..count).map(said).collect());
        assert!(request.system[0].cache);
        assert!(request.messages.iter().all(|message| !message.parts[0].cache));
        let last = request.messages.iter().enumerate().filter(|(_, message)| message.parts[1].cache);
        last.map(|(at, _)| at).collect::<Vec<_>>()
    };
    assert_eq!(marked(1), [0]);
    assert_eq!(marked(3), [0, 2]);
    assert_eq!(marked(7), [0, 4, 6]);
}
