//! The floor: what the rows A to E cost where somebody writes exactly them by hand and nothing else. The same look-up of
//! a name, the same hash of an id, the same comparisons, on a struct of the very fields that are asked for: no operator,
//! no stage, no override, no reason.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use xxhash_rust::xxh64::xxh64;

/// A user as a program that knows its questions would hold it.
#[derive(Debug)]
pub struct Profile<'a> {
    /// The id.
    pub user_id: &'a str,
    /// The fields that are asked for.
    pub tier: &'a str,
    /// A country.
    pub country: &'a str,
    /// A device.
    pub device: &'a str,
    /// A plan.
    pub plan: &'a str,
    /// The others, so that a profile takes as much memory as a context.
    pub others: [&'a str; 20],
}

impl<'a> Profile<'a> {
    /// The profile of [`context`](crate::context).
    pub fn new(user_id: &'a str) -> Self {
        Self { user_id, tier: "staff", country: "TH", device: "ios", plan: "pro", others: ["4.2.0"; 20] }
    }
}

/// A flag, hard-wired.
#[derive(Clone, Debug)]
pub enum Flag {
    /// Row A.
    On,
    /// Row B, and what row E depends on.
    Tier(String),
    /// Row C.
    Staged {
        /// The hash of the salt.
        seed: u64,
        /// The first bucket that is out.
        threshold: u64,
    },
    /// Row D: country, devices and plan of each rule.
    Rules(Vec<(String, [String; 2], String)>),
    /// Row E.
    Dependent(Box<Flag>),
}

impl Flag {
    /// Whether it is on.
    #[inline]
    pub fn is_on(&self, profile: &Profile<'_>) -> bool {
        match self {
            Self::On => true,
            Self::Tier(tier) => profile.tier == tier,
            Self::Staged { seed, threshold } => {
                let hash = u128::from(xxh64(profile.user_id.as_bytes(), *seed));
                (hash * 100_000) >> 64 < u128::from(*threshold)
            }
            Self::Rules(rules) => rules.iter().any(|(country, devices, plan)| {
                profile.country == country
                    && devices.iter().any(|device| profile.device == device)
                    && profile.plan == plan
            }),
            Self::Dependent(other) => other.is_on(profile),
        }
    }
}

/// Flags by name.
#[derive(Debug)]
pub struct Registry {
    flags: HashMap<String, Flag, FixedState>,
}

impl Registry {
    /// The flags of the rows and others, so many in all.
    pub fn new(count: usize) -> Self {
        let staged = |key: &str, threshold| Flag::Staged { seed: xxh64(key.as_bytes(), 0), threshold };
        let plan = |index| if index == 9 { "pro".to_owned() } else { format!("plan-{index}") };
        let rule = |index| ("TH".to_owned(), ["ios".to_owned(), "android".to_owned()], plan(index));
        let mut flags: HashMap<String, Flag, FixedState> = HashMap::default();
        flags.insert("plain".to_owned(), Flag::On);
        flags.insert("one-rule".to_owned(), Flag::Tier("staff".to_owned()));
        flags.insert("staged".to_owned(), staged("staged", 50_000));
        flags.insert("ten-rules".to_owned(), Flag::Rules((0..10).map(rule).collect()));
        flags.insert("dependent".to_owned(), Flag::Dependent(Box::new(Flag::Tier("staff".to_owned()))));
        for index in flags.len()..count {
            let key = crate::feature(index);
            let flag = staged(&key, index as u64 % 101 * 1_000);
            flags.insert(key, flag);
        }
        Self { flags }
    }

    /// Whether the flag of that name is on.
    #[inline]
    pub fn by_name(&self, key: &str, profile: &Profile<'_>) -> bool {
        self.flags.get(key).is_some_and(|flag| flag.is_on(profile))
    }

    /// The flag of that name, to be asked without looking it up again.
    pub fn handle(&self, key: &str) -> Option<&Flag> {
        self.flags.get(key)
    }
}
