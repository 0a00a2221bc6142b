use super::*;
use proptest::prelude::*;

fn cut_to(text: &str, most: usize) -> String {
    let limit = TextLimit::characters(most);
    let cut = cut(text, limit, " … (cut)");
    assert!(limit.holds(&cut), "{cut}");
    cut
}

#[test]
fn a_text_that_fits_stays() {
    assert_eq!(cut_to("**short", 7), "**short");
    assert_eq!(cut("", TextLimit::bytes(0), CUT), "");
}

#[test]
fn units_count_as_services_do() {
    let text = "a€😀";
    let sizes =
        [TextLimit::characters(9), TextLimit::utf16(9), TextLimit::bytes(9)].map(|limit| limit.size(text));
    assert_eq!(sizes, [3, 4, 8]);
    assert_eq!(cut(text, TextLimit::utf16(3), ""), "a€");
    assert_eq!(cut(text, TextLimit::bytes(7), ""), "a€");
}

#[test]
fn characters_stay_whole() {
    assert_eq!(cut(&"👍🏽".repeat(3), TextLimit::characters(3), ""), "👍🏽");
    assert_eq!(cut("xe\u{301}y", TextLimit::characters(2), ""), "x");
    assert_eq!(cut("x👩\u{200d}👩\u{200d}👧y", TextLimit::characters(4), ""), "x");
}

#[test]
fn a_cut_is_at_a_line_or_word() {
    let text = format!("{} last words of it\nnext line and more", "x".repeat(80));
    assert_eq!(cut_to(&text, 110), format!("{} last words of it … (cut)", "x".repeat(80)));
    assert_eq!(cut_to(&text, 100), format!("{} last words … (cut)", "x".repeat(80)));
}

#[test]
fn what_is_open_is_closed() {
    let code = "Before\n\n```python\nx = 1\nx = 2\nx = 3\nx = 4\n```\nafter";
    assert_eq!(cut_to(code, 45), "Before\n\n```python\nx = 1\nx = 2\n``` … (cut)");
    assert_eq!(cut_to(code, 20), "Before … (cut)");
    assert_eq!(
        cut_to("> ~~~~\n> a\n> b\n> c\n> d and more and more\n", 34),
        "> ~~~~\n> a\n> b\n> c\n> ~~~~ … (cut)"
    );
    assert_eq!(cut_to("So **very important words** are", 25), "So **very** … (cut)");
    assert_eq!(cut_to("a `let x = 1; let y = 2;` b", 22), "a `let x = 1;` … (cut)");
}

#[test]
fn what_cannot_be_closed_is_left_out_whole() {
    assert_eq!(cut_to("See [the docs](https://a.example/x) now", 30), "See … (cut)");
    assert_eq!(cut_to("See <https://a.example/x|the docs> now", 30), "See … (cut)");
    assert_eq!(cut_to("x &amp; yyyyyyyyyyy", 12), "x … (cut)");
    assert_eq!(cut_to("ok <!-- a hidden remark --> seen by all", 25), "ok … (cut)");
}

#[test]
fn a_title_is_one_line_and_ends_at_a_word() {
    let limit = TextLimit::characters(12);
    assert_eq!(cut_line(" a\n b\tc ", limit), "a b c");
    assert_eq!(cut_line("Add discount codes", limit), "Add discoun…");
    assert_eq!(cut_line("Discounts to the cart", limit), "Discounts…");
    assert_eq!(cut_line(&"ü".repeat(13), limit), "ü".repeat(11) + "…");
}

#[test]
fn a_code_block_over_several_pieces_is_one_in_each() {
    let text = format!("before\n\n```\n{}```\nafter", "line\n".repeat(8));
    let pieces = split(&text, TextLimit::characters(30));
    assert_eq!(pieces[0], "before\n\n```\nline\nline\nline\n```");
    assert_eq!(pieces[1], "```\nline\nline\nline\nline\n```");
    assert_eq!(pieces[2..], ["```\nline\n```\nafter"]);
    assert_eq!(split("", TextLimit::characters(3)), Vec::<String>::new());
}

#[test]
fn what_closes_and_opens_code_never_becomes_one_run_with_its_content() {
    for text in ["words `code``code` and more", "words **a***b* c** and more", "words `a```b``c` d"] {
        for most in 8..text.len() {
            for piece in split(text, TextLimit::characters(most)).iter().skip(1) {
                assert!(!is_open(piece), "{most}: {piece}");
            }
        }
    }
    let pieces = split("words of `code``code` here", TextLimit::characters(17));
    assert_eq!(pieces, ["words of ", "`code``code` here"]);
}

#[test]
fn cutting_takes_time_in_proportion_to_the_length() {
    test_inputs::assert_time_in_proportion(7_500, |length| {
        for part in ["*a* ", "[", "<", "\\", "&", "[a](b"] {
            let most = TextLimit::characters(length - length / 6);
            assert!(cut(&part.repeat(length), most, CUT).ends_with(CUT), "{part}");
        }
    });
}

/// A limit with room for what opens and closes the parts below, and for the note.
const ROOMY: usize = 40;

const PARTS: [&str; 12] = [
    "word ",
    "line\n",
    "\n",
    "\n```rust\nlet x = \"`\";\nlet y = 2;\n```\n",
    "[link](https://a.example/b)",
    "<https://a.example|shown here>",
    "**strong words** ",
    "_a_ ",
    "`code`",
    "&lt;",
    "👍🏽",
    "* [ ] ( \\ ~ < > & ",
];

/// Whether a text leaves a code block open.
fn is_open(text: &str) -> bool {
    text.lines().filter(|line| line.trim_start().starts_with("```")).count() % 2 == 1
}

proptest! {
    #[test]
    fn every_cut_fits_and_leaves_no_block_open(parts in prop::collection::vec(0..PARTS.len(), 0..40), most in 1_usize..300) {
        let text: String = parts.iter().map(|part| PARTS[*part]).collect();
        for limit in [TextLimit::characters(most), TextLimit::utf16(most), TextLimit::bytes(most)] {
            let cut = cut(&text, limit, CUT);
            prop_assert!(limit.holds(&cut), "{cut}");
            prop_assert!(cut == text || most < ROOMY || cut.ends_with(CUT), "{cut}");
            prop_assert!(is_open(&text) || most < ROOMY || !is_open(&cut), "{cut}");
            prop_assert!(!cut.contains("[link](") || cut.matches("[link](https://a.example/b)").count() == cut.matches("[link](").count() || most < ROOMY);
            prop_assert!(limit.holds(&cut_line(&text, limit)) || most < 3);
        }
    }

    #[test]
    fn pieces_of_plain_text_are_the_text(text in "[a-z üé\u{301}👍\n]{0,400}", most in 1_usize..80) {
        let pieces = split(&text, TextLimit::characters(most));
        let written = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(written(&pieces.concat()), written(&text));
        prop_assert!(pieces.iter().all(|piece| TextLimit::characters(most).holds(piece)));
    }

    #[test]
    fn pieces_fit_and_leave_no_block_open(parts in prop::collection::vec(0..PARTS.len(), 0..60), most in 60_usize..200) {
        let text: String = parts.iter().map(|part| PARTS[*part]).collect();
        for piece in split(&text, TextLimit::characters(most)) {
            prop_assert!(TextLimit::characters(most).holds(&piece), "{piece}");
            prop_assert!(is_open(&text) || !is_open(&piece), "{text}\n=> {piece}");
        }
    }

    #[test]
    fn nothing_breaks_it(text in any::<String>(), most in 0_usize..40) {
        let limit = TextLimit::utf16(most);
        prop_assert!(limit.holds(&cut(&text, limit, CUT)));
        split(&text, limit);
    }
}
