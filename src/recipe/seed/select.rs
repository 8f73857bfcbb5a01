//! What the scopes name of a file.

use super::super::document::{Scopes, Selector};
use super::file::{Fixture, Post, Term, User};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Records of a scope whose selector does not say how many.
const USUAL: u64 = 100;

/// The login of a person, before the number, and the address after it.
const PERSON: &str = "seed-user-";
const NOWHERE: &str = "@example.invalid";

/// Who a user of the file is inside.
#[derive(Serialize)]
struct Stranger {
    login: String,
    email: String,
    role: String,
}

/// What the guest imports. `Err`: a scope that the file has nothing for.
pub(super) fn select(fixture: Fixture, scopes: &Scopes) -> Result<Value, &'static str> {
    let users = wanted("users", &scopes.users, fixture.users, |user: &User, selector| {
        fits(&selector.ids, &user.id)
            && fits(&selector.names, &Some(user.login.as_str()))
            && fits(&selector.roles, &Some(role(user)))
    })?;
    let logins: BTreeMap<String, String> =
        users.iter().map(|user| (user.login.clone(), login(user))).collect();
    let strangers: Vec<Stranger> = users
        .iter()
        .map(|user| {
            let login = login(user);
            Stranger { email: format!("{login}{NOWHERE}"), role: role(user).to_owned(), login }
        })
        .collect();
    let terms = wanted("terms", &scopes.terms, fixture.terms, |term: &Term, selector| {
        fits(&selector.ids, &term.id)
            && fits(&selector.slugs, &Some(term.slug.as_str()))
            && fits(&selector.names, &term.name.as_deref())
            && fits(&selector.taxonomies, &Some(term.taxonomy.as_str()))
    })?;
    let post = |usual: (&'static str, &'static str)| {
        move |post: &Post, selector: &Selector| {
            fits(&selector.ids, &post.id)
                && fits(&selector.slugs, &Some(post.slug.as_str()))
                && fits(&selector.post_types, &Some(post.kind.as_deref().unwrap_or(usual.0)))
                && fits(&selector.statuses, &Some(post.status.as_deref().unwrap_or(usual.1)))
        }
    };
    let by_stranger = |mut post: Post| {
        // An author who is not imported stays outside.
        post.author = post.author.and_then(|author| logins.get(&author).cloned());
        post
    };
    let posts = wanted("posts", &scopes.posts, fixture.posts, post(("post", "publish")))?;
    let media = wanted("media", &scopes.media, fixture.media, post(("attachment", "inherit")))?;
    let options: Map<String, Value> = wanted(
        "options",
        &scopes.options,
        fixture.options.map(|options| options.into_iter().collect::<Vec<_>>()),
        |(name, _), selector| fits(&selector.names, &Some(name.as_str())),
    )?
    .into_iter()
    .collect();
    Ok(json!({
        "users": strangers,
        "terms": terms,
        "posts": posts.into_iter().map(by_stranger).collect::<Vec<_>>(),
        "media": media.into_iter().map(by_stranger).collect::<Vec<_>>(),
        "options": options,
        "activePlugins": named("activePlugins", scopes.active_plugins, fixture.active_plugins)?.unwrap_or_default(),
        "activeTheme": named("activeTheme", scopes.active_theme, fixture.active_theme)?,
    }))
}

/// The records that fit, in the order of the file.
fn wanted<T>(
    scope: &'static str,
    selector: &Option<Selector>,
    records: Option<Vec<T>>,
    fits: impl Fn(&T, &Selector) -> bool,
) -> Result<Vec<T>, &'static str> {
    let Some(selector) = selector else { return Ok(Vec::new()) };
    let most = selector.max_records.unwrap_or(USUAL);
    let records = records.ok_or(scope)?.into_iter().filter(|record| fits(record, selector));
    Ok(records.take(usize::try_from(most).unwrap_or(usize::MAX)).collect())
}

/// What is there once, if it is wanted.
fn named<T>(scope: &'static str, wanted: bool, value: Option<T>) -> Result<Option<T>, &'static str> {
    if wanted { value.map(Some).ok_or(scope) } else { Ok(None) }
}

/// Whether a list is empty or has the value.
fn fits<W: PartialEq<V>, V>(list: &[W], value: &Option<V>) -> bool {
    list.is_empty() || value.as_ref().is_some_and(|value| list.iter().any(|wanted| wanted == value))
}

fn role(user: &User) -> &str {
    user.role.as_deref().unwrap_or("subscriber")
}

fn login(user: &User) -> String {
    format!("{PERSON}{}", user.number)
}

/// Whether a login, or an address, is one that people of seeds get: WordPress tells them apart by
/// neither case.
pub(super) fn is_strangers(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let number = name.strip_prefix(PERSON).map(|rest| rest.strip_suffix(NOWHERE).unwrap_or(rest));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
