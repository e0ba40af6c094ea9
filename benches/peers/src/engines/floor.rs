//! The floor: what a program would have written by hand for these very flags. The same lookup, the same hash, the same
//! answers, and nothing else: no reasons, no overrides, no environments.

use std::collections::HashSet;

use xxhash_rust::xxh64::xxh64;

use super::Engine;
use crate::registry::{Condition, Flag, Registry, Rule};
use crate::row::Row;
use crate::user::User;

/// Buckets of a gate.
const BUCKETS: u128 = 100_000;

/// By name.
#[derive(Debug)]
pub struct ByName {
    flags: super::ByName<usize>,
    code: Vec<Code>,
}

/// By the place in memory.
#[derive(Debug)]
pub struct ByHandle(ByName);

/// What the flags ask for of a user.
#[derive(Debug)]
pub struct Profile<'u> {
    id: &'u str,
    tier: &'u str,
    country: &'u str,
    device: &'u str,
    plan: &'u str,
}

/// What a flag was written as; what it asks stands in the code, as it would.
#[derive(Debug)]
enum Code {
    On,
    Staff,
    Staged {
        seed: u64,
        out: u64,
    },
    /// In Thailand, on a telephone, on one of these plans; each asked like a rule of its own.
    Plans(Box<[Box<str>]>),
    After(usize),
    Members(HashSet<Box<str>, foldhash::fast::FixedState>),
}

const ONLY_ASKING: &[(Row, &str)] = &[
    (Row::Load, "the floor is only asked"),
    (Row::LoadUnlike, "the floor is only asked"),
    (Row::SegmentLoad, "the floor is only asked"),
];

impl ByName {
    #[inline]
    fn run(&self, code: &Code, user: &Profile<'_>) -> bool {
        match code {
            Code::On => true,
            Code::Staff => user.tier == "staff",
            Code::Staged { seed, out } => {
                (u128::from(xxh64(user.id.as_bytes(), *seed)) * BUCKETS) >> 64 < u128::from(*out)
            }
            Code::Plans(plans) => plans.iter().any(|plan| {
                user.country == "TH" && (user.device == "ios" || user.device == "android") && *user.plan == **plan
            }),
            Code::After(first) => self.run(&self.code[*first], user),
            Code::Members(ids) => ids.contains(user.id),
        }
    }
}

impl Engine for ByName {
    const NAME: &'static str = "floor";
    const CRATE: &'static str = "";
    const TELLS_WHY: bool = false;
    const ABSENT: &'static [(Row, &'static str)] = ONLY_ASKING;
    type Context<'u> = Profile<'u>;
    type Flag = &'static str;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        registry.document.clone().into_bytes()
    }

    fn load(document: &[u8]) -> Self {
        let document = String::from_utf8(document.to_vec()).expect("the document is text");
        let registry = Registry::read(document);
        let place = |key: &str| registry.flags.iter().position(|flag| flag.key == key).expect("a flag of the registry");
        let flags = registry.flags.iter().enumerate().map(|(index, flag)| (flag.key.as_str().into(), index));
        let code = registry.flags.iter().map(|flag| write(flag, &registry, place)).collect();
        Self { flags: flags.collect(), code }
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        Profile { id: &user.id, tier: &user.tier, country: &user.country, device: &user.device, plan: &user.plan }
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, user: &Self::Context<'_>, (): &mut ()) -> bool {
        self.flags.get(flag).is_some_and(|&index| self.run(&self.code[index], user))
    }

    fn count_on(&self, _: &[Self::Flag], user: &Self::Context<'_>, (): &mut ()) -> usize {
        self.code.iter().filter(|code| self.run(code, user)).count()
    }
}

/// The code of one flag.
fn write(flag: &Flag, registry: &Registry, place: impl Fn(&str) -> usize) -> Code {
    if let [first] = flag.dependencies.as_slice() {
        return Code::After(place(first));
    }
    if let Some(percentage) = flag.staged {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100,000")]
        let out = (percentage * 1_000.0).round() as u64;
        return Code::Staged { seed: xxh64(flag.key.as_bytes(), 0), out };
    }
    let plan = |rule: &Rule| match rule.conditions.as_slice() {
        [Condition::Is(_, country), Condition::In(_, devices), Condition::Is(_, plan)] => {
            assert_eq!((country.as_str(), devices.as_slice()), ("TH", &["ios".to_owned(), "android".to_owned()][..]));
            plan.as_str().into()
        }
        other => panic!("nobody wrote {other:?} by hand"),
    };
    match flag.rules.as_slice() {
        [] => Code::On,
        [Rule { conditions, .. }] if let [Condition::Is(attribute, tier)] = conditions.as_slice() => {
            assert_eq!((attribute.as_str(), tier.as_str()), ("tier", "staff"));
            Code::Staff
        }
        [Rule { conditions, .. }] if let [Condition::Segment(key)] = conditions.as_slice() => {
            let segment = registry.segments.iter().find(|segment| segment.key == *key).expect("a segment");
            Code::Members(segment.included.iter().map(|id| id.as_str().into()).collect())
        }
        rules => Code::Plans(rules.iter().map(plan).collect()),
    }
}

impl Engine for ByHandle {
    const NAME: &'static str = "floor by handle";
    const CRATE: &'static str = "";
    const TELLS_WHY: bool = false;
    const ABSENT: &'static [(Row, &'static str)] = super::stitch::SAME;
    type Context<'u> = Profile<'u>;
    type Flag = Handle;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        ByName::document(registry)
    }

    fn load(document: &[u8]) -> Self {
        Self(ByName::load(document))
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        Handle(&self.0.code[self.0.flags[key]])
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        Profile { id: &user.id, tier: &user.tier, country: &user.country, device: &user.device, plan: &user.plan }
    }

    #[inline]
    fn is_on(&self, Handle(code): Self::Flag, user: &Self::Context<'_>, (): &mut ()) -> bool {
        self.0.run(code, user)
    }
}

/// A flag of the floor.
#[derive(Clone, Copy, Debug)]
pub struct Handle(&'static Code);
