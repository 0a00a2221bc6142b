use words::{count, longest};

#[test]
fn dashes_are_no_words_and_an_apostrophe_is_inside_one() {
    assert_eq!(count("state – of – the – art, isn't it?"), 6);
    assert_eq!(longest("It isn’t naïve"), Some("isn’t"));
}
