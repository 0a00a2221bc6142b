//! Every class of mistake in workflows that run others, as people read it.

use crate::messages::{HEAD, shows};
use crate::support::{catalog, environment};
use workflow::{Source, compile_folder, render};

#[test]
fn of_workflows_that_run_others() {
    let parent = |steps: &str| format!("{HEAD}{steps}");
    let child = "name: Child
inputs: { word: string, times: { type: integer, default: 2 } }
steps:
  - { name: say, plugin: communication, action: send_message, inputs: { message: \"${word}\" } }
outputs: { length: \"${$length(word)}\", word: \"${word}\" }
";
    let call = |more: &str| format!("  - {{ name: call, type: workflow, timeout: 1h, {more} }}\n");
    let cases = [
        ("one that there is not", call("workflow: chlid, inputs: { word: a }")),
        ("inputs", call("workflow: child, inputs: { wrod: a, times: many }")),
        ("an output that is none", call("workflow: child, inputs: { word: a }, outputs: { lenght: n }")),
        (
            "the type of an output",
            call("workflow: child, inputs: { word: a }, outputs: { word: w }")
                + "  - { name: b, type: wait, for: \"${w}\" }\n",
        ),
        ("itself", call("workflow: parent, inputs: { how: a, list: [] }")),
        (
            "no timeout",
            "  - { name: call, type: workflow, workflow: child, inputs: { word: a } }\n".to_owned(),
        ),
    ];
    let mut told = String::new();
    for (heading, steps) in cases {
        let sources = [
            Source::new("workflows/parent.yaml", parent(&steps)),
            Source::new("workflows/child.yaml", child),
        ];
        let compiled = compile_folder(&sources, &catalog(), &environment());
        assert!(compiled.workflows[0].diagnostics.is_empty(), "{:?}", compiled.workflows[0].diagnostics);
        let found = render(&compiled.workflows[1].diagnostics, &sources[0], false);
        told += &format!("# {heading}\n{found}\n");
    }
    let ring = |callee: &str| parent(&call(&format!("workflow: {callee}, inputs: {{ how: a, list: [] }}")));
    let sources = [
        Source::new("workflows/a.yaml", ring("b")),
        Source::new("workflows/b.yaml", ring("c")),
        Source::new("workflows/c.yaml", ring("a")),
        Source::new("workflows/a-b.yaml", parent("  - { name: x, type: wait, for: 1 }\n")),
        Source::new("workflows/a_b.yaml", parent("  - { name: x, type: wait, for: 1 }\n")),
    ];
    told += "# a circle, and names too much alike\n";
    for workflow in compile_folder(&sources, &catalog(), &environment()).workflows {
        let source = sources.iter().find(|source| source.name() == workflow.name).unwrap();
        told += &render(&workflow.diagnostics, source, false);
    }
    shows!("calls", told);
}
