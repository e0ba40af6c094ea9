use std::time::Instant;
use stitch_core::*;
fn join(n: usize, f: impl Fn(usize) -> String) -> String { (0..n).map(f).collect::<Vec<_>>().join(",") }
fn go(what: &str, text: &str) {
    let t = Instant::now();
    match Engine::from_json(text) { 
        Ok(_) => eprintln!("{what}: ok {} bytes {:?}", text.len(), t.elapsed()),
        Err(e) => eprintln!("{what}: {} bytes, {} diagnostics, {} message bytes {:?}", text.len(), e.diagnostics().len(), e.diagnostics().iter().map(|d| d.message.len()).sum::<usize>(), t.elapsed()),
    }
    let rss = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    eprintln!("   {}", rss.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default());
}
fn reg(flags: &str, rest: &str) -> String { format!(r#"{{"schema_version":"1.0","flags":[{flags}]{rest}}}"#) }
#[test] fn a_unknown_refs() { for n in [500, 1000, 2000] { go(&format!("unknown refs {n}"), &reg(&join(n, |i| format!(r#"{{"key":"f{i}-some-longer-flag-key","default_value":true,"dependencies":["g{i}-some-longer-flag-key"]}}"#)), "")); } }
#[test] fn b_envs() { for n in [500, 1000, 2000] { go(&format!("unknown envs {n}"), &reg(&format!(r#"{{"key":"a","default_value":true,"environments":{{{}}}}}"#, join(n, |i| format!(r#""unknown{i}":{{}}"#))), &format!(r#","environments":[{}]"#, join(n, |i| format!(r#""environment-{i}""#))))); } }
#[test] fn c_variants() { for n in [250, 500, 1000] { go(&format!("unknown variants {n}"), &reg(&format!(r#"{{"key":"a","type":"integer","default_value":1,"serve":"v0","variants":{{{}}},"rules":[{}]}}"#, join(n, |i| format!(r#""variant-{i}":1"#)), join(n, |i| format!(r#"{{"id":"{i}","when":{{"all":[]}},"serve":"missing-{i}"}}"#))), "")); } }
#[test] fn d_deep() { for n in [2000, 4000, 8000] { let x = format!("{}{}{}", "[".repeat(63), join(n, |_| "[]".into()), "]".repeat(63)); go(&format!("too deep {n}"), &reg(&join(n, |_| "1".into()), &format!(r#","x":{x}"#))); } }
#[test] fn e_depvariants() { for n in [2000, 4000, 8000] { go(&format!("deps on variants {n}"), &reg(&format!(r#"{{"key":"a","type":"integer","default_value":1,"serve":"v0","variants":{{{}}}}},{{"key":"b","default_value":true,"dependencies":[{}]}}"#, join(n, |i| format!(r#""v{i}":1"#)), join(n, |i| format!(r#"{{"flag":"a","variant":"v{i}"}}"#))), "")); } }
#[test] fn f_plans() { for n in [10, 20, 40] { go(&format!("environments x rules {n}"), &reg(&format!(r#"{{"key":"a","default_value":true,"environments":{{{}}},"rules":[{}]}}"#, join(n, |i| format!(r#""e{i}":{{}}"#)), join(1000, |i| format!(r#"{{"id":"{i}","when":{{"attr":"x","op":"matches","value":"[a-z]+{i}(\\d|x)*"}},"serve":"on"}}"#))), &format!(r#","environments":[{}]"#, join(n, |i| format!(r#""e{i}""#))))); } }
#[test] fn g_split() { for n in [5000, 10000, 20000] { go(&format!("split {n}"), &reg(&format!(r#"{{"key":"a","type":"integer","default_value":1,"serve":{{"split":[{}]}},"variants":{{{}}}}}"#, join(n, |i| format!(r#"{{"variant":"v{i}","weight":1}}"#)), join(n, |i| format!(r#""v{i}":1"#))), "")); } }
#[test] fn h_rows() { for n in [20000, 40000, 80000] { let t = reg(r#"{"key":"a","default_value":true}"#, &format!(r#","overrides":[{}]"#, join(n, |i| format!(r#"{{"id":"{i}","scope":"user","flag_key":"a","value":true,"user_id":"u","tenant_id":"t{i}"}}"#)))); go(&format!("rows of one user {n}"), &t);
  let e = Engine::from_json(&t).unwrap(); let t = Instant::now(); e.evaluate("a", &Context::user("u").tenant_id("zz")); eprintln!("    evaluate {:?}", t.elapsed()); } }
#[test] fn i_inline() { for n in [5000, 10000, 20000] { let e = Engine::from_json(&reg(&join(n, |i| format!(r#"{{"key":"f{i}","default_value":true}}"#)), "")).unwrap(); let c = format!(r#"{{"user_id":"u","overrides":{{"user":{{{}}}}}}}"#, join(n, |i| format!(r#""g{i}":true"#))); let d = ContextDocument::from_json(&c).unwrap(); let c2 = d.context(); let t = Instant::now(); e.evaluate_all(&c2); eprintln!("inline {n} flags x {n} overrides ({} bytes): evaluate_all {:?}", c.len(), t.elapsed()); } }
#[test] fn j_locate() { for n in [500, 1000, 2000] { let t = reg(&join(n, |i| format!(r#"{{"key":"f{i}"}}"#)), ""); let e = Engine::from_json(&t).unwrap_err(); let s = Instant::now(); for d in e.into_diagnostics() { let _ = d.locate(t.as_bytes()); } eprintln!("locate {n} diagnostics in {} bytes {:?}", t.len(), s.elapsed()); } }
#[test] fn k_memo() { for n in [8, 9, 20] { let e = Engine::from_json(&reg(&format!("{},{}", join(n, |i| format!(r#"{{"key":"f{i}","default_value":true}}"#)), format!(r#"{{"key":"top","default_value":true,"dependencies":[{0},{0}]}}"#, join(n, |i| format!(r#""f{i}""#)))), "")).unwrap(); let c = Context::user("u"); let a = allocation_counter::measure(|| { e.evaluate("top", &c); }); eprintln!("{n} shared references: {} allocations", a.count_total); } }
#[test] fn l_problems() { for n in [10_000, 20_000, 40_000] { let x = format!("{}{}{}", "[".repeat(63), join(n, |_| "[]".into()), "]".repeat(63)); go(&format!("only too deep {n}"), &reg("", &format!(r#","x":{x}"#))); } }
#[test] fn m_metadata_deep_pairs() { for n in [1_000_000usize] { go("numbers as metadata 1M", &reg("", &format!(r#","x":[{}]"#, join(n, |_| "1".into())))); } }
