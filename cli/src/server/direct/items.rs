//! Items in the types of the AWS SDK and of the embedded DynamoDB.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::AttributeValue as Stored;
use std::collections::HashMap;

/// An item, or a part of one, as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// An item as the embedded DynamoDB has it.
pub(super) type StoredItem = HashMap<String, Stored>;

/// An item to store.
///
/// # Errors
/// The description of a value that is of no type known here.
pub(super) fn stored(item: Item) -> Result<StoredItem, String> {
    item.into_iter().map(|(name, value)| Ok((name, value_stored(value)?))).collect()
}

/// A stored item.
pub(super) fn returned(item: StoredItem) -> Item {
    item.into_iter().map(|(name, value)| (name, value_returned(value))).collect()
}

fn value_stored(value: AttributeValue) -> Result<Stored, String> {
    Ok(match value {
        AttributeValue::S(text) => Stored::S(text),
        AttributeValue::N(number) => Stored::N(number),
        AttributeValue::B(bytes) => Stored::B(bytes.into_inner()),
        AttributeValue::Bool(is) => Stored::BOOL(is),
        AttributeValue::Null(is) => Stored::NULL(is),
        AttributeValue::Ss(texts) => Stored::SS(texts),
        AttributeValue::Ns(numbers) => Stored::NS(numbers),
        AttributeValue::Bs(all) => Stored::BS(all.into_iter().map(Blob::into_inner).collect()),
        AttributeValue::L(list) => Stored::L(list.into_iter().map(value_stored).collect::<Result<_, _>>()?),
        AttributeValue::M(map) => Stored::M(stored(map)?),
        _ => return Err("a value of a type that is not stored here".to_owned()),
    })
}

fn value_returned(value: Stored) -> AttributeValue {
    match value {
        Stored::S(text) => AttributeValue::S(text),
        Stored::N(number) => AttributeValue::N(number),
        Stored::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        Stored::BOOL(is) => AttributeValue::Bool(is),
        Stored::NULL(is) => AttributeValue::Null(is),
        Stored::SS(texts) => AttributeValue::Ss(texts),
        Stored::NS(numbers) => AttributeValue::Ns(numbers),
        Stored::BS(all) => AttributeValue::Bs(all.into_iter().map(Blob::new).collect()),
        Stored::L(list) => AttributeValue::L(list.into_iter().map(value_returned).collect()),
        Stored::M(map) => AttributeValue::M(returned(map)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back_as_it_was() {
        let (text, number) = (AttributeValue::S("ä".into()), AttributeValue::N("-1.50".into()));
        let bytes = || Blob::new([0, 255]);
        let all = [
            AttributeValue::B(bytes()),
            AttributeValue::Bool(false),
            AttributeValue::Null(true),
            AttributeValue::Ss(vec!["a".into(), "b".into()]),
            AttributeValue::Ns(vec!["1".into(), "2".into()]),
            AttributeValue::Bs(vec![bytes()]),
            AttributeValue::L(vec![text.clone(), number.clone()]),
            AttributeValue::M(HashMap::from([("a".to_owned(), number), ("b".to_owned(), text)])),
        ];
        let item: Item = all.into_iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect();
        assert_eq!(returned(stored(item.clone()).unwrap()), item);
    }
}
