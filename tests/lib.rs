//! Whole-system tests stand in `whole_system/`; this library is empty.
