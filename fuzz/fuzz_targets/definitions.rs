//! Any text is judged as a definition, in the Amazon States Language.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    engine::validate(text);
});
