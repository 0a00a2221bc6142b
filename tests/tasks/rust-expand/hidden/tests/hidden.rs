use expand::expand;

fn of(template: &str) -> Result<String, String> {
    expand(template, |name| match name {
        "SET" => Some("value".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    })
    .map_err(|error| error.to_string())
}

#[test]
fn a_default_is_for_what_is_not_set_or_empty() {
    assert_eq!(of("${REGION:-eu-west-1}/${SET:-x}/${EMPTY:-y}/$EMPTY").unwrap(), "eu-west-1/value/y/");
}

#[test]
fn a_default_is_plain_text() {
    assert_eq!(of(r"${X:-\$SET \\ \} \d $SET ünï}!").unwrap(), r"$SET \ } \d $SET ünï!");
    assert_eq!(of("${X:-}").unwrap(), "");
}

#[test]
fn what_is_not_set_is_named_with_its_line() {
    assert_eq!(of("a\r\nb ${SET}\n$SET $HOST").unwrap_err(), "line 3: HOST is not set");
    assert_eq!(of("${HOST}").unwrap_err(), "line 1: HOST is not set");
}

#[test]
fn what_was_stays() {
    assert_eq!(of(r"^\d+$ $1 $$ \n").unwrap(), r"^\d+$ $1 $$ \n");
    assert_eq!(of("${SET:-x").unwrap_err(), "unclosed brace");
}
