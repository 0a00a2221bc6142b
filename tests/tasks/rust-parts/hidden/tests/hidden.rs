use parts::{find, suppliers, weight, Line, PARTS};

#[test]
fn the_washer_is_light() {
    assert_eq!(find("WS-0412-A2").unwrap().milligrams, 300);
    let bag = Line { number: "WS-0412-A2".to_owned(), count: 1000 };
    assert_eq!(weight(&[bag]), Ok(300_000));
}

#[test]
fn no_other_part_changed() {
    assert_eq!(PARTS.len(), 1_988);
    let others = PARTS.iter().filter(|part| part.number != "WS-0412-A2");
    assert_eq!(others.map(|part| part.milligrams).sum::<u64>(), 52_117_464);
}

#[test]
fn the_export_is_as_it_was() {
    let bytes = suppliers();
    assert_eq!((bytes.len(), bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>()), (212, 21_774));
}
