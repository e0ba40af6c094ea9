//! No engine is measured before it has answered right.

use crate::engines::{Engine, absent};
use crate::registry::{Condition, Registry};
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
    check_all(engine, registry, users);
}

/// All flags at once answer as each does alone, and each rollout takes in about as many as it says: nobody at 0 %,
/// everybody at 100 %, and between them within five standard deviations.
pub fn check_all<E: Engine>(engine: &'static E, registry: &Registry, users: &[User]) {
    let scratch = &mut E::Scratch::default();
    let flags = flags(engine, registry);
    let mut inside = vec![0_u32; flags.len()];
    for user in users {
        let context = E::context(user);
        let mut alone = 0;
        for (flag, inside) in flags.iter().zip(&mut inside) {
            let on = engine.is_on(*flag, &context, scratch);
            *inside += u32::from(on);
            alone += usize::from(on);
        }
        let together = engine.count_on(&flags, &context, scratch);
        assert_eq!(together, alone, "{}: all flags at once are as each alone", E::NAME);
    }
    let count = f64::from(u32::try_from(users.len()).expect("few"));
    for (flag, inside) in registry.flags.iter().zip(inside) {
        let Some(share) = flag.staged.map(|percentage| percentage / 100.0) else { continue };
        let spread = 5.0 * (count * share * (1.0 - share)).sqrt();
        let off = (f64::from(inside) - count * share).abs();
        assert!(off <= spread, "{}: {} is on for {inside} of {count} at {share}", E::NAME, flag.key);
    }
}

/// Each rule takes in who meets it, and nobody who misses one of its conditions.
pub fn check_rules<E: Engine>(engine: &'static E, registry: &Registry) {
    let scratch = &mut E::Scratch::default();
    for (flag, of) in registry.flags.iter().zip(flags(engine, registry)) {
        for rule in &flag.rules {
            let [Condition::In(_, countries), Condition::Is(_, plan)] = rule.conditions.as_slice() else {
                panic!("{} asks for a country and a plan", rule.id)
            };
            for country in countries {
                let met = User { country: country.clone(), plan: plan.clone(), ..User::new("user-0000001") };
                assert!(engine.is_on(of, &E::context(&met), scratch), "{}: {} is on", E::NAME, flag.key);
            }
            let abroad = User { country: "DE".to_owned(), plan: plan.clone(), ..User::new("user-0000001") };
            let free = User { plan: "free".to_owned(), ..User::new("user-0000001") };
            for missed in [abroad, free] {
                assert!(!engine.is_on(of, &E::context(&missed), scratch), "{}: {} is off", E::NAME, flag.key);
            }
        }
    }
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
