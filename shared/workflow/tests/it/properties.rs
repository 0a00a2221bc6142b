//! What holds of every text.

use crate::support::{catalog, environment, fixture};
use proptest::prelude::*;
use std::sync::LazyLock;
use workflow::{Catalog, Compilation, Source, compile, placeholders, render, substitute};

static CATALOG: LazyLock<Catalog> = LazyLock::new(catalog);

fn run(text: &str) -> Compilation {
    let source = Source::new("workflows/any.yaml", text);
    let compilation = compile(&source, &CATALOG, &environment());
    let _ = render(&compilation.diagnostics, &source, true);
    assert_eq!(compilation.definition.is_some(), !compilation.has_errors());
    compilation
}

/// A real workflow with one piece replaced: gets much further than noise does.
fn mutated() -> impl Strategy<Value = String> {
    let text = fixture("development-workflow.yaml").text;
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let piece = prop_oneof![
        "\\PC{0,12}",
        "[ :\\[\\]{}&*!|>'\"%@`#,?-]{1,6}",
        Just("${".to_owned()),
        Just("${task[id = ".to_owned()),
        Just("${$f(task.".to_owned()),
        Just("\n  - ".to_owned()),
        Just("on_error: continue".to_owned()),
        Just("type: set".to_owned()),
    ];
    (0..boundaries.len(), 0_usize..30, piece).prop_map(move |(start, length, piece)| {
        let end = boundaries.get(start + length).copied().unwrap_or(text.len());
        format!("{}{piece}{}", &text[..boundaries[start]], &text[end..])
    })
}

/// A step whose title is any text, expressions and all.
fn with_title(title: &str) -> String {
    let quoted = serde_json::to_string(title).unwrap();
    format!(
        "name: Any\nsteps:\n  - name: send\n    plugin: communication\n    action: send_message\n    inputs: {{ message: {quoted} }}\n"
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        run(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn yaml_like_text_never_panics(text in "([a-z_]{1,12}: ?|- |  |\n|\"|'|[{}\\[\\]]|\\$\\{|[a-z0-9.$()]{1,8}| ){0,60}") {
        run(&text);
    }

    #[test]
    fn mutated_workflows_never_panic_and_compile_the_same_twice(text in mutated()) {
        let (one, other) = (run(&text), run(&text));
        prop_assert_eq!(one.definition_json(), other.definition_json());
        prop_assert_eq!(one.diagnostics, other.diagnostics);
    }

    #[test]
    fn expressions_never_panic(expression in "[a-z.$()\\[\\]{}'&+*/<>=?:^%|~,0-9 -]{0,40}") {
        run(&with_title(&format!("${{ {expression} }}")));
    }

    #[test]
    fn plain_text_arrives_as_it_was_written(text in "([ a-z'\"\\\\%{}$\n]|\\PC){0,30}") {
        let written = text.replace("${", "$${");
        let compilation = run(&with_title(&written));
        let definition = compilation.definition.expect("plain text compiles");
        // Only functions are placeholders, so the text survives substitution, and evaluates to itself.
        prop_assert_eq!(placeholders(&definition), ["AwaitProviderFunctionArn", "SendMessageFunctionArn"]);
        let definition = substitute(&definition, |_| Some("arn".to_owned()));
        let message = definition.pointer("/States/Send/Arguments/Payload/input/message").and_then(|value| value.as_str()).unwrap();
        let expression = message.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}"));
        let arrived = match expression {
            Some(expression) => jlens_core::Expression::compile(expression).unwrap()
                .evaluate(None, &jlens_core::Bindings::new()).unwrap().unwrap(),
            None => message.into(),
        };
        prop_assert_eq!(arrived, text);
    }
}

#[test]
fn nesting_is_refused_and_not_followed() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{'a':", "}"), ("$f(", ")"), ("-", ""), ("a ? ", " : 1"), ("a.(", ")")]
    {
        let expression = open.repeat(3000) + "1" + &close.repeat(3000);
        assert!(run(&with_title(&format!("${{{expression}}}"))).has_errors(), "{open}");
    }
    let chain = vec!["a"; 5000].join("&");
    assert!(run(&with_title(&format!("${{{chain}}}"))).has_errors());
    let definitions: String =
        (1..30).map(|level| format!("  v{level}: \"${{v{0}}}${{v{0}}}\"\n", level - 1)).collect();
    let laughs = with_title("${v29}") + "variables:\n  v0: x\n" + &definitions;
    assert!(
        run(&laughs).diagnostics.iter().any(|diagnostic| diagnostic.message.contains("grows to more than"))
    );
}
