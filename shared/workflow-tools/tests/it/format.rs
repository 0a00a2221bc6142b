//! The canonical form of files.

use crate::support::{compiled, json, root, workflows};
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use workflow::Source;
use workflow_tools::{FormatError, format};

fn formatted(text: &str) -> String {
    format(&Source::new("workflows/a.yaml", text)).unwrap()
}

#[test]
fn keys_stand_in_one_order_and_comments_stay_with_what_they_are_about() {
    let text = "\
# The file.
steps:
    # The first step.
    - action: get_task   # what it does
      # Who does it.
      plugin:   task_management
      name: fetch
      inputs: {task_id:  \"${task_id}\"}   # given


    - {type: set, variables: {a: 1,b: [1,2]}, name: note}
    # A text in several lines.
    - type: fail
      cause: |
        One line,
          and another.
      error: Stopped
      name: stop
name:   A
";
    let expected = "\
# The file.
name: A
steps:
  # The first step.
  - name: fetch
    # Who does it.
    plugin: task_management
    action: get_task # what it does
    inputs: { task_id: \"${task_id}\" } # given

  - { name: note, type: set, variables: { a: 1, b: [1, 2] } }
  # A text in several lines.
  - name: stop
    type: fail
    error: Stopped
    cause: |
      One line,
        and another.
";
    let once = formatted(text);
    let twice = formatted(&once);
    println!("{once}");
    assert_eq!(twice, once);
    assert_eq!(json(&once), json(text));
    assert_eq!(once, expected);
}

#[test]
fn nested_steps_are_ordered_as_well() {
    let text = "\
steps:
  - branches:
      left:
        - {cases: [{steps: [{type: set, name: a, variables: {}}], when: x}], name: choose, type: switch}
    type: parallel
    name: both
name: A
";
    let expected = "\
name: A
steps:
  - name: both
    type: parallel
    branches:
      left:
        - { name: choose, type: switch, cases: [{ when: x, steps: [{ name: a, type: set, variables: {} }] }] }
";
    assert_eq!(formatted(text), expected);
}

#[test]
fn what_an_alias_means_stays() {
    let text = "name: A\nsteps:\n  - inputs: &given { a: 1 }\n    rollback: { action: x, inputs: *given }\n    name: a\n";
    assert_eq!(formatted(text), text);
}

/// What is in brackets, in quotes and in lines of its own, with comments in every place where one may be.
#[test]
fn every_way_of_writing_has_one_form() {
    let text = "\
steps: # head
    # first
    - action: get   # what
      # Who
      plugin:   x
      inputs: {task:  \"${task_id}\", b}   # given


    - !!map {type: set, variables: {a: 1,b: [1,2]}, name: note}
    # text
    - cause: |+ # a > b
        One line,

          and another.


      plain: a b
        c d

        e
      quoted: 'x'
      other: 'it is \"q\"'
      long: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccc]
      broken: {
        # above
        a: 1, # behind
        b: 2 }
      nothing:
      # tail
  # tail of all steps
name:   A # n
# end
";
    let expected = "\
name: A # n
steps: # head
  # first
  - plugin: x
    action: get # what
    inputs: { task: \"${task_id}\", b } # given

  - !!map { name: note, type: set, variables: { a: 1, b: [1, 2] } }
  # text
  - cause: |+ # a > b
      One line,

        and another.


    plain: a b
      c d

      e
    quoted: \"x\"
    other: 'it is \"q\"'
    long: [
      aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,
      bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
      ccccccccccccccccccc
    ]
    broken: {
      # above
      a: 1, # behind
      b: 2
    }
    nothing:
    # tail
  # tail of all steps
# end
";
    // A comment above the key that would come first keeps a mapping as it is.
    let text = text.replace("      # Who\n", "");
    let once = formatted(&text);
    println!("{once}");
    assert_eq!(once, expected);
    assert_eq!(formatted(&once), once);
    assert_eq!(json(&once), json(&text));
}

/// Trailing blanks in a folded text, a text that keeps its empty lines, line ends of Windows, explicit indentation.
#[test]
fn no_valid_file_is_refused_or_changed_in_what_it_says() {
    for (text, expected) in [
        ("a: >-\n    x   \n    y\n", "a: >-\n  x   \n  y\n"),
        ("a: |+\n    text\n\n\nb: 1\n", "a: |+\n  text\n\n\nb: 1\n"),
        ("a: |\n    text\n\n\nb: 1\n", "a: |\n  text\n\nb: 1\n"),
        ("a:   1\r\nb: [1,2]\r\n", "a: 1\r\nb: [1, 2]\r\n"),
        ("a: |\r\n    x\r\n    y\r\n", "a: |\r\n  x\r\n  y\r\n"),
        ("---\na:   1\n", "---\na: 1\n"),
        ("a:   1", "a: 1\n"),
        ("a:   .inf\nb: 1.10\n", "a: .inf\nb: 1.10\n"),
        // Lines of blanks alone do not grow each time.
        ("a:\n  b: |+\n  \n  # c\n", "a:\n  b: |+\n\n  # c\n"),
        ("a:\n    b: |+\n\n      \nc: 1\n", "a:\n  b: |+\n\n\nc: 1\n"),
        // What cannot be written otherwise stays as it is.
        ("a:   1\rb:   2\r", "a:   1\rb:   2\r"),
        ("a: >\n   x\rb: 1\n", "a: >\n   x\rb: 1\n"),
        ("a: |2\n    text\n", "a: |2\n    text\n"),
        ("%YAML 1.2\n---\na:   1\n", "%YAML 1.2\n---\na:   1\n"),
        ("a:\n# about x\n  x\n", "a:\n# about x\n  x\n"),
    ] {
        let once = formatted(text);
        assert_eq!(once, expected, "{text:?}");
        assert_eq!(json(&once), json(text), "{text:?}");
        assert_eq!(formatted(&once), once, "{text:?}");
    }
}

#[test]
fn what_is_no_yaml_is_refused() {
    for text in ["a: [1", "a: 1\na: 2\n", "a: b: c\n"] {
        let refused = format(&Source::new("workflows/a.yaml", text)).unwrap_err();
        assert!(matches!(refused, FormatError::NotYaml { .. }), "{refused}");
        assert!(refused.to_string().starts_with("workflows/a.yaml: "), "{refused}");
    }
}

/// Comments tell the line that a step is on, which may change.
fn without_lines(definition: Option<&Value>) -> Option<Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("Comment");
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut definition = definition?.clone();
    strip(&mut definition);
    Some(definition)
}

#[test]
fn workflows_compile_to_the_same_and_are_formatted_once_for_all() {
    for source in workflows() {
        let once = format(&source).unwrap();
        let again = Source::new(source.path.clone(), once.clone());
        assert_eq!(format(&again).unwrap(), once, "{}", source.path);
        let (before, after) = (compiled(&source), compiled(&again));
        assert_eq!(
            without_lines(before.definition.as_ref()),
            without_lines(after.definition.as_ref()),
            "{}",
            source.path
        );
        assert_eq!(before.route, after.route);
    }
}

#[test]
fn generated_formatting_of_what_is_shipped_is_up_to_date() {
    for entry in fs::read_dir(root().join("workflows")).unwrap() {
        let path = entry.unwrap().path();
        let source = Source::new(path.to_string_lossy(), fs::read_to_string(&path).unwrap());
        let formatted = format(&source).unwrap();
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&path, &formatted).unwrap();
            continue;
        }
        assert!(formatted == source.text, "run `ticketsmith workflow fmt {}`", path.display());
    }
}

/// A value as it may be in a workflow, written in one of YAML's ways.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "\"[a-z ${}.:#-]{0,12}\"",
        "'[a-z :#-]{0,12}'",
        "[0-9]{1,4}",
        Just("true".to_owned()),
        Just("{ a: 1, b: [x, \"y\"] }".to_owned()),
        Just("[1, 2, { c: d }]".to_owned()),
        Just("|\n        One line\n          and another\n".to_owned()),
        Just(">-\n        folded\n        text\n".to_owned()),
    ]
}

/// A step with its keys in any order, comments between them.
fn step() -> impl Strategy<Value = String> {
    let keys =
        ["name", "type", "when", "inputs", "outputs", "timeout", "on_error", "retry", "cause", "zebra"];
    let entry = (
        value(),
        prop_oneof![3 => Just(""), 1 => Just("    # above\n")],
        prop_oneof![3 => Just(""), 1 => Just(" # behind")],
    );
    (proptest::collection::vec(entry, keys.len()), Just(keys).prop_shuffle(), 1_usize..=10).prop_map(
        |(entries, keys, count)| {
            let mut text = String::new();
            for (place, (key, (value, above, behind))) in keys.iter().zip(entries).take(count).enumerate() {
                let block = value.ends_with('\n');
                let lead = if place == 0 { "  - " } else { "    " };
                let above = if place == 0 { "" } else { above };
                let behind = if block { "" } else { behind };
                let end = if block { "" } else { "\n" };
                text.push_str(&format!("{above}{lead}{key}: {value}{behind}{end}"));
            }
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn formatting_keeps_what_is_said_and_every_comment(steps in proptest::collection::vec(step(), 1..4)) {
        let text = format!("steps:\n{}name: A\n", steps.concat());
        let once = formatted(&text);
        prop_assert_eq!(json(&once), json(&text));
        prop_assert_eq!(formatted(&once), once.clone());
        for comment in ["# above", "# behind"] {
            prop_assert_eq!(once.matches(comment).count(), text.matches(comment).count());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-a-z:#\\[\\]{}&*!|>'\" \n]{0,60}") {
        let _ = format(&Source::new("workflows/a.yaml", text));
    }
}
