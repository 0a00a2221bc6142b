//! The compiler from the outside: whole files in, definitions, routes and diagnostics out.

mod support;

mod checking;
mod compiling;
mod properties;
mod shipped;
mod source_workflows;
