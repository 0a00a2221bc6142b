//! Any text is compiled as a workflow, or told what is wrong with it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workflow::{Catalog, Environment, Source, compile, render};

thread_local! {
    static CATALOG: Catalog = Catalog::from_json(include_str!("../catalog.json")).unwrap();
}

fuzz_target!(|text: &str| {
    let source = Source::new("workflows/any.yaml", text);
    CATALOG.with(|catalog| {
        let compiled = compile(&source, catalog, &Environment::default());
        assert_eq!(compiled.definition.is_none(), compiled.has_errors());
        render(&compiled.diagnostics, &source, false);
        if let Some(definition) = compiled.definition_json() {
            let problems = engine::validate(&definition);
            let errors: Vec<_> =
                problems.iter().filter(|found| found.severity == engine::Severity::Error).collect();
            assert!(errors.is_empty(), "{errors:?}\n{definition}");
        }
    });
});
