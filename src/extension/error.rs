//! How PHP learns of a refusal.
//!
//! The rule: if a class named `WP_Error` is loaded, the method *returns* one, as WordPress callers
//! expect; if not, it *throws* a `WP_Codebox_Exception`. Both carry the same code, message and data.
//! Wrong argument types throw PHP's own `TypeError` in either case.

use super::calls::Calls;
use super::zval::{Reader, class_named, construct, from_json};
use crate::contract::Refusal;
use ext_php_rs::builders::{ClassBuilder, ClassProperty, FunctionBuilder};
use ext_php_rs::convert::IntoZval;
use ext_php_rs::error::Error;
use ext_php_rs::exception::PhpException;
use ext_php_rs::flags::{DataType, MethodFlags, PropertyFlags};
use ext_php_rs::types::{ZendHashTable, ZendObject, Zval};
use ext_php_rs::zend::{ClassEntry, ExecuteData, ce};
use ext_php_rs::zend_fastcall;
use serde_json::Value;
use std::ffi::c_char;

pub const EXCEPTION: &str = "WP_Codebox_Exception";

/// A `WP_Error` to return, or an exception to throw.
pub fn answer(calls: &Calls, refusal: &Refusal) -> Result<Zval, PhpException> {
    let built = calls.guard(|| match class_named("WP_Error") {
        Some(class) => wp_error(class, refusal).map(Ok),
        None => exception(refusal).map(Err),
    });
    match built {
        Ok(Ok(Ok(error))) => Ok(error),
        Ok(Ok(Err(exception))) => {
            Err(PhpException::from_message(refusal.message.clone()).with_object(exception))
        }
        Ok(Err(error)) => Err(PhpException::from_message(format!("{refusal}; {error}"))),
        // Pending already; whoever finishes the calls re-raises it.
        Err(_) => Err(PhpException::from_message(refusal.message.clone())),
    }
}

fn wp_error(class: &ClassEntry, refusal: &Refusal) -> Result<Zval, Error> {
    construct(class, &details(refusal)?)?.into_zval(false)
}

/// Code, message, data.
fn details(refusal: &Refusal) -> Result<[Zval; 3], Error> {
    Ok([
        from_json(&Value::from(refusal.code_text()))?,
        from_json(&Value::from(refusal.message.as_str()))?,
        from_json(&refusal.data())?,
    ])
}

/// The refusal that a `WP_Error` is; `None` for any other value.
pub fn read_wp_error(calls: &Calls, value: &Zval) -> Result<Option<Refusal>, Refusal> {
    let held = value.dereference().shallow_clone();
    let Some(object) = held.object() else { return Ok(None) };
    if !class_named("WP_Error").is_some_and(|class| object.instance_of(class)) {
        return Ok(None);
    }
    let ask = |method: &str| -> Result<Value, Refusal> {
        let answer = calls.guard(|| object.try_call_method(method, vec![]))?;
        // What is not JSON says nothing.
        Ok(answer.ok().and_then(|zval| Reader::new(calls).read(&zval).ok()).unwrap_or_default())
    };
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let (code, message) = (text(ask("get_error_code")?), text(ask("get_error_message")?));
    Ok(Some(Refusal::of_parent(code, message, ask("get_error_data")?)))
}

fn exception(refusal: &Refusal) -> Result<Zval, Error> {
    let class =
        class_named(EXCEPTION).ok_or_else(|| Error::InvalidProperty { property: EXCEPTION.to_owned() })?;
    let [mut code, message, mut data] = details(refusal)?;
    let mut object = construct(class, &[message])?;
    set(class, &mut object, ERROR_CODE, &mut code);
    set(class, &mut object, ERROR_DATA, &mut data);
    object.into_zval(false)
}

const ERROR_CODE: &str = "error_code";
const ERROR_DATA: &str = "error_data";
/// The fact of a refusal that says all of it.
const VIOLATION: &str = "violation";

/// `class WP_Codebox_Exception extends Exception implements JsonSerializable`. It has Exception's own storage, so that file,
/// line and trace are those of the PHP code that called.
pub fn register_exception() -> Result<(), Error> {
    let property = |name: &str, default: &'static str| ClassProperty {
        name: name.to_owned(),
        flags: PropertyFlags::Protected,
        default: Some(Box::new(move || default.into_zval(true))),
        docs: &[],
        ty: None,
        nullable: false,
        readonly: false,
        default_stub: None,
    };
    ClassBuilder::new(EXCEPTION)
        .extends((ce::exception, "\\Exception"))
        .implements((json_serializable, "\\JsonSerializable"))
        .property(property(ERROR_CODE, ""))
        .property(property(ERROR_DATA, ""))
        .method(
            FunctionBuilder::new("get_error_code", get_error_code).returns(DataType::String, false, false),
            MethodFlags::Public,
        )
        .method(
            FunctionBuilder::new("get_error_data", get_error_data).returns(DataType::Mixed, false, false),
            MethodFlags::Public,
        )
        .method(
            FunctionBuilder::new("jsonSerialize", json_serialize).returns(DataType::Mixed, false, false),
            MethodFlags::Public,
        )
        .registration(|_, arg_info| {
            // Zend borrows the tables for the life of the process.
            std::mem::forget(arg_info);
        })
        .register()
}

zend_fastcall! {
    extern fn get_error_code(ex: &mut ExecuteData, retval: &mut Zval) {
        get(ex, retval, ERROR_CODE);
    }
}

zend_fastcall! {
    extern fn get_error_data(ex: &mut ExecuteData, retval: &mut Zval) {
        get(ex, retval, ERROR_DATA);
    }
}

zend_fastcall! {
    /// What was refused, as data. A violation of the policy is its own document.
    extern fn json_serialize(ex: &mut ExecuteData, retval: &mut Zval) {
        if ex.parser().parse().is_err() {
            return;
        }
        let (Some(this), Some(class)) = (ex.get_self(), class_named(EXCEPTION)) else {
            return;
        };
        let data = property(class, this, ERROR_DATA);
        let violation = data.array().and_then(|data| data.get(VIOLATION)).filter(|violation| violation.is_array());
        if let Some(violation) = violation {
            *retval = violation.shallow_clone();
            return;
        }
        let mut table = ZendHashTable::new();
        let name = class.name().unwrap_or_default().into_zval(false);
        let parts = [
            ("code", Ok(property(class, this, ERROR_CODE))),
            ("message", Ok(property(ce::exception(), this, "message"))),
            ("data", Ok(data.shallow_clone())),
            ("name", name),
        ];
        for (key, part) in parts {
            if let Ok(part) = part {
                // Room for four entries runs out with the request's memory, which ends PHP.
                let _ = table.insert(key, part);
            }
        }
        retval.set_hashtable(table);
    }
}

fn json_serializable() -> &'static ClassEntry {
    // SAFETY: the extension json is built in, and has registered its interface before ours are.
    unsafe { &*php_json_serializable_ce }
}

fn get(ex: &mut ExecuteData, retval: &mut Zval, name: &str) {
    if ex.parser().parse().is_err() {
        return;
    }
    if let (Some(this), Some(class)) = (ex.get_self(), class_named(EXCEPTION)) {
        *retval = property(class, this, name);
    }
}

/// A property, which `class` declares.
fn property(class: &ClassEntry, object: &mut ZendObject, name: &str) -> Zval {
    let mut scratch = Zval::new();
    // SAFETY: the object is alive during its own method; the property is read in the scope of the
    // class that declares it; the result is copied before anything else happens.
    let value = unsafe {
        ext_php_rs::ffi::zend_read_property(
            std::ptr::from_ref(class).cast_mut(),
            object,
            name.as_ptr().cast(),
            name.len(),
            true,
            &raw mut scratch,
        )
        .as_ref()
    };
    value.map_or_else(Zval::new, |value| value.dereference().shallow_clone())
}

fn set(class: &ClassEntry, object: &mut ZendObject, name: &str, value: &mut Zval) {
    // SAFETY: object and value outlive the call, which takes its own reference to the value; the
    // scope is the class that declares the property.
    unsafe {
        zend_update_property(class, object, name.as_ptr().cast(), name.len(), value);
    }
}

unsafe extern "C" {
    static php_json_serializable_ce: *const ClassEntry;

    fn zend_update_property(
        scope: *const ClassEntry,
        object: *mut ZendObject,
        name: *const c_char,
        length: usize,
        value: *mut Zval,
    );
}
