//! Test files from the outside: whole files in, reports out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shipped;
mod support;
