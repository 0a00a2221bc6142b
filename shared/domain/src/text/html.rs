//! Texts in HTML.

/// The text as HTML writes it, also inside double quotes.
pub fn in_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_markup() {
        assert_eq!(in_html(r#"<b onload="x">&amp;"#), "&lt;b onload=&quot;x&quot;&gt;&amp;amp;");
    }
}
