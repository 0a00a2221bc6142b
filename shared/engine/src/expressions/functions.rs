//! The functions that Step Functions adds to JSONata, and `$eval`, which it takes away.
//!
//! See <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-jsonata-functions>.

use std::sync::{Arc, Mutex};

use jlens_core::{Bindings, Error, HostFunction, Result};
use md5::Md5;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::java_random;

/// The longest array that Step Functions lets an expression build.
pub(super) const LONGEST_ARRAY: usize = 873_782;

/// Whether a function is bound here under this name.
pub(super) fn is_added(name: &str) -> bool {
    ["eval", "parse", "partition", "range", "hash", "random", "uuid"].contains(&name)
}

/// Binds the functions. `$random` and `$uuid` draw from `seed`.
pub(super) fn bind(bindings: Bindings, seed: [u8; 32]) -> Bindings {
    let draws = Arc::new(Mutex::new(StdRng::from_seed(seed)));
    let for_uuid = Arc::clone(&draws);
    bindings
        .function("eval", HostFunction::new(2, |_, _| Err(Error::new("T1006"))))
        .function("parse", HostFunction::new(1, |arguments, _| parse(arguments)).without_input())
        .function("partition", HostFunction::new(2, |arguments, _| partition(arguments)).without_input())
        .function("range", HostFunction::new(3, |arguments, _| range(arguments)).without_input())
        .function("hash", HostFunction::new(2, |arguments, _| hash(arguments)).without_input())
        .function(
            "random",
            HostFunction::new(1, move |arguments, _| random(arguments, &draws)).without_input(),
        )
        .function(
            "uuid",
            HostFunction::new(0, move |_, _| {
                let bytes: [u8; 16] = lock(&for_uuid).random();
                Ok(Some(Value::String(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())))
            })
            .without_input(),
        )
}

fn lock(draws: &Mutex<StdRng>) -> std::sync::MutexGuard<'_, StdRng> {
    draws.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Argument `index` (from 0) of `function` does not have the type it must have.
fn wrong_type(function: &str, index: usize) -> Error {
    Error::new("T0410").with("token", function).with("index", index + 1)
}

/// The code of failures that do not come from JSONata.
pub(super) const FAILED: &str = "failed";

fn failed(message: String) -> Error {
    Error::new(FAILED).with("message", message)
}

fn argument(arguments: &[Option<Value>], index: usize) -> Option<&Value> {
    arguments.get(index).and_then(Option::as_ref)
}

/// A number whose fraction is dropped, as Step Functions treats the arguments of its functions.
fn integer(arguments: &[Option<Value>], index: usize, function: &str) -> Result<i64> {
    let number =
        argument(arguments, index).and_then(Value::as_f64).ok_or_else(|| wrong_type(function, index))?;
    // A cast from f64 saturates, so numbers out of range become the nearest integer.
    Ok(number.trunc() as i64)
}

fn parse(arguments: &[Option<Value>]) -> Result<Option<Value>> {
    match argument(arguments, 0) {
        None => Ok(None),
        Some(Value::String(text)) => serde_json::from_str(text)
            .map(Some)
            .map_err(|error| failed(format!("$parse was given text that is not JSON: {error}"))),
        Some(_) => Err(wrong_type("parse", 0)),
    }
}

fn partition(arguments: &[Option<Value>]) -> Result<Option<Value>> {
    let Some(value) = argument(arguments, 0) else { return Ok(None) };
    // A singleton sequence arrives as its item.
    let items = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    match usize::try_from(integer(arguments, 1, "partition")?) {
        Ok(size) if size > 0 => Ok(Some(items.chunks(size).map(|chunk| json!(chunk)).collect())),
        _ => Err(failed("The chunk size given to $partition must be a positive integer".to_owned())),
    }
}

fn range(arguments: &[Option<Value>]) -> Result<Option<Value>> {
    let first = i128::from(integer(arguments, 0, "range")?);
    let last = i128::from(integer(arguments, 1, "range")?);
    let step = i128::from(integer(arguments, 2, "range")?);
    if step == 0 {
        return Err(failed("The step given to $range must not be 0".to_owned()));
    }
    let reaches = if step > 0 { first <= last } else { first >= last };
    let count = if reaches { (last - first) / step + 1 } else { 0 };
    if count > LONGEST_ARRAY as i128 {
        return Err(failed(format!("$range would give {count} items, more than memory allows")));
    }
    let number = |index: i128| i64::try_from(first + index * step).ok().map(Value::from);
    // AWS returns a sequence, which vanishes if it is empty and becomes its item if it has one.
    Ok(match count {
        0 => None,
        1 => number(0),
        _ => Some((0..count).filter_map(number).collect()),
    })
}

fn hash(arguments: &[Option<Value>]) -> Result<Option<Value>> {
    let text = match argument(arguments, 0) {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let Some(Value::String(algorithm)) = argument(arguments, 1) else { return Err(wrong_type("hash", 1)) };
    let digest = match algorithm.as_str() {
        "MD5" => hex::encode(Md5::digest(text)),
        "SHA-1" => hex::encode(Sha1::digest(text)),
        "SHA-256" => hex::encode(Sha256::digest(text)),
        "SHA-384" => hex::encode(Sha384::digest(text)),
        "SHA-512" => hex::encode(Sha512::digest(text)),
        other => {
            return Err(failed(format!(
                "$hash knows MD5, SHA-1, SHA-256, SHA-384 and SHA-512, and not '{other}'"
            )));
        }
    };
    Ok(Some(Value::String(digest)))
}

fn random(arguments: &[Option<Value>], draws: &Mutex<StdRng>) -> Result<Option<Value>> {
    let number = match argument(arguments, 0) {
        None => lock(draws).random::<f64>(),
        Some(_) => java_random::first_double(integer(arguments, 0, "random")?),
    };
    Ok(Some(json!(number)))
}
