use expand::{expand, Error};

fn of(template: &str) -> Result<String, Error> {
    expand(template, |name| match name {
        "HOST" => Some("example.com".to_owned()),
        "EMPTY" => Some(String::new()),
        "RAW" => Some(r"$HOST \$ ${HOST} $1 \\".to_owned()),
        _ => None,
    })
}

#[test]
fn variables_are_replaced_once() {
    assert_eq!(of("http://$HOST/${HOST}x$EMPTY.").unwrap(), "http://example.com/example.comx.");
    // What a value holds is never looked at again.
    assert_eq!(of("<$RAW>").unwrap(), r"<$HOST \$ ${HOST} $1 \\>");
}

#[test]
fn escapes() {
    assert_eq!(of(r"\$HOST \\$HOST \\\$HOST").unwrap(), r"$HOST \example.com \$HOST");
}

#[test]
fn the_rest_stays() {
    for text in [r"^\d+(\.\d{2})?$", r"s/\(a\)/\1$&/g", "$1 $$ $", r"C:\new\table", "`$(date)`", r"\"] {
        assert_eq!(of(text).unwrap(), text);
    }
}

#[test]
fn errors() {
    assert_eq!(of("${HOST"), Err(Error::Unclosed));
    assert_eq!(of("\n\n  $NOBODY").unwrap_err().to_string(), "line 3: NOBODY is not set");
    assert_eq!(of("${HOST:-a"), Err(Error::Unclosed));
}

#[test]
fn defaults() {
    assert_eq!(of("${HOST:-a} ${EMPTY:-b} ${NOBODY:-c:-d} ${NOBODY:-}").unwrap(), "example.com b c:-d ");
    assert_eq!(of(r#"${NOBODY:-{\"a\": \$1, \\d\}}"#).unwrap(), r#"{\"a\": $1, \d}"#);
    assert_eq!(of("${NOBODY:-$HOST}").unwrap(), "$HOST");
}
