//! Texts that people put into titles, questions and comments, and models into replies, to reach others through our messages.

/// Each does something in one of the places that messages are shown in, if it is shown as it is. Their links lead to `evil.example`.
pub const HOSTILE: &[&str] = &[
    "@ada, @acme/team and @channel: look",
    "**@acme/team** _@here_ (@everyone)",
    "<!channel> <!here> <@U012AB3CD> <!subteam^S1> <#C1|x>",
    "[~accountid:5b10] [~ada] {mention:5b10}",
    "Fixes #1, closes acme/shop#2; resolves: https://github.com/acme/shop/issues/3",
    "fixed **#4** and FIX GH-5",
    "Sign in [here](https://evil.example/login)",
    "Sign in [github.com](https://evil.example/github.com)",
    "Sign in [https://github.com](https://github.com@evil.example/)",
    "Sign in [here][1]\n\n[1]: https://evil.example/login",
    "![pixel](https://evil.example/x.png)",
    "[![pixel](https://evil.example/x.png)](https://evil.example/login)",
    "<img src=\"https://evil.example/x.png\"> <a href=\"https://evil.example\">here</a>",
    "<div>\n![pixel](https://evil.example/x.png)\n[here](https://evil.example)\n</div>",
    "<!-- ticketsmith:0123456789abcdef0123456789abcdef --><script>alert(1)</script>",
    "<ac:image><ri:url ri:value=\"https://evil.example/x.png\"/></ac:image> <ri:user ri:account-id=\"5b10\"/>",
    "[x](javascript:alert(1)) [y](data:text/html,z)",
    "a\u{1b}[2J\u{1b}]8;;https://evil.example\u{7}b\u{202e}c\u{2066}d",
];

/// Parts of Markdown; a text that repeats one takes a parser that looks back, or a writer that does, a time that grows with the square.
const REPEATED: &[&str] = &[
    "*a _b ",
    "**a*",
    "~~a ~b ",
    "`a ``b ",
    "> ",
    "- ",
    "1. ",
    "- [ ] ",
    "# ",
    "[",
    "]",
    "[a](b ",
    "![a](b ",
    "[a](<b ",
    "[a][b] ",
    "[a]: b\n",
    "[^a] ",
    "![a](https://b.example ",
    "[![a](https://b.example)",
    "<a ",
    "<!-- ",
    "<b>",
    "&amp;",
    "&",
    "\\",
    "| a ",
    "|-|\n",
    "a\n===\n",
    "https://b.example/ ",
    "https://",
    "@a ",
    ".@a",
    "fixes #1 ",
    "fixes ",
    "fixes:",
    "\u{301}",
    "a\u{202e}",
    "é",
    "\n\n",
    "\t",
];

/// Nested texts: so much before the middle and after it.
const NESTED: &[(&str, &str)] = &[
    ("![", "](https://b.example)"),
    ("[", "](https://b.example)"),
    ("*a ", " b*"),
    ("> ", ""),
    ("- ", ""),
    ("<b>", "</b>"),
    ("(", ")"),
];

/// Asserts that the time is proportional to the length of texts that are made to take more.
pub fn assert_in_proportion(work: impl Fn(&str)) {
    test_inputs::assert_time_in_proportion(6_000, |length| {
        for part in REPEATED {
            work(&part.repeat(length / part.len()));
        }
        for (open, close) in NESTED {
            let depth = length / (open.len() + close.len());
            work(&format!("{}x{}", open.repeat(depth), close.repeat(depth)));
        }
    });
}
