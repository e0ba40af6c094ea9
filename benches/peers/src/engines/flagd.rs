//! flagd-evaluation-engine: its parser and its operator. It compiles the rule and writes the context as JSON at every
//! question; there is no way to have it compiled before.

use flagd_evaluation_engine::{FeatureFlag, FlagParser, Operator};
use open_feature::EvaluationContext;
use serde_json::{Map, Value, json};

use super::datalogic::{OFF, ON, all_of, split};
use super::{ByName, Engine};
use crate::registry::{Flag, Registry};
use crate::row::Row;
use crate::user::User;

/// Flags with their rules as the operator takes them.
pub struct Flagd {
    operator: Operator,
    flags: ByName<(FeatureFlag, Option<String>)>,
}

impl Engine for Flagd {
    const NAME: &'static str = "flagd-evaluation-engine";
    const CRATE: &'static str = "flagd-evaluation-engine";
    const TELLS_WHY: bool = false;
    const ABSENT: &'static [(Row, &'static str)] = &[
        (Row::Plain, "a flag without a rule is a look-up in maps, which its caller writes"),
        (Row::Dependent, "no flag depends on another"),
        (Row::SegmentLoad, "no segments"),
        (Row::SegmentHit, "no segments"),
        (Row::SegmentMiss, "no segments"),
    ];
    type Context<'u> = EvaluationContext;
    type Flag = &'static str;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        let flags = registry.flags.iter().map(|flag| {
            let default = if flag.otherwise { ON } else { OFF };
            let mut json =
                json!({"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": default});
            if flag.staged.is_some() || !flag.rules.is_empty() {
                json["targeting"] = targeting(flag);
            }
            (flag.key.clone(), json)
        });
        json!({ "flags": flags.collect::<Map<String, Value>>() }).to_string().into_bytes()
    }

    fn load(document: &[u8]) -> Self {
        let document = std::str::from_utf8(document).expect("the document is text");
        let flags = FlagParser::parse_string(document).expect("the flags").flags.into_iter();
        let flags = flags.map(|(key, flag)| {
            let targeting = flag.targeting.is_some().then(|| flag.get_targeting());
            (key.into(), (flag, targeting))
        });
        Self { operator: Operator::new(), flags: flags.collect() }
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        let context = EvaluationContext::default().with_targeting_key(&user.id);
        user.attributes().into_iter().fold(context, |context, (name, value)| context.with_custom_field(name, value))
    }

    #[inline]
    fn is_on(&self, key: Self::Flag, context: &Self::Context<'_>, (): &mut ()) -> bool {
        let (flag, targeting) = self.flags.get(key).expect("a flag");
        assert_eq!(flag.state, "ENABLED");
        let variant = targeting.as_ref().and_then(|rule| self.operator.apply(key, rule, context).expect("an answer"));
        let variant = variant.as_deref().unwrap_or(&flag.default_variant);
        flag.variants.get(variant).and_then(Value::as_bool) == Some(true)
    }
}

/// Which variant a user gets, as one rule.
fn targeting(flag: &Flag) -> Value {
    if let Some(percentage) = flag.staged {
        return split(flag, percentage);
    }
    let mut branches: Vec<Value> = flag.rules.iter().flat_map(|rule| [all_of(rule), ON.into()]).collect();
    branches.push(if flag.otherwise { ON } else { OFF }.into());
    json!({ "if": branches })
}
