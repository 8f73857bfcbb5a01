//! `true`, `false`, or an object that says more.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// `true`, `false`, or an object that says more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Switch<T> {
    Plain(bool),
    Detailed(T),
}

impl<T: Default + Clone> Switch<T> {
    /// The details; `None` for `false`.
    pub fn details(&self) -> Option<T> {
        match self {
            Switch::Plain(false) => None,
            Switch::Plain(true) => Some(T::default()),
            Switch::Detailed(details) => Some(details.clone()),
        }
    }
}

/// By hand, because the derived one of an untagged enum forgets which field was wrong.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Switch<T>, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Switch<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or an object")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Switch<T>, E> {
                Ok(Switch::Plain(value))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Switch<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Switch::Detailed)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Switch<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Switch_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, T::json_schema(generator)] })
    }
}
