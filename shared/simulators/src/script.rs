//! What simulated language models have in common: a script of replies, each of which says what it expects to be asked, and
//! what is billed for them. Each service reads a request into an [`Asked`], and puts the [`Turn`] into its own form.

mod bill;
mod choice;
mod reply;

pub(crate) use bill::Bill;
pub(crate) use choice::{Asked, Chosen, Script};
pub use reply::{Content, Expectation, Reply, Turn, Usage};

const CHARACTERS_A_TOKEN: usize = 4;

/// Estimates the tokens of a text: one for every four characters, so that anybody can repeat the count.
pub(crate) fn estimate(text: &str) -> u64 {
    text.chars().count().div_ceil(CHARACTERS_A_TOKEN) as u64
}

/// The text of the first `tokens` tokens.
pub(crate) fn cut(text: &str, tokens: u64) -> String {
    let characters = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(CHARACTERS_A_TOKEN);
    text.chars().take(characters).collect()
}
