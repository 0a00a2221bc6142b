//! Words of a text.

mod count;

pub use count::{count, longest};
