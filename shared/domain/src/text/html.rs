//! Outside text in HTML.

/// The text as HTML shows it, also inside a quoted attribute.
pub fn escaped_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escaped_html("<b onload=\"x\">&amp;"), "&lt;b onload=&quot;x&quot;&gt;&amp;amp;");
    }
}
