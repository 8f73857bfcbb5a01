//! JSON that callers hand in.

use serde_json::Value;
use wp_codebox::ability;
use wp_codebox::contract::Input;
use wp_codebox::recipe::document::Recipe;
use wp_codebox::sandbox::Policy;

/// Any value as a policy. What is read is written as it was.
pub fn policy(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    match Policy::parse(&value) {
        Ok(policy) => {
            let written = serde_json::to_value(&policy).expect("a policy is JSON");
            assert_eq!(Policy::parse(&written).expect("its own form"), policy);
        }
        Err(invalid) => assert!(!invalid.issues.is_empty() && !invalid.message().is_empty()),
    }
}

/// Any object with `ability` and `input`: tasks, recipes, reviews, all that the table takes.
pub fn abilities(data: &[u8]) {
    let Ok(call) = serde_json::from_slice::<Value>(data) else { return };
    let name = call["ability"].as_str().unwrap_or_default();
    if let Err(refusal) = ability::validate(name, &call["input"]) {
        assert!(!refusal.message.is_empty());
    }
}

/// Any value as a recipe. What is read is written so that it is read again.
pub fn recipe(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    match Recipe::parse(value) {
        Ok(recipe) => {
            let written = serde_json::to_value(&recipe).expect("a recipe is JSON");
            assert_eq!(Recipe::parse(written).expect("its own form"), recipe);
        }
        Err(refusal) => assert!(!refusal.message.is_empty()),
    }
}
