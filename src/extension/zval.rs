//! PHP values to JSON and back.
//!
//! A PHP array that is a list (keys 0, 1, 2 …) is a JSON list, any other an object; so an empty
//! array is a list, and whoever reads an object must accept it. `stdClass` is always an object.
//! On the way back, a JSON object that PHP could not tell from a list (it is empty, or its keys are
//! 0, 1, 2 …) becomes a `stdClass`, every other an array: `json_encode()` of what we return gives
//! the JSON that we had.

use super::calls::{Calls, Halted};
use crate::contract::{Code, FieldPath, Refusal};
use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::error::Error;
use ext_php_rs::types::{ZendHashTable, ZendObject, Zval};
use ext_php_rs::zend::ClassEntry;
use serde_json::{Map, Number, Value};
use std::ops::Deref;

/// Nesting of a value. Recursive references end here. serde_json reads 128 levels; an envelope
/// around the value takes a few.
const MAX_DEPTH: usize = 100;

/// Values in all. A few nested arrays that share their members can stand for billions.
const MAX_VALUES: usize = 250_000;

/// Bytes of all strings and keys.
const MAX_BYTES: usize = 64 << 20;

/// Why a PHP value is not JSON.
pub enum ReadError {
    /// `jsonSerialize()` threw, exited or died.
    Halted,
    Unfit {
        path: FieldPath,
        why: String,
    },
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Halted => Halted.into(),
            ReadError::Unfit { path, why } => Refusal::field(Code::InputInvalid, &path.to_string(), why),
        }
    }
}

/// Reads one value, within the bounds above.
pub struct Reader<'a> {
    calls: &'a Calls,
    path: FieldPath,
    depth: usize,
    values: usize,
    bytes: usize,
}

impl<'a> Reader<'a> {
    pub fn new(calls: &'a Calls) -> Self {
        Reader { calls, path: FieldPath::default(), depth: 0, values: 0, bytes: 0 }
    }

    pub fn read(&mut self, zval: &Zval) -> Result<Value, ReadError> {
        let zval = zval.dereference();
        self.values += 1;
        if self.values > MAX_VALUES {
            return self.unfit(format!("more than {MAX_VALUES} values in all"));
        }
        if zval.is_null() {
            return Ok(Value::Null);
        }
        if let Some(flag) = zval.bool() {
            return Ok(Value::Bool(flag));
        }
        if let Some(number) = zval.long() {
            return Ok(Value::from(number));
        }
        if let Some(number) = zval.double() {
            return match Number::from_f64(number) {
                Some(number) => Ok(Value::Number(number)),
                None => self.unfit("NAN and INF are not JSON".into()),
            };
        }
        if let Some(text) = zval.zend_str() {
            return self.text(text.as_bytes()).map(Value::String);
        }
        // Held for as long as it is read: code that `jsonSerialize()` runs may change or release it.
        let held = zval.shallow_clone();
        if let Some(table) = held.array() {
            return self.nested(|reader| reader.table(table));
        }
        if let Some(object) = held.object() {
            return self.nested(|reader| reader.object(object));
        }
        self.unfit(format!("a PHP {} is not JSON", held.get_type()))
    }

    /// An array that stands for an object, also when it is empty.
    pub fn read_map(&mut self, table: &ZendHashTable) -> Result<Map<String, Value>, ReadError> {
        self.nested(|reader| reader.entries(table))
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ReadError>) -> Result<T, ReadError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.unfit(format!("nested more than {MAX_DEPTH} levels, or recursive"));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn table(&mut self, table: &ZendHashTable) -> Result<Value, ReadError> {
        if !is_list(table) {
            return self.entries(table).map(Value::Object);
        }
        let mut items = Vec::with_capacity(table.len().min(MAX_VALUES));
        let mut entries = table.iter();
        while let Some((_, item)) = entries.next_zval() {
            self.path.push(&items.len().to_string());
            items.push(self.read(item)?);
            self.path.pop();
        }
        Ok(Value::Array(items))
    }

    fn entries(&mut self, table: &ZendHashTable) -> Result<Map<String, Value>, ReadError> {
        let mut map = Map::with_capacity(table.len().min(MAX_VALUES));
        let mut entries = table.iter();
        while let Some((key, item)) = entries.next_zval() {
            let key = match (key.long(), key.zend_str()) {
                (Some(number), _) => number.to_string(),
                (None, Some(text)) => self.text(text.as_bytes())?,
                (None, None) => return self.unfit("a key that is no key".into()),
            };
            self.path.push(&key);
            map.insert(key, self.read(item)?);
            self.path.pop();
        }
        Ok(map)
    }

    fn object(&mut self, object: &ZendObject) -> Result<Value, ReadError> {
        let class = object.get_class_entry();
        if class.name() == Some("stdClass") {
            // A copy: writing to the object meanwhile must not move what is being read.
            let properties = object.get_properties().map(ToOwned::to_owned);
            return match properties {
                Ok(properties) => self.entries(&properties).map(Value::Object),
                Err(error) => self.unfit(error.to_string()),
            };
        }
        let json_serializable = class_named("JsonSerializable");
        if json_serializable.is_some_and(|interface| object.instance_of(interface)) {
            let plain = self
                .calls
                .guard(|| object.try_call_method("jsonSerialize", vec![]))
                .map_err(|Halted| ReadError::Halted)?;
            return match plain {
                Ok(plain) => self.read(&plain),
                Err(error) => self.unfit(error.to_string()),
            };
        }
        self.unfit(format!(
            "an object of class {} is not JSON; use an array, stdClass or JsonSerializable",
            class.name().unwrap_or("?")
        ))
    }

    fn text(&mut self, bytes: &[u8]) -> Result<String, ReadError> {
        self.bytes += bytes.len();
        if self.bytes > MAX_BYTES {
            return self.unfit(format!("more than {} MiB of text in all", MAX_BYTES >> 20));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => self.unfit("text that is not UTF-8; encode it as base64".into()),
        }
    }

    fn unfit<T>(&self, why: String) -> Result<T, ReadError> {
        Err(ReadError::Unfit { path: self.path.clone(), why })
    }
}

/// Keys 0, 1, 2 …, in this order. (The crate's own test, like its iterator, panics at a key that is
/// not UTF-8.)
/// A copy of an array without some of its keys.
pub fn without(table: &ZendHashTable, names: &[&str]) -> ZBox<ZendHashTable> {
    let mut rest = table.to_owned();
    for name in names {
        rest.remove(*name);
    }
    rest
}

fn is_list(table: &ZendHashTable) -> bool {
    let mut entries = table.iter();
    let mut next = 0;
    while let Some((key, _)) = entries.next_zval() {
        if key.long() != Some(next) {
            return false;
        }
        next += 1;
    }
    true
}

/// A loaded class. Asks no autoloader.
pub fn class_named(name: &str) -> Option<&'static ClassEntry> {
    const NO_AUTOLOAD: u32 = 0x80;
    let mut name = ext_php_rs::types::ZendStr::new(name, false);
    // SAFETY: the name is a valid zend_string for the whole call; with this flag the look-up runs
    // no PHP code. Classes live until the end of the request.
    unsafe {
        ext_php_rs::ffi::zend_lookup_class_ex(&raw mut *name, std::ptr::null_mut(), NO_AUTOLOAD).as_ref()
    }
}

/// Integers beyond PHP's range become floats, as `json_decode()` does it.
pub fn from_json(value: &Value) -> Result<Zval, Error> {
    let mut zval = Zval::new();
    match value {
        Value::Null => zval.set_null(),
        Value::Bool(flag) => zval.set_bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => zval.set_long(number),
            None => zval.set_double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => zval.set_string(text, false)?,
        Value::Array(items) => {
            let mut table = ZendHashTable::with_capacity(capacity(items.len()));
            for item in items {
                table.push(from_json(item)?)?;
            }
            zval.set_hashtable(table);
        }
        Value::Object(map) if looks_like_a_list(map) => {
            let mut object = ZendObject::new_stdclass();
            for (key, item) in map {
                object.set_property(key, from_json(item)?)?;
            }
            zval = object.into_zval(false)?;
        }
        Value::Object(map) => {
            let mut table = ZendHashTable::with_capacity(capacity(map.len()));
            for (key, item) in map {
                table.insert(key.as_str(), from_json(item)?)?;
            }
            zval.set_hashtable(table);
        }
    }
    Ok(zval)
}

fn looks_like_a_list(map: &Map<String, Value>) -> bool {
    map.keys().enumerate().all(|(index, key)| *key == index.to_string())
}

fn capacity(length: usize) -> u32 {
    length.try_into().unwrap_or(u32::MAX)
}

/// A new object of a loaded class, its constructor called.
pub fn construct(class: &ClassEntry, args: &[Zval]) -> Result<ZBox<ZendObject>, Error> {
    let object = class.new();
    let args = args.iter().map(|arg| arg as &dyn ext_php_rs::convert::IntoZvalDyn).collect();
    object.deref().try_call_method("__construct", args)?;
    Ok(object)
}
