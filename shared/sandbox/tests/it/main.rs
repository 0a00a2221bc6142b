//! Sandboxes on this machine. Where it cannot isolate commands, each test is recorded as skipped, by its name.

mod commands;
mod escapes;
mod setting_up;
mod world;
