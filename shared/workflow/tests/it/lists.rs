//! Lists stay lists, whatever JSONata makes of one item or of none, and lists inside lists stay inside.

use crate::bench::{Actions, run};
use crate::support::{found, right};
use serde_json::{Value, json};

/// The inputs and the head of a workflow that has looked up tasks.
const HEAD: &str = "name: Lists
inputs: { project: string, any: { type: any, required: false } }
steps:
  - { name: find, plugin: task_management, action: get_project_tasks, inputs: { project: \"${project}\" }, outputs: { tasks: tasks } }
";

/// The tasks `P-1` and on, of which every second is done. Each has its id as a label, and the first a second one.
fn tasks(count: usize) -> Value {
    let task = |number: usize| {
        let status = if number.is_multiple_of(2) { "Done" } else { "Open" };
        let mut labels = vec![format!("P-{number}")];
        labels.extend((number == 1).then(|| "first".to_owned()));
        json!({"task_id": format!("P-{number}"), "id": format!("P-{number}"), "title": "A", "status": status, "labels": labels})
    };
    (1..=count).map(task).collect()
}

/// What an expression is as an output, with so many tasks.
async fn output(expression: &str, count: usize) -> Value {
    let text = format!("{HEAD}outputs: {{ value: '${{{}}}' }}\n", expression.replace('\'', "''"));
    let actions = Actions::default().with("GetProjectTasks", move |_, _| Ok(json!({"tasks": tasks(count)})));
    run(&right(&text), json!({"project": "P"}), actions).await.output()["value"].clone()
}

#[tokio::test]
async fn every_way_to_a_list_gives_one_of_none_one_and_several() {
    for (expression, none, one, two) in [
        ("tasks", json!([]), tasks(1), tasks(2)),
        ("tasks.task_id", json!([]), json!(["P-1"]), json!(["P-1", "P-2"])),
        ("tasks.(task_id & '!')", json!([]), json!(["P-1!"]), json!(["P-1!", "P-2!"])),
        ("tasks.labels", json!([]), json!(["P-1", "first"]), json!(["P-1", "first", "P-2"])),
        ("tasks[status != 'None'].task_id", json!([]), json!(["P-1"]), json!(["P-1", "P-2"])),
        ("tasks[status = 'Open'].task_id", json!([]), json!(["P-1"]), json!(["P-1"])),
        ("tasks[status = 'None'].task_id", json!([]), json!([]), json!([])),
        ("tasks^(>task_id).task_id", json!([]), json!(["P-1"]), json!(["P-2", "P-1"])),
        ("$map(tasks, function($t) { $t.task_id })", json!([]), json!(["P-1"]), json!(["P-1", "P-2"])),
        (
            "$map(tasks, function($t) { [$t.task_id, 'x'] })",
            json!([]),
            json!([["P-1", "x"]]),
            json!([["P-1", "x"], ["P-2", "x"]]),
        ),
        ("$filter(tasks, function($t) { $t.status = 'Done' }).task_id", json!([]), json!([]), json!(["P-2"])),
        ("$sort(tasks.task_id)", json!([]), json!(["P-1"]), json!(["P-1", "P-2"])),
        ("$reverse(tasks.task_id)", json!([]), json!(["P-1"]), json!(["P-2", "P-1"])),
        ("$distinct(tasks.title)", json!([]), json!(["A"]), json!(["A"])),
        (
            "$append(tasks.task_id, tasks.title)",
            json!([]),
            json!(["P-1", "A"]),
            json!(["P-1", "P-2", "A", "A"]),
        ),
        ("$keys({'a': 1})", json!(["a"]), json!(["a"]), json!(["a"])),
        ("$lookup(tasks, 'task_id')", json!([]), json!(["P-1"]), json!(["P-1", "P-2"])),
        ("tasks ~> $lookup('labels')", json!([]), json!(["P-1", "first"]), json!(["P-1", "first", "P-2"])),
        ("$count(tasks) > 0 ? tasks.task_id : []", json!([]), json!(["P-1"]), json!(["P-1", "P-2"])),
        (
            "{'ids': tasks.task_id}",
            json!({"ids": []}),
            json!({"ids": ["P-1"]}),
            json!({"ids": ["P-1", "P-2"]}),
        ),
        ("($ids := tasks.task_id; $ids)", json!([]), json!(["P-1"]), json!(["P-1", "P-2"])),
        ("tasks ~> $map(function($t) { $t.task_id })", json!([]), json!(["P-1"]), json!(["P-1", "P-2"])),
        ("tasks.task_id ~> $sort() ~> $reverse()", json!([]), json!(["P-1"]), json!(["P-2", "P-1"])),
        (
            "tasks[status != 'None'].task_id ~> $append('z')",
            json!(["z"]),
            json!(["P-1", "z"]),
            json!(["P-1", "P-2", "z"]),
        ),
        ("tasks.task_id ~> $count", json!(0), json!(1), json!(2)),
        ("tasks.task_id ~> $join(', ')", json!(""), json!("P-1"), json!("P-1, P-2")),
        ("(tasks ~> |$|{'title': 'B'}|).title", json!([]), json!(["B"]), json!(["B", "B"])),
        ("($last := $reverse ~> $string; $last([1, 2]))", json!("[2,1]"), json!("[2,1]"), json!("[2,1]")),
        // Functions of the workflow's own.
        (
            "($ids := function($list) { $list.task_id }; $ids(tasks))",
            json!([]),
            json!(["P-1"]),
            json!(["P-1", "P-2"]),
        ),
        (
            "($done := function($list) { $filter($list, function($t) { $t.status = 'Done' }) }; $done(tasks).task_id)",
            json!([]),
            json!([]),
            json!(["P-2"]),
        ),
        (
            "($title := function($t) { $t.title }; $map(tasks, $title))",
            json!([]),
            json!(["A"]),
            json!(["A", "A"]),
        ),
        (
            "($short := function($t) { $substring($t, 0, 1) }; $short('abc'))",
            json!("a"),
            json!("a"),
            json!("a"),
        ),
        ("$string(tasks.task_id)", json!("[]"), json!("[\"P-1\"]"), json!("[\"P-1\",\"P-2\"]")),
        ("$exists(tasks.task_id)", json!(false), json!(true), json!(true)),
        ("tasks[0].task_id", Value::Null, json!("P-1"), json!("P-1")),
        ("tasks[$count($tasks) - 1].task_id", Value::Null, json!("P-1"), json!("P-2")),
        ("tasks[$count($tasks) - 1]", Value::Null, tasks(1)[0].clone(), tasks(2)[1].clone()),
        (
            "$map(tasks, function($t) { $project & $t.task_id })",
            json!([]),
            json!(["PP-1"]),
            json!(["PP-1", "PP-2"]),
        ),
        (
            "($ids := function($n) { $n = 0 ? [] : $append($ids($n - 1), 'x') }; $ids($count(tasks)))",
            json!([]),
            json!(["x"]),
            json!(["x", "x"]),
        ),
        ("$join(tasks.task_id, ', ')", json!(""), json!("P-1"), json!("P-1, P-2")),
        ("tasks.task_id & ''", json!(""), json!("P-1"), json!("[\"P-1\",\"P-2\"]")),
    ] {
        for (count, expected) in [none, one, two].into_iter().enumerate() {
            assert_eq!(output(expression, count).await, expected, "{expression} of {count}");
        }
    }
}

/// Inputs, variables, definitions, items and what branches give are places where values are kept.
#[tokio::test]
async fn every_place_that_keeps_a_list_keeps_it() {
    let text = format!(
        "{}variables: {{ ids: \"${{tasks.task_id}}\" }}\n{}",
        &HEAD[..HEAD.find("steps:").unwrap()],
        &HEAD[HEAD.find("steps:").unwrap()..]
    ) + "  - name: make
    plugin: task_management
    action: create_task
    inputs: { project: P, title: Sum, description: x, labels: \"${tasks.task_id}\" }
  - { name: keep, type: set, variables: { kept: \"${tasks.task_id}\", both: [\"${tasks.task_id}\", \"${ids}\"] } }
  - name: sides
    type: parallel
    branches:
      left: [{ name: left, type: set, variables: { from_left: \"${tasks.labels}\" } }]
      right: [{ name: right, type: set, variables: { from_right: \"${any.list.id}\" } }]
  - name: each
    type: foreach
    items: \"${tasks[status = 'Open'].task_id}\"
    as: id
    steps: [{ name: note, type: set, variables: { noted: [\"${id}\"] } }]
    result: \"${noted}\"
    outputs: { results: results }
  - name: nested
    type: foreach
    items: [\"${any.pair}\", \"${tasks.task_id}\", \"${project}\"]
    as: item
    steps: [{ name: hold, type: set, variables: { held: \"${item}\" } }]
    result: \"${held}\"
    outputs: { results: lists }
outputs:
  kept: \"${kept}\"
  both: \"${both}\"
  ids: \"${ids}\"
  left: \"${from_left}\"
  results: \"${results}\"
  lists: \"${lists}\"
  held: { inside: [\"${any.pair}\", \"${project}\", [\"${ids}\"]] }
";
    for count in 0..3 {
        let actions =
            Actions::default().with("GetProjectTasks", move |_, _| Ok(json!({"tasks": tasks(count)})));
        let inputs = json!({"project": "P", "any": {"pair": ["a"], "list": []}});
        let ended = run(&right(&text), inputs, actions).await;
        let all = tasks(count);
        let ids: Vec<&Value> = all.as_array().unwrap().iter().map(|task| &task["task_id"]).collect();
        let labels: Vec<&Value> =
            all.as_array().unwrap().iter().flat_map(|task| task["labels"].as_array().unwrap()).collect();
        let open = if count == 0 { json!([]) } else { json!([["P-1"]]) };
        assert_eq!(ended.input("CreateTask")["labels"], json!(ids), "{count}");
        assert_eq!(
            ended.output(),
            json!({
                "kept": ids, "both": [ids, ids], "ids": ids, "left": labels, "results": open,
                "lists": [["a"], ids, "P"], "held": {"inside": [["a"], "P", [ids]]},
            }),
            "{count}"
        );
    }
}

/// Of values of which the types say nothing, the execution knows which are lists.
#[tokio::test]
async fn a_path_through_values_of_any_type_keeps_the_lists_that_it_meets() {
    for (expression, none, one, two) in [
        ("any.list.id", json!([]), json!(["1"]), json!(["1", "2"])),
        ("any.list.inside.id", json!([]), json!(["1a"]), json!(["1a", "2a"])),
        ("any.one.id", json!("x"), json!("x"), json!("x")),
        ("any.one.missing", Value::Null, Value::Null, Value::Null),
        ("any.one.inside.missing", Value::Null, Value::Null, Value::Null),
        ("any.one.list", json!(["x"]), json!(["x"]), json!(["x"])),
        (
            "{'ids': any.list.id, 'one': any.one.id}",
            json!({"ids": [], "one": "x"}),
            json!({"ids": ["1"], "one": "x"}),
            json!({"ids": ["1", "2"], "one": "x"}),
        ),
        ("($ids := any.list.id; $ids)", json!([]), json!(["1"]), json!(["1", "2"])),
        ("$filter(any.list, function($t) { $t.id != '2' }).id", json!([]), json!(["1"]), json!(["1"])),
        ("$append(any.list.id, 'z')", json!(["z"]), json!(["1", "z"]), json!(["1", "2", "z"])),
        ("any.list.*", json!([]), json!(["1", {"id": "1a"}]), json!(["1", {"id": "1a"}, "2", {"id": "2a"}])),
        ("$count(any.list.id)", json!(0), json!(1), json!(2)),
        ("any.list.id & ''", json!(""), json!("1"), json!("[\"1\",\"2\"]")),
        ("any.list[0].id", Value::Null, json!("1"), json!("1")),
        ("any.list[$count($any.list) - 1].id", Value::Null, json!("1"), json!("2")),
        ("any.list^(>id).id", json!([]), json!(["1"]), json!(["2", "1"])),
        ("any.list.(id & '!')", json!([]), json!(["1!"]), json!(["1!", "2!"])),
        ("any.list.{'i': id}", json!([]), json!([{"i": "1"}]), json!([{"i": "1"}, {"i": "2"}])),
        ("any.one.(id & '!')", json!("x!"), json!("x!"), json!("x!")),
        ("any.one.{'i': id}", json!({"i": "x"}), json!({"i": "x"}), json!({"i": "x"})),
        ("any.one.missing.(id & '!')", Value::Null, Value::Null, Value::Null),
    ] {
        for (count, expected) in [none, one, two].into_iter().enumerate() {
            let text = format!("{HEAD}outputs: {{ value: '${{{}}}' }}\n", expression.replace('\'', "''"));
            let item =
                |number: usize| json!({"id": number.to_string(), "inside": {"id": format!("{number}a")}});
            let list: Vec<Value> = (1..=count).map(item).collect();
            let inputs = json!({"project": "P", "any": {"list": list, "one": {"id": "x", "list": ["x"]}}});
            let value = run(&right(&text), inputs, Actions::default()).await.output()["value"].clone();
            assert_eq!(value, expected, "{expression} of {count}");
        }
    }
}

/// Lists inside lists of which the types say nothing stay inside, whatever goes through them.
#[tokio::test]
async fn lists_in_lists_of_unknown_type_stay_inside() {
    for expression in [
        "$map(any.pairs, function($p) { $p })",
        "($own := function($p) { $p }; $map(any.pairs, $own))",
        "($own := function($p) { $p }; $other := $own; $map(any.pairs, $other))",
        "($own := $reverse; $map(any.pairs, $own))",
        "$map(any.pairs, $reverse)",
        "$filter(any.pairs, function($p) { true })",
        "($all := function($p) { true }; $filter(any.pairs, $all))",
        "$sort(any.pairs, function($a, $b) { false })",
        "{'kept': $map(any.pairs, function($p) { $p })}.kept",
    ] {
        for count in 0..3 {
            let text = format!("{HEAD}outputs: {{ value: '${{{}}}' }}\n", expression.replace('\'', "''"));
            let pairs: Vec<Value> = (0..count).map(|number| json!([number])).collect();
            let inputs = json!({"project": "P", "any": {"pairs": pairs}});
            let value = run(&right(&text), inputs, Actions::default()).await.output()["value"].clone();
            assert_eq!(value, json!(pairs), "{expression} of {count}");
        }
    }
    let each = output("$each({'a': ['x']}, function($v) { $v })", 0).await;
    assert_eq!(each, json!([["x"]]));
}

/// Where the types say nothing, the place does: what takes a list is given one.
#[tokio::test]
async fn an_input_that_takes_a_list_is_given_one() {
    let text = format!(
        "{HEAD}  - {{ name: make, plugin: task_management, action: create_task, inputs: {{ project: P, title: t, description: d, labels: \"${{any.list.id}}\" }} }}\n"
    );
    for (list, labels) in [
        (json!([]), json!([])),
        (json!([{"id": "a"}]), json!(["a"])),
        (json!([{"id": "a"}, {"id": "b"}]), json!(["a", "b"])),
    ] {
        let inputs = json!({"project": "P", "any": {"list": list}});
        let ended = run(&right(&text), inputs, Actions::default()).await;
        assert_eq!(ended.input("CreateTask")["labels"], labels);
    }
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let refused = |step: &str| found(&format!("{HEAD}{step}\n"));
    let told = refused("outputs: { value: \"${tasks.[task_id, title]}\" }");
    assert!(told.contains("JSONata would return a single list itself"), "{told}");
    let told = refused("outputs: { value: \"${any.list.[id, name]}\" }");
    assert!(told.contains("JSONata would return a single list itself"), "{told}");
    let told = refused("outputs: { value: \"${tasks ~> $map(function($t) { $t.labels })}\" }");
    assert!(
        told.contains("JSONata would return a single list itself") && told.contains("without `~>`"),
        "{told}"
    );
    let told = refused("outputs: { value: \"${tasks ~> $map(function($t) { $t.titel })}\" }");
    assert!(told.contains("`Task` has no field `titel`"), "{told}");
    let told = refused(
        "  - { name: say, plugin: communication, action: send_message, inputs: { message: \"${tasks.title}\" } }",
    );
    assert!(told.contains("`message` takes text, but this is a list (text)"), "{told}");
    let told = refused("outputs: { value: \"${$map(tasks, function($t) { $t.titel })}\" }");
    assert!(told.contains("`Task` has no field `titel`"), "{told}");
    let told = refused(
        "  - { name: each, type: foreach, items: [1, 2, 3], max_items: 2, as: x, steps: [{ name: a, type: set, variables: { b: 1 } }] }",
    );
    assert!(told.contains("`items` has 3 items, and `max_items` is 2"), "{told}");
}
