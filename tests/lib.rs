//! Whole-system tests are in `whole_system/`; this library is empty.
