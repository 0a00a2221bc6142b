use super::*;
use proptest::prelude::*;

fn replaced(before: &str, search: &str, replace: &str) -> String {
    let mut text = Text::read(before);
    text.replace_once(search, replace).unwrap();
    text.write()
}

fn set(before: &str, content: &str) -> String {
    let mut text = Text::read(before);
    text.set(content);
    text.write()
}

#[test]
fn a_search_over_lines_matches_whatever_ends_them() {
    let after =
        replaced("def a():\r\n    return 1\r\n", "def a():\n    return 1\n", "def a():\n    return 10\n");
    assert_eq!(after, "def a():\r\n    return 10\r\n");
    assert_eq!(
        replaced("    return 1\r\n", "    return 1", "    x = 1\n    return x"),
        "    x = 1\r\n    return x\r\n"
    );
    assert_eq!(replaced("a\nb\n", "a\r\nb", "c\r\nd"), "c\nd\n", "the model's line endings do not matter");
    assert_eq!(replaced("a\rb\rc", "b\nc", "x\ny\nz"), "a\rx\ry\rz", "old Macs");
}

#[test]
fn a_byte_order_mark_stays_and_is_never_added() {
    assert_eq!(set("\u{feff}using System;\r\n", "using System.Text;\n"), "\u{feff}using System.Text;\r\n");
    assert_eq!(set("using System;\n", "\u{feff}using X;\n"), "using X;\n");
    assert_eq!(replaced("\u{feff}a\n", "\u{feff}a", "b"), "\u{feff}b\n");
    assert_eq!(Text::read("\u{feff}a\r\n").as_str(), "a\n");
}

#[test]
fn the_final_newline_stays_as_it_was() {
    assert_eq!(replaced("last line", "last line\n", "last line\nmore\n"), "last line\nmore");
    assert_eq!(replaced("a\r\nlast", "last", "last\nmore\n"), "a\r\nlast\r\nmore");
    assert_eq!(replaced("a\nb\n", "b\n", "c"), "a\nc\n");
    assert_eq!(set("a\r\nb", "c\nd\n"), "c\r\nd");
    assert_eq!(set("a\r\nb\r\n", "c"), "c\r\n");
    assert_eq!(set("a\n", ""), "", "an empty file has no line that ends");
    assert_eq!(set("", "a\n"), "a\n", "a file that was empty has no form");
    assert_eq!(set("", "a"), "a");
}

#[test]
fn in_a_mixed_file_new_lines_end_as_those_around_them() {
    let mixed = "a\r\nb\r\nc\nd\n";
    assert_eq!(replaced(mixed, "a\nb\n", "a\nnew\nb\n"), "a\r\nnew\r\nb\r\nc\nd\n");
    assert_eq!(replaced(mixed, "d\n", "d\nnew\n"), "a\r\nb\r\nc\nd\nnew\n");
    assert_eq!(set(mixed, "b\nc\nd\n"), "b\r\nc\nd\n");
    assert_eq!(set(mixed, "a\nx\nb\nc\nd\n"), "a\r\nx\r\nb\r\nc\nd\n");
}

#[test]
fn a_text_that_occurs_otherwise_than_once_is_counted() {
    let count = |before: &str, search: &str| Text::read(before).replace_once(search, "x").unwrap_err();
    assert_eq!(count("aaa", "aa"), 2, "occurrences overlap");
    assert_eq!(count("ababab", "abab"), 2);
    assert_eq!(count("éééé", "éé"), 3);
    assert_eq!(count("a\r\na\r\n", "a\n"), 2);
    assert_eq!(count("}\nx\n}", "}\n"), 2, "the last line is one of two that look the same");
    assert_eq!(count("x\r\n}\r\n}", "}\n"), 2);
    assert_eq!(count("abc", "d"), 0);
    assert_eq!(count("abc", ""), 0);
    assert_eq!(count("abc", "\n"), 0);
}

#[test]
fn all_occurrences_are_replaced_at_once() {
    let mut text = Text::read("a\r\nb\na\r\n");
    let found = text.find("a");
    assert_eq!(found, [0..1, 4..5]);
    text.replace(&found, "x\ny");
    assert_eq!(text.write(), "x\r\ny\r\nb\nx\r\ny\r\n");
    let mut text = Text::read("a\nb\na");
    let found = text.find("a\n");
    text.replace(&found, "c\n");
    assert_eq!(text.write(), "c\nb\nc", "the last line, too");
    let mut text = Text::read("a a\nlast a");
    let found = text.find("a");
    text.replace(&found[1..], "b\n");
    assert_eq!(text.write(), "a b\n\nlb\nst b", "one newline at the end is the form's");
}

#[test]
fn large_texts_take_no_longer_than_they_are() {
    let equal = "a".repeat(1_000_000);
    assert_eq!(Text::read(&equal).find(&equal[..500_000]).len(), 500_001);
    let mixed: String =
        (0..40_000).map(|line| format!("{line}{}", if line % 2 == 0 { "\n" } else { "\r\n" })).collect();
    let other: String = (0..40_000).rev().map(|line| format!("{line}\n")).collect();
    let after = set(&mixed, &other);
    assert!(after.starts_with("39999\r\n39998\n39997\r\n"), "lines keep their endings wherever they go");
    let mut text = Text::read(&mixed);
    let found = text.find("9");
    assert!(found.len() > 10_000);
    text.replace(&found, "nine");
    assert!(text.write().starts_with("0\n1\r\n2\n3\r\n4\n5\r\n6\n7\r\n8\nnine\r\n10\n"));
}

/// Lines that are all different, each with an ending.
fn file() -> impl Strategy<Value = Vec<String>> {
    let ending = prop::sample::select(vec!["\n", "\r\n"]);
    prop::collection::vec(ending, 1..20).prop_map(|endings| {
        endings.iter().enumerate().map(|(number, ending)| format!("line {number};{ending}")).collect()
    })
}

proptest! {
    #[test]
    fn what_is_read_is_written(content in "(\u{feff})?[ab\r\n]{0,40}", any in any::<String>()) {
        prop_assert_eq!(Text::read(&content).write(), content);
        prop_assert_eq!(Text::read(&any).write(), any);
    }

    #[test]
    fn an_edit_never_changes_the_endings_of_untouched_lines(
        lines in file(),
        mark in any::<bool>(),
        at in any::<prop::sample::Index>(),
        length in 1_usize..4,
        new in "[xy\n]{0,12}",
    ) {
        let start = at.index(lines.len());
        let end = (start + length).min(lines.len());
        let before = format!("{}{}", if mark { "\u{feff}" } else { "" }, lines.concat());
        let search = lines[start..end].concat();
        let mut text = Text::read(&before);
        prop_assert!(text.replace_once(&search, &new).is_ok());
        let after = text.write();
        let head = format!("{}{}", if mark { "\u{feff}" } else { "" }, lines[..start].concat());
        let tail = lines[end..].concat();
        prop_assert!(after.starts_with(&head) && after.ends_with(&tail), "{before:?} {search:?} {new:?} {after:?}");
    }

    #[test]
    fn a_whole_content_keeps_the_endings_of_lines_that_stay(lines in file(), kept in prop::collection::vec(any::<bool>(), 20)) {
        let content: String = lines.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(line, _)| line.replace('\r', "")).collect();
        let expected: String = lines.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(line, _)| line.as_str()).collect();
        prop_assert_eq!(set(&lines.concat(), &content), expected);
    }
}
