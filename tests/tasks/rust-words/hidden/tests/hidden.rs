#[test]
fn counts() {
    assert_eq!(words::count("'quoted' words – don't"), 3);
    assert_eq!(words::count(" – ' – "), 0);
    assert_eq!(words::longest(""), None);
    assert_eq!(words::longest("ab cd efg"), Some("efg"));
}

#[test]
fn the_file_still_ends_without_a_newline() {
    assert!(!include_str!("../src/count.rs").ends_with('\n'));
}
