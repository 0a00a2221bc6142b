//! The service's documented facts about each model: its refusals, the minimum of its cache, and its prices.
//!
//! From [the models' pages](https://platform.claude.com/docs/en/about-claude/models/overview),
//! [preserved thinking](https://platform.claude.com/docs/en/build-with-claude/preserved-thinking) and
//! [pricing](https://platform.claude.com/docs/en/about-claude/pricing).

/// A model.
#[derive(Debug)]
pub(super) struct Model {
    id: &'static str,
    /// The values of `thinking.type` that it accepts; any when empty.
    pub(super) thinking: &'static [&'static str],
    /// Whether `tool_choice` may force a call, and whether the conversation may end with words put into the model's mouth.
    pub(super) is_steered: bool,
    /// Whether it thinks without being asked to, and its thinking blocks are bound to everything before them.
    pub(super) binds_thinking: bool,
    /// A prefix of fewer tokens is not cached.
    pub(super) least_cached: u64,
    /// The tokens that a request may have.
    pub(super) context: u64,
    pub(super) price: Option<Price>,
}

/// Billionths of a dollar for one token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) write_5m: u64,
    pub(super) write_1h: u64,
    pub(super) read: u64,
    /// A prompt of more tokens costs so many times as much, with its reply.
    pub(super) long_prompt: Option<(u64, u64)>,
}

const fn price(input: u64, output: u64, write_5m: u64, write_1h: u64, read: u64) -> Option<Price> {
    Some(Price { input, output, write_5m, write_1h, read, long_prompt: None })
}

const NEWEST: Model = Model {
    id: "",
    thinking: &["adaptive"],
    is_steered: false,
    binds_thinking: true,
    least_cached: 512,
    context: 1_000_000,
    price: None,
};

/// An unknown model: it refuses nothing.
const UNKNOWN: Model =
    Model { thinking: &[], is_steered: true, binds_thinking: false, least_cached: 1024, ..NEWEST };

static MODELS: &[Model] = &[
    Model { id: "claude-fable-5-1", price: price(10_000, 50_000, 12_500, 20_000, 250), ..NEWEST },
    Model {
        id: "claude-haiku-4-5",
        thinking: &["enabled", "disabled"],
        least_cached: 4096,
        context: 200_000,
        price: price(1_000, 5_000, 1_250, 2_000, 100),
        ..UNKNOWN
    },
    Model {
        id: "claude-haiku-5-5",
        thinking: &["adaptive", "between_tools"],
        price: Some(Price {
            input: 100,
            output: 500,
            write_5m: 125,
            write_1h: 200,
            read: 10,
            long_prompt: Some((100_000, 5)),
        }),
        ..NEWEST
    },
    Model { id: "claude-opus-5-5", price: price(4_000, 20_000, 5_000, 8_000, 200), ..NEWEST },
    Model {
        id: "claude-sonnet-5-5",
        thinking: &["adaptive", "between_tools"],
        price: price(2_000, 10_000, 2_500, 4_000, 100),
        ..NEWEST
    },
];

/// The facts about the model with this ID, which may end with a date.
pub(super) fn model(id: &str) -> &'static Model {
    let is = |known: &&Model| {
        id.strip_prefix(known.id).is_some_and(|rest| rest.is_empty() || rest.starts_with("-20"))
    };
    MODELS.iter().find(is).unwrap_or(const { &UNKNOWN })
}
