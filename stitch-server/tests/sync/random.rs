//! Whatever is written, in whatever order: what the messages add up to is what the server has, and answers as it does.

use stitch_core::{Context, Definitions, Engine, Json};
use stitch_server::model::{Flag, OverrideRow, Segment, Settings, Stored};
use stitch_server::writes::Draft;

use crate::client::Stream;
use crate::common::stocked::Shop;
use crate::replica::Replica;
use crate::{json, write};

/// A small generator, so that a seed says everything.
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn pick<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.below(among.len())]
    }
}

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const STAGES: [&str; 6] = ["draft", "internal", "staged", "full", "paused", "rolled_back"];

fn flag(chance: &mut Chance, key: &str) -> Flag {
    let patch = |chance: &mut Chance| {
        format!(r#"{{"rollout_stage": "{}", "default_value": {}}}"#, chance.pick(&STAGES), chance.below(2) == 0)
    };
    let (prod, dev) = (patch(chance), patch(chance));
    let environments = match chance.below(3) {
        0 => String::new(),
        1 => format!(r#", "environments": {{"dev": {dev}}}"#),
        _ => format!(r#", "environments": {{"dev": {dev}, "prod": {prod}}}"#),
    };
    let rules = match chance.below(3) {
        0 => String::new(),
        1 => r#", "rules": [{"id": "r", "when": {"segment": "s"}, "serve": "on"}]"#.to_owned(),
        _ => r#", "rules": [{"id": "r", "when": {"attr": "country", "op": "eq", "value": "TH"}, "serve": "off"}]"#
            .to_owned(),
    };
    let (default, stage, pct) = (chance.below(2) == 0, chance.pick(&STAGES), chance.below(101));
    Flag(json(&format!(
        r#"{{"key": "{key}", "default_value": {default}, "rollout_stage": "{stage}", "rollout_pct": {pct}{rules}{environments}}}"#
    )))
}

/// One to three random changes; what they lead to may be refused.
fn change(draft: &mut Draft, mut chance: Chance) {
    for _ in 0..=chance.below(3) {
        let key = chance.pick(&KEYS);
        match chance.below(12) {
            0..=4 => draft.put(key, flag(&mut chance, key)),
            5 => draft.remove::<Flag>(key),
            6 => {
                let members = ["U-1", "U-2", "U-3"][chance.below(3)];
                let name = chance.pick(&["s", "t"]);
                draft.put(name, Segment(json(&format!(r#"{{"key": "{name}", "included": ["{members}"]}}"#))));
            }
            7 => draft.remove::<Segment>("t"),
            8 | 9 => {
                let (user, value) = (1 + chance.below(3), chance.below(2) == 0);
                let row = format!(
                    r#"{{"id": "{key}-{user}", "scope": "user", "flag_key": "{key}", "value": {value}, "user_id": "U-{user}"}}"#
                );
                draft.put(&format!("{key}-{user}"), OverrideRow(json(&row)));
            }
            10 => {
                let keys: Vec<String> = OverrideRow::among(draft.model()).keys().cloned().collect();
                keys.iter().take(1 + chance.below(3)).for_each(|key| draft.remove::<OverrideRow>(key));
            }
            _ => {
                let tier = chance.pick(&["crew", "staff"]);
                let settings = format!(
                    r#"{{"schema_version": "1.0", "internal_tiers": ["{tier}"], "environments": ["prod", "dev"]}}"#
                );
                draft.put(Settings::KEY, Settings(json(&settings)));
            }
        }
    }
}

/// The document without what is not there.
fn parts(document: &Json<'_>) -> String {
    let list = |name| document.get(name).map_or_else(|| "[]".to_owned(), Json::to_string);
    let Json::Object(members) = document else { panic!("no document") };
    let settings: Vec<_> =
        members.iter().filter(|(key, _)| !["flags", "segments", "overrides"].contains(&&**key)).cloned().collect();
    format!("{} {} {} {}", Json::Object(settings), list("flags"), list("segments"), list("overrides"))
}

#[test]
fn what_flows_adds_up_to_what_the_server_has() {
    let shop = Shop::open();
    write(&shop, |draft| draft.put("s", Segment(json(r#"{"key": "s", "included": ["U-1"]}"#)))).unwrap();
    let mut streams = [("prod", &shop.stocked.key), ("dev", &shop.stocked.dev_key)]
        .map(|(env, key)| (env, key, Stream::open(shop.server.sync, key, "", 0).unwrap(), Replica::default()));
    let seed = 20_261_125;
    let (mut written, mut told, mut snapshots, mut resumed) = (0, 0, 0, 0);
    for round in 0..400 {
        let chance = Chance(seed + round);
        let changing = chance.clone();
        written += u32::from(write(&shop, move |draft| change(draft, changing.clone())).is_ok());
        let served = shop.state.load().clone();
        for (env, key, stream, replica) in &mut streams {
            // Now and then a client comes back with what it has.
            if chance.clone().below(7) == 0 && replica.number > 0 {
                *stream = Stream::open(shop.server.sync, key, &replica.history, replica.number).unwrap();
                resumed += 1;
            }
            while replica.number < served.model.feed.number(env) {
                let message = stream.next().unwrap();
                told += 1;
                snapshots += u32::from(message.snapshot);
                replica.apply(message);
            }
            let document = served.registry.definitions.document().clone();
            let serving = Definitions::from_document(document).unwrap().for_environment(env);
            let text = replica.document();
            let told = Definitions::from_json(&text).unwrap();
            assert_eq!(parts(told.document()), parts(serving.document()), "{env}, seed {seed}, round {round}");
            same_answers(&served.registry.engine, &replica.engine(), env);
        }
    }
    // The test has seen what it is about.
    assert!(written > 100 && told > 100 && resumed > 20, "{written} {told} {resumed}");
    assert!(snapshots > 2 && snapshots * 4 < told, "{snapshots} of {told}");
}

fn same_answers(server: &Engine, client: &Engine, env: &str) {
    for user in ["U-1", "U-2", "U-3", "U-4"] {
        for tier in ["crew", "staff", "free"] {
            let context =
                Context::user(user).tier(tier).env(env).with("country", if tier == "free" { "TH" } else { "DE" });
            let answers = |engine: &Engine| serde_json::to_string(&engine.evaluate_all(&context)).unwrap();
            assert_eq!(answers(server), answers(client));
        }
    }
}
