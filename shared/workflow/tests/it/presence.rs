//! What a condition has found to be there, and what a filter may pick.

use crate::support::found;

/// What the step's own condition has found to be there needs no other.
#[test]
fn a_value_that_the_step_needs_to_run_is_taken_for_present() {
    let text = |condition: &str| {
        format!(
            "name: Test
inputs: {{ opt: {{ type: string, required: false }}, other: string }}
steps:
  - name: tell
    plugin: communication
    action: send_message
    when: \"${{{condition}}}\"
    inputs: {{ message: \"${{$uppercase(opt) & ' ' & opt}}\" }}
"
        )
    };
    assert_eq!(found(&text("opt != null")), "");
    for guard in [
        "other = 'x' and opt != null",
        "null != opt",
        "opt = 'a'",
        "opt in ['a', 'b'] and other = 'x'",
        "$not(opt = null or other = 'x')",
        "(opt   !=   null)",
    ] {
        assert_eq!(found(&text(guard)), "", "{guard}");
    }
    // These have the same words in them, and hold without it.
    for guard in [
        "other = 'x'",
        "opt != null or other = 'x'",
        "$not(opt != null)",
        "(opt != null) = (other = 'x')",
        "other = 'x' ? opt != null : true",
        "$string(opt != null) = other",
    ] {
        assert_eq!(found(&text(guard)).matches("warning:").count(), 2, "{guard}");
    }
    // What ends the execution otherwise is not refused either.
    let sum = text("many != null").replace(
        "inputs: { message: \"${$uppercase(opt) & ' ' & opt}\" }",
        "inputs: { message: \"${$string(many + 1)}\" }",
    );
    let sum = sum.replace("other: string }", "other: string, many: { type: number, required: false } }");
    assert_eq!(found(&sum), "");
    assert!(found(&sum.replace("many != null", "other = 'x'")).contains("`+` cannot take it"));
}

/// What a filter picks may be one item, or several.
#[test]
fn what_a_filter_picks_is_compared_as_one_item() {
    let told = |expression: &str| {
        found(&format!(
            "name: Test
inputs: {{ project: string }}
steps:
  - {{ name: find, plugin: task_management, action: get_project_tasks, inputs: {{ project: \"${{project}}\" }}, outputs: {{ tasks: tasks }} }}
outputs: {{ value: '${{{}}}' }}
",
            expression.replace('\'', "''")
        ))
    };
    for expression in [
        "tasks[task_id = 'A-1'].title = 'x'",
        "'x' != tasks[task_id = 'A-1'].title",
        "tasks[task_id = 'A-1'].more_attachments > 3",
        "tasks[task_id = 'A-1'].title & '!'",
        "$uppercase(tasks[task_id = 'A-1'].title)",
        "($t := tasks[task_id = 'A-1']; $t.title = 'x')",
        "tasks[task_id = 'A-1'].labels[0] = 'x'",
        "(tasks[task_id = 'A-1'] ? tasks[task_id = 'A-1'].title : 'x') = 'y'",
    ] {
        assert_eq!(told(expression), "", "{expression}");
    }
    let all = told("tasks.title = 'x'");
    assert!(
        all.contains("it can equal only if there is one item") && all.contains("`'x' in tasks.title`"),
        "{all}"
    );
    assert!(told("tasks.title = 5").contains("never equals"), "{}", told("tasks.title = 5"));
    for (expression, refusal) in [
        ("$uppercase(tasks.title)", "`$uppercase` takes text, but this is a list (text)"),
        ("tasks.more_attachments + 1", "`+` takes numbers, but this is a list"),
        ("tasks[task_id = 'A-1'].title + 1", "`+` takes numbers, but this is"),
    ] {
        assert!(told(expression).contains(refusal), "{expression}: {}", told(expression));
    }
}

/// Functions that take lists of one kind end the execution at a `null` in them.
#[test]
fn items_that_may_be_null_are_told_where_a_function_does_not_take_them() {
    let told = |expression: &str| {
        found(&format!(
            "name: Test
inputs: {{ project: string, opt: {{ type: number, required: false }} }}
steps:
  - {{ name: find, plugin: task_management, action: get_project_tasks, inputs: {{ project: \"${{project}}\" }}, outputs: {{ tasks: tasks }} }}
outputs: {{ value: '${{{}}}' }}
",
            expression.replace('\'', "''")
        ))
    };
    for (expression, function, help) in [
        ("$sum(tasks.story_points)", "sum", "`tasks.story_points[$ != null]`"),
        ("$max([opt, opt])", "max", "`[opt, opt][$ != null]`"),
        ("$join(tasks.assignee, ', ')", "join", "`tasks.assignee[$ != null]`"),
        ("tasks.assignee ~> $join(', ')", "join", "`tasks.assignee[$ != null]`"),
        ("$average($map(tasks, function($t) { $t.story_points }))", "average", ")[$ != null]`"),
    ] {
        let told = told(expression);
        let words = format!("items of this list may be `null`, which ends the execution in `${function}`");
        assert!(told.contains(&words) && told.contains(help), "{expression}: {told}");
        assert_eq!(told.matches("warning:").count(), 1, "{expression}: {told}");
    }
    for expression in [
        "$sum(tasks.story_points[$ != null])",
        "$sum(tasks[story_points != null].story_points)",
        "$sum($map(tasks, function($t) { $t.story_points != null ? $t.story_points : 0 }))",
        "$join($filter(tasks.assignee, function($a) { $a != null }), ', ')",
        "$join(tasks.labels, ', ')",
        "$count(tasks.story_points)",
    ] {
        assert_eq!(told(expression), "", "{expression}");
    }
}
