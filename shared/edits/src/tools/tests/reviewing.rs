//! Calls about a pull request: comments lie on lines of its diff, always.

use super::World;
use crate::diff::DiffFile;
use crate::review::{ReviewSubject, ThreadAnswer};
use domain::CommitSha;
use domain::plugins::{ReviewThread, ThreadComment};
use serde_json::json;

const PATCH: &str = "@@ -1,3 +1,4 @@\n a\n-b\n+B\n+b2\n c\n";

pub(in crate::tools) fn subject() -> ReviewSubject {
    let sha = |digit: &str| digit.repeat(40).parse::<CommitSha>().unwrap();
    let thread = |id: &str, text: &str| ReviewThread {
        id: id.into(),
        path: "src/cart.rs".into(),
        line: Some(2),
        is_resolved: false,
        comments: vec![ThreadComment { author: None, is_ours: true, marks: Vec::new(), text: text.into() }],
    };
    ReviewSubject {
        number: 7,
        source: "feature/x".into(),
        head: sha("b"),
        base: sha("a"),
        since: None,
        files: vec![DiffFile::parse("src/cart.rs", "src/basket.rs", PATCH)],
        threads: vec![thread("T1", "Name it."), thread("T2", "Test it.")],
    }
}

fn world() -> World {
    let mut world = World::new();
    world.review = Some(subject());
    world
}

#[test]
fn a_comment_lies_on_a_line_of_the_diff() {
    let mut world = world();
    let comment = |line: u64, side: &str, text: &str| json!({"path": "src/cart.rs", "line": line, "side": side, "text": text});
    world.told("comment_on_line", comment(3, "after", "Why twice?"), "Comments: 1");
    world.told("comment_on_line", comment(2, "before", "Was used."), "Comments: 2");
    world.told("comment_on_line", comment(3, "after", "Why two?"), "Comments: 2");
    world.refused(
        "comment_on_line",
        comment(9, "after", "x"),
        "line 9 of `src/cart.rs` is not in the diff; the lines after the change that are: 1–4.",
    );
    world.refused("comment_on_line", comment(4, "before", "x"), "before the change that are: 1–3");
    let elsewhere = json!({"path": "README.md", "line": 1, "text": "x"});
    world.refused("comment_on_line", elsewhere, "is not among the files to review; these are `src/cart.rs`");
    world.refused("comment_on_line", comment(1, "after", "Name it."), "in thread 1");
    // By the former name, a removed line is found, too.
    let former = json!({"path": "src/basket.rs", "line": 2, "side": "before", "text": "Was used!"});
    world.told("comment_on_line", former, "Comments: 2");
    world.told("comment_on_line", comment(2, "before", ""), "Taken back");
    let comments = world.state.review.comments.clone();
    assert_eq!(comments.len(), 1);
    assert_eq!(
        (comments[0].old_line, comments[0].new_line, comments[0].text.as_str()),
        (None, Some(3), "Why two?")
    );
    assert_eq!(subject().placed(comments.clone()), comments);
}

#[test]
fn only_what_changed_since_the_last_review_is_reviewed() {
    let mut world = world();
    let subject = world.review.as_mut().unwrap();
    subject.since = Some("c".repeat(40).parse().unwrap());
    subject.files[0].keep_fresh(Some("a\nB\nc\n"), Some("a\nB\nb2\nc\n"));
    let comment = |line: u64| json!({"path": "src/cart.rs", "line": line, "text": "x"});
    world.refused("comment_on_line", comment(2), "has not changed since the last review (ccccccc)");
    world.refused("comment_on_line", comment(1), "Changed since: 3.");
    world.told("comment_on_line", comment(3), "Comments: 1");
    world.told("show_diff", json!({"path": "src/cart.rs"}), "+B ·");
    world.told("show_diff", json!({}), "src/cart.rs (+2 \u{2212}1, was src/basket.rs)");
}

#[test]
fn each_thread_has_one_answer() {
    let mut world = world();
    world.told("answer_thread", json!({"thread": 1, "done": false, "text": "Not yet."}), "1 of 2");
    world.told("answer_thread", json!({"thread": 1, "done": true, "text": "Named."}), "1 of 2");
    world.refused(
        "answer_thread",
        json!({"thread": 3, "done": true, "text": "x"}),
        "there is no thread 3; there are 1 to 2",
    );
    world.refused("answer_thread", json!({"thread": 1, "done": true, "text": " "}), "`text` is empty");
    let expected = ThreadAnswer { thread: "T1".into(), done: true, text: "Named.".into() };
    assert_eq!(world.state.review.answers, [expected]);
}

#[test]
fn without_a_pull_request_its_tools_are_not_offered() {
    let mut world = World::new();
    for tool in ["comment_on_line", "show_diff", "answer_thread"] {
        world.refused(tool, json!({}), "is not offered here");
    }
}
