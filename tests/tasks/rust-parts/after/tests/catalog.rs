use parts::{find, suppliers, weight, Line, PARTS};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn numbers_are_unique() {
    let numbers: BTreeSet<_> = PARTS.iter().map(|part| part.number).collect();
    assert_eq!(numbers.len(), PARTS.len());
}

#[test]
fn every_part_has_a_weight() {
    assert!(PARTS.iter().all(|part| part.milligrams > 0));
}

#[test]
fn finishes_of_an_item_weigh_about_the_same() {
    let mut weights: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for part in PARTS {
        weights.entry(part.item).or_default().push(part.milligrams);
    }
    for (item, weights) in weights {
        let (least, most) = (weights.iter().min().unwrap(), weights.iter().max().unwrap());
        assert!(*most <= 10 * least, "{item}: from {least} to {most} mg");
    }
}

#[test]
fn a_shipment_is_the_sum_of_its_lines() {
    let lines = ["BH-0820-ZN", "NT-0812-ZN"].map(|number| Line { number: number.to_owned(), count: 10 });
    let expected = find("BH-0820-ZN").unwrap().milligrams + find("NT-0812-ZN").unwrap().milligrams;
    assert_eq!(weight(&lines), Ok(10 * expected));
}

#[test]
fn the_suppliers_are_there() {
    assert!(suppliers().starts_with(b"supplier;"));
}
