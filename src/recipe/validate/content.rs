//! `inputs.siteSeeds`, `inputs.fixtureDatabases` and `inputs.fixtureUsers`.

use super::super::document::{
    FixtureDatabase, FixtureUser, IdStrategy, Inputs, OnUnsupported, Scopes, Selector, SiteSeed,
};
use super::super::{fixture, seed};
use super::context::Context;
use super::plugin_runtime::is_name;
use std::collections::BTreeSet;

/// Identifiers in one list of a selector, and kinds in one.
const IDENTIFIERS_MAX: usize = 100;
const KINDS_MAX: usize = 25;
/// Records of one scope.
const RECORDS_MAX: u64 = 100;

/// The user number 1 of every sandbox.
const ADMINISTRATOR: &str = "admin";
const ADMINISTRATOR_EMAIL: &str = "admin@example.test";

pub(super) fn check(inputs: &Inputs, context: &mut Context<'_>) {
    let mut names = BTreeSet::new();
    for (index, seed) in inputs.site_seeds.iter().enumerate() {
        let at = format!("$.inputs.siteSeeds[{index}]");
        if !is_name(&seed.name) || !names.insert(&seed.name) {
            let why = "letters, digits and . _ -, beginning with a letter or a digit, and no other seed's";
            context.issue("invalid-site-seed-name", format!("{at}.name"), why);
        }
        check_seed(seed, &at, context);
    }
    let mut names = BTreeSet::new();
    for (index, database) in inputs.fixture_databases.iter().enumerate() {
        let at = format!("$.inputs.fixtureDatabases[{index}]");
        if !names.insert(&database.name) {
            context.issue("duplicate-name", format!("{at}.name"), "another database has this name");
        }
        check_database(database, &at, context);
    }
    let (mut names, mut logins) = (BTreeSet::new(), BTreeSet::new());
    let (mut numbers, mut addresses) = (BTreeSet::new(), BTreeSet::from([ADMINISTRATOR_EMAIL.to_owned()]));
    for (index, user) in inputs.fixture_users.iter().enumerate() {
        let at = format!("$.inputs.fixtureUsers[{index}]");
        let login = fixture::login(user);
        if !names.insert(&user.name) {
            context.issue("duplicate-name", format!("{at}.name"), "another user has this name");
        }
        if !logins.insert(login.to_lowercase()) {
            context.issue("duplicate-name", format!("{at}.username"), "another user has this login");
        }
        if !addresses.insert(fixture::email(user).to_lowercase()) && login != ADMINISTRATOR {
            context.issue("duplicate-name", format!("{at}.email"), "another user has this address");
        }
        if let Some(number) = user.user_id
            && (!numbers.insert(number) || (number == 1) != (login == ADMINISTRATOR))
        {
            context.issue("duplicate-name", format!("{at}.userId"), "another user has this number");
        }
        check_user(user, &at, context);
    }
}

fn check_seed(declared: &SiteSeed, at: &str, context: &mut Context<'_>) {
    let source = format!("{at}.source");
    match declared.source.as_deref().map(str::trim) {
        None | Some("") => {
            context.issue("invalid-site-seed-source", source, "a fixture needs the path of its file")
        }
        Some(_) => {
            if let Err(issue) = seed::open(declared, at, context.base(), context.settings) {
                context.add(issue);
            }
        }
    }
    if let Some(ids) = declared.deterministic_ids
        && ids.strategy == IdStrategy::Numeric
        && ids.on_unsupported == OnUnsupported::Block
    {
        let why = "WordPress numbers imported content itself; platform-identifiers can be had";
        context.issue(
            "unsupported-deterministic-site-seed-ids",
            format!("{at}.deterministicIds.strategy"),
            why,
        );
    }
    check_scopes(&declared.scopes, &format!("{at}.scopes"), context);
}

fn check_scopes(scopes: &Scopes, at: &str, context: &mut Context<'_>) {
    let selectors = [
        ("posts", &scopes.posts),
        ("terms", &scopes.terms),
        ("options", &scopes.options),
        ("users", &scopes.users),
        ("media", &scopes.media),
    ];
    if selectors.iter().all(|(_, selector)| selector.is_none())
        && !scopes.active_plugins
        && !scopes.active_theme
    {
        context.issue("missing-site-seed-scopes", at, "name what is to be imported");
    }
    for (scope, selector) in selectors {
        if let Some(selector) = selector {
            check_selector(scope, selector, &format!("{at}.{scope}"), context);
        }
    }
}

fn check_selector(scope: &str, selector: &Selector, at: &str, context: &mut Context<'_>) {
    // Each list with its longest length, and the scopes that it means something in.
    let lists: [(&str, usize, usize, &[&str]); 7] = [
        ("ids", selector.ids.len(), IDENTIFIERS_MAX, &["posts", "terms", "users", "media"]),
        ("slugs", selector.slugs.len(), IDENTIFIERS_MAX, &["posts", "terms", "media"]),
        ("names", selector.names.len(), IDENTIFIERS_MAX, &["options", "users", "terms"]),
        ("postTypes", selector.post_types.len(), KINDS_MAX, &["posts"]),
        ("taxonomies", selector.taxonomies.len(), KINDS_MAX, &["terms"]),
        ("roles", selector.roles.len(), KINDS_MAX, &["users"]),
        ("statuses", selector.statuses.len(), KINDS_MAX, &["posts", "media"]),
    ];
    for (list, length, longest, scopes) in lists {
        let field = format!("{at}.{list}");
        if length > 0 && !scopes.contains(&scope) {
            context.issue("invalid-site-seed-scope", field, format!("{scope} have no {list}"));
        } else if length > longest {
            context.issue("invalid-site-seed-bound", field, format!("at most {longest}"));
        }
    }
    if let Some(most) = selector.max_records
        && !(1..=RECORDS_MAX).contains(&most)
    {
        context.issue("invalid-site-seed-bound", format!("{at}.maxRecords"), format!("1 to {RECORDS_MAX}"));
    }
    let named = !(selector.ids.is_empty() && selector.slugs.is_empty() && selector.names.is_empty());
    if scope == "options" {
        if selector.names.is_empty() {
            context.issue("unbounded-site-seed-options", at, "name the options");
        }
    } else if !named && selector.max_records.is_none() {
        context.issue("unbounded-site-seed-scope", at, "name the records, or say how many with maxRecords");
    }
    if scope == "users" && selector.anonymize == Some(false) {
        let why = "users are imported with other names and addresses only";
        context.issue("unsafe-site-seed-users", format!("{at}.anonymize"), why);
    } else if scope != "users" && selector.anonymize.is_some() {
        context.issue("invalid-site-seed-scope", format!("{at}.anonymize"), format!("{scope} have no names"));
    }
    if scope == "media" && selector.include_files {
        let why = "files are not imported: stage them with stagedFiles";
        context.issue("unsafe-site-seed-media-files", format!("{at}.includeFiles"), why);
    } else if selector.include_files {
        context.issue(
            "invalid-site-seed-scope",
            format!("{at}.includeFiles"),
            format!("{scope} have no files"),
        );
    }
}

fn check_database(database: &FixtureDatabase, at: &str, context: &mut Context<'_>) {
    if let Err(issue) = fixture::open_database(database, at, context.base(), context.settings) {
        context.add(issue);
    }
    context.notes(&format!("{at}.metadata"), &database.metadata);
}

fn check_user(user: &FixtureUser, at: &str, context: &mut Context<'_>) {
    let login = fixture::login(user);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" _.@-".contains(&b);
    let field = if user.username.is_some() { "username" } else { "name" };
    let nameless = !login.bytes().any(|b| b.is_ascii_alphanumeric());
    if nameless
        || login.len() > 60
        || login.trim() != login
        || login.contains("  ")
        || !login.bytes().all(plain)
    {
        let why = "a login has letters, digits, single blanks and _ . @ -, at most 60";
        context.issue("invalid-fixture-user", format!("{at}.{field}"), why);
    }
    if let Some(email) = &user.email
        && !email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    {
        context.issue("invalid-fixture-user", format!("{at}.email"), "name@host");
    }
    for (field, name) in [(field, login), ("email", user.email.as_deref().unwrap_or_default())] {
        if seed::is_of_a_seed(name) {
            let why = "people of site seeds have logins and addresses of this form";
            context.issue("invalid-fixture-user", format!("{at}.{field}"), why);
        }
    }
    if let Some(role) = &user.role
        && !role.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
    {
        context.issue("invalid-fixture-user", format!("{at}.role"), "a role has a-z, 0-9, _ and -");
    }
    context.notes(&format!("{at}.metadata"), &user.metadata);
}
