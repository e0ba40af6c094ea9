//! No engine is measured before it has answered right.

use crate::engines::{Engine, absent};
use crate::registry::Registry;
use crate::row::Row;
use crate::user::User;

/// Asks an engine everything that the rows ask, and the same with users whom no rule matches.
pub fn check<E: Engine>(engine: &'static E, registry: &Registry, users: &[User]) {
    let scratch = &mut E::Scratch::default();
    let mut is_on = |row: Row, user: &User| {
        let flag = engine.flag(row.flag().expect("a row that asks one flag"));
        let on = engine.is_on(flag, &E::context(user), scratch);
        let again = engine.is_on_for(flag, user, scratch);
        assert_eq!(on, again, "{}: {row} for {} is the same with a context of its own", E::NAME, user.id);
        on
    };
    let mut inside = 0;
    for user in users {
        let others = [
            User { tier: "free".to_owned(), ..user.clone() },
            User { plan: "free".to_owned(), ..user.clone() },
            User { device: "web".to_owned(), ..user.clone() },
        ];
        let [free_tier, free_plan, web] = &others;
        let id = &user.id;
        assert!(is_on(Row::Plain, user), "{}: plain is on for {id}", E::NAME);
        assert!(is_on(Row::OneRule, user), "{}: one-rule is on for {id}", E::NAME);
        assert!(!is_on(Row::OneRule, free_tier), "{}: one-rule is off for another tier", E::NAME);
        assert!(is_on(Row::TenRules, user), "{}: ten-rules is on for {id}", E::NAME);
        assert!(!is_on(Row::TenRules, free_plan), "{}: ten-rules is off for another plan", E::NAME);
        assert!(!is_on(Row::TenRules, web), "{}: ten-rules is off for another device", E::NAME);
        if absent::<E>(Row::Dependent).is_none() {
            assert!(is_on(Row::Dependent, user), "{}: dependent is on for {id}", E::NAME);
            assert!(!is_on(Row::Dependent, free_tier), "{}: dependent is off where its parent is", E::NAME);
        }
        inside += usize::from(is_on(Row::Staged, user));
    }
    let half = users.len() / 2;
    let spread = users.len() / 8;
    assert!(half.abs_diff(inside) < spread, "{}: staged is on for {inside} of {}", E::NAME, users.len());
    check_all(engine, registry, &users[0]);
}

/// All flags at once answer as each does alone.
pub fn check_all<E: Engine>(engine: &'static E, registry: &Registry, user: &User) {
    let scratch = &mut E::Scratch::default();
    let context = E::context(user);
    let flags = flags(engine, registry);
    let alone = flags.iter().filter(|&&flag| engine.is_on(flag, &context, scratch)).count();
    let together = engine.count_on(&flags, &context, scratch);
    assert_eq!(together, alone, "{}: all flags at once are as each alone", E::NAME);
    let staged = registry.flags.iter().filter_map(|flag| flag.staged.map(|percentage| percentage / 100.0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of flags")]
    let expected = staged.sum::<f64>() as usize;
    let spread = registry.flags.len() / 5;
    assert!(expected.abs_diff(together) < spread, "{}: {together} flags are on, about {expected}", E::NAME);
}

/// Those who are in the segment, and others.
pub fn check_segment<E: Engine>(engine: &'static E, flag: E::Flag, users: &[User], member: bool) {
    let scratch = &mut E::Scratch::default();
    for user in users {
        let on = engine.is_on(flag, &E::context(user), scratch);
        assert_eq!(on, member, "{}: whether {} is a member", E::NAME, user.id);
    }
}

/// Every flag of the registry.
pub fn flags<E: Engine>(engine: &'static E, registry: &Registry) -> Vec<E::Flag> {
    let keys = registry.flags.iter().map(|flag| &*flag.key.clone().leak());
    keys.map(|key| engine.flag(key)).collect()
}
