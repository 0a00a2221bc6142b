//! What every provider of models does alike: one table, which the tests of each provider run.

use crate::{Service, assert_described};
use domain::plugins::{
    AiProvider, Content, ModelMessage, ModelReply, ModelRequest, ModelTool, NoReply, Part, PromptBlock,
    StopReason, Usage,
};
use domain::{ActionError, ErrorKind};
use serde_json::{Value, json};
use simulators::fault::Fault;
use simulators::script::Reply;
use simulators::{Simulation, World};
use std::sync::Mutex;
use std::time::Duration;

/// As long as a reply may take in a test that does not wait for it.
const LONG: Duration = Duration::from_secs(60);

/// A provider of models under test, in a simulation of [`contract_world`].
pub struct ModelContract<'t> {
    /// Its service.
    pub service: Service,
    /// The simulation.
    pub simulation: &'t Simulation,
    /// The provider.
    pub provider: &'t dyn AiProvider,
    /// The model to ask.
    pub model: &'t str,
    /// The path of its requests for a reply, as a regular expression, whole and as it comes.
    pub paths: [&'t str; 2],
    /// The body of an error with a status, in the service's form, which says this.
    pub error: fn(status: u16, words: &str) -> Fault,
    /// The status that says that the service has too much to do.
    pub overloaded: u16,
}

/// The replies of the models in the contract's simulations, for `replies` in a section of a world.
pub fn contract_replies() -> Vec<Reply> {
    let times = 1_000;
    let reply = |about: &str, content: Value| json!({"for": about, "times": times, "content": content});
    serde_json::from_value(json!([
        {"for": "class Cart", "times": times, "expect": {"tools": ["read_file"]},
         "content": [{"text": "Yes, there is."}]},
        reply("Is there a cart?", json!([
            {"text": "I look."}, {"tool_use": {"name": "read_file", "input": {"path": "cart.py"}}}])),
        {"for": "Will you?", "times": times, "stop_reason": "refusal", "content": [{"text": "No."}]},
        reply("Say much", json!([{"text": "word ".repeat(1_000)}])),
        {"for": "Answer in JSON", "times": times, "expect": {"json_schema": true},
         "content": [{"json": {"summary": "It is done.", "steps": []}}]},
        reply("Say hello", json!([{"text": "Hello, w\u{f6}rld."}])),
    ]))
    .unwrap_or_default()
}

/// The built-in world with another section, under `configuration`'s siblings, and a secret for it.
///
/// # Panics
/// When the section is not YAML of the service's world.
pub fn world_with(secret: &str, section: &str) -> World {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulators/worlds");
    let text = std::fs::read_to_string(folder.join("shop.yaml")).unwrap();
    let text = text.replacen("\n  ticketsmith/claude:", &format!("\n  {secret}\n  ticketsmith/claude:"), 1);
    World::parse(&format!("{text}\n{section}\n"), folder).unwrap()
}

/// A failed call: whether it is billed, its kind, and the requested wait.
type Outcome = (bool, ErrorKind, Option<Duration>);

fn outcome(failed: NoReply) -> (Outcome, ActionError) {
    let (may_be_billed, error) = match failed {
        NoReply::NotBilled(error) => (false, error),
        NoReply::MayBeBilled { error, .. } => (true, error),
    };
    ((may_be_billed, error.kind, error.retry_after), error)
}

impl ModelContract<'_> {
    /// Checks everything.
    pub async fn check(&self) {
        self.says_what_it_is_asked().await;
        self.calls_tools_and_goes_on().await;
        self.refuses_and_is_cut().await;
        self.fails_as_every_other().await;
        assert_described(self.simulation);
    }

    fn request(&self, text: &str) -> ModelRequest {
        ModelRequest {
            system: vec![PromptBlock { text: "You are brief.".into(), cache: true }],
            ..ModelRequest::question(self.model, vec![Part::text(text).cached()], 1_000)
        }
    }

    /// The reply whole, and the same as it comes.
    async fn both(&self, request: &ModelRequest) -> [ModelReply; 2] {
        let reported = Mutex::new(None);
        let progress = |usage: Usage| *reported.lock().unwrap() = Some(usage);
        let streamed = self.provider.stream(request, LONG, &progress).await.unwrap();
        assert_eq!(
            *reported.lock().unwrap(),
            Some(streamed.usage),
            "the last usage that is told is the reply's"
        );
        let whole = self.provider.complete(request, LONG).await.unwrap();
        assert_eq!(
            (&whole.text, &whole.stop, &whole.model),
            (&streamed.text, &streamed.stop, &streamed.model)
        );
        assert_eq!(whole.usage.output_tokens, streamed.usage.output_tokens);
        for reply in [&whole, &streamed] {
            let (used, most) = (reply.usage.all_input_tokens(), self.provider.input_tokens_at_most(request));
            assert!(used > 0 && used <= most, "{used} of at most {most} input tokens");
            assert!(reply.usage.output_tokens <= u64::from(request.max_output_tokens));
            assert!(reply.request_id.is_some());
        }
        [whole, streamed]
    }

    async fn says_what_it_is_asked(&self) {
        let [said, _] = self.both(&self.request("Say hello")).await;
        assert_eq!((said.text.as_str(), said.stop), ("Hello, w\u{f6}rld.", StopReason::Complete));
        let schema = json!({"type": "object", "required": ["summary"], "properties": {
            "summary": {"type": "string", "maxLength": 500},
            "steps": {"type": "array", "items": {"type": "string"}, "default": []}}});
        let request = ModelRequest { reply_schema: Some(schema), ..self.request("Answer in JSON") };
        let [said, _] = self.both(&request).await;
        let said: Value = serde_json::from_str(&said.text).unwrap();
        assert_eq!(said["summary"], "It is done.");
        if let Some(counted) = self.provider.count_input_tokens(&request, LONG).await.unwrap() {
            assert!(counted > 0 && counted <= self.provider.input_tokens_at_most(&request));
        }
    }

    async fn calls_tools_and_goes_on(&self) {
        let tool = ModelTool {
            name: "read_file".into(),
            description: "Reads a file.".into(),
            input_schema: json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}),
        };
        let first = ModelRequest { tools: vec![tool], ..self.request("Is there a cart?") };
        for reply in self.both(&first).await {
            assert_eq!(
                (&reply.stop, reply.calls.len(), reply.text.as_str()),
                (&StopReason::ToolCalls, 1, "I look.")
            );
            assert_eq!(reply.calls[0].input, json!({"path": "cart.py"}));
            let told = |text: &str, is_error| Content::ToolResult {
                call: reply.calls[0].id.clone(),
                text: text.into(),
                is_error,
            };
            for is_error in [false, true] {
                let mut next = first.clone();
                let result = Part::new(told("class Cart: ...", is_error)).cached();
                next.messages.extend([reply.message.clone(), ModelMessage::ours(vec![result])]);
                let [said, _] = self.both(&next).await;
                assert_eq!((said.text.as_str(), &said.stop), ("Yes, there is.", &StopReason::Complete));
                // A third turn: the whole conversation goes back once more.
                next.messages.extend([said.message, ModelMessage::ours(vec![Part::text("Are you sure?")])]);
                self.both(&next).await;
            }
        }
    }

    async fn refuses_and_is_cut(&self) {
        let [refused, _] = self.both(&self.request("Will you?")).await;
        assert_eq!(refused.stop, StopReason::Refused);
        let short = ModelRequest { max_output_tokens: 100, ..self.request("Say much") };
        let [cut, _] = self.both(&short).await;
        assert_eq!(cut.stop, StopReason::Truncated);
        assert!(!cut.text.is_empty() && cut.usage.output_tokens <= 100);
    }

    /// One failure, of a call for the whole reply and of one as it comes.
    async fn fails(&self, fault: Fault, expected: Outcome, words: &str) {
        for (way, path) in self.paths.iter().enumerate() {
            self.service.fault(self.simulation, path, fault.clone());
            // No other test's request is the same, so nothing is answered from a memory.
            let request = self.request("Say hello");
            let failed = match way {
                0 => self.provider.complete(&request, LONG).await,
                _ => self.provider.stream(&request, LONG, &|_| {}).await,
            };
            let (found, error) = outcome(failed.unwrap_err());
            assert_eq!(found, expected, "{fault:?}: {error}");
            assert!(error.message.contains(words), "{words}: {error}");
        }
    }

    async fn fails_as_every_other(&self) {
        let says = |status| (self.error)(status, "about it");
        let free = |kind| (false, kind, None);
        for status in [400, 401, 403, 404, 413, 422] {
            self.fails(says(status), free(ErrorKind::Rejected), "about it").await;
        }
        for status in [409, 429, self.overloaded] {
            self.fails(says(status), free(ErrorKind::Throttled), "about it").await;
        }
        let headers = [("retry-after".to_owned(), "7".to_owned())];
        let mut timed = says(429);
        timed.headers.extend(headers);
        let seven = Some(Duration::from_secs(7));
        self.fails(timed, (false, ErrorKind::Throttled, seven), "about it").await;
        for status in [500, 502, 504] {
            self.fails(says(status), (true, ErrorKind::Unavailable, None), "").await;
        }
        let cut = Fault { truncated: true, ..Fault::default() };
        self.fails(cut, (true, ErrorKind::Unavailable, None), "").await;
        for path in self.paths {
            let html = json!("<html>a login page</html>");
            let page = Fault { status: Some(200), body: Some(html), ..Fault::default() };
            self.service.fault(self.simulation, path, page.clone());
        }
        let request = self.request("Say hello");
        let whole = outcome(self.provider.complete(&request, LONG).await.unwrap_err());
        let streamed = outcome(self.provider.stream(&request, LONG, &|_| {}).await.unwrap_err());
        assert!(
            whole.0.0 && streamed.0.0,
            "a page in place of a reply may be billed: {whole:?} {streamed:?}"
        );
        for path in self.paths {
            let late = Fault { delay_ms: 60_000, ..Fault::default() };
            self.service.fault(self.simulation, path, late);
        }
        let soon = Duration::from_millis(50);
        let late = outcome(self.provider.complete(&request, soon).await.unwrap_err());
        assert_eq!(late.0, (true, ErrorKind::Unavailable, None), "{}", late.1);
        let late = outcome(self.provider.stream(&request, soon, &|_| {}).await.unwrap_err());
        assert_eq!(late.0, (true, ErrorKind::Unavailable, None), "{}", late.1);
    }
}
