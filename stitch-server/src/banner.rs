//! What start-up prints: what is served, where, and three lines to try.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;

use crate::config::LogFormat;
use crate::source::Registry;
use crate::state::AppState;
use crate::wire::{CONTRACT_VERSION, NAME, VERSION};

/// The flag of the embedded registry that the first line to try asks for.
const KNOWN_FLAG: &str = "flags.registry_v1";

/// Says that the server listens: to people on standard output, to programs as a line of the log.
pub fn announce(state: &AppState, address: SocketAddr, management: SocketAddr, form: LogFormat) {
    let served = state.load();
    let registry = &served.registry;
    for warning in &registry.warnings {
        tracing::warn!("{}: {warning}", state.source());
    }
    if state.settings().insecure_dev_context {
        tracing::warn!("whoever reaches {address} may ask as anyone: `--insecure-dev-context` was given");
    }
    match form {
        LogFormat::Json => {
            let (revision, parity, flags) = (&registry.revision, state.parity().to_string(), registry.counts.flags);
            let source = state.source().to_string();
            tracing::info!(%address, %management, source, revision, flags, parity, version = VERSION, "listening");
        }
        LogFormat::Human => {
            // Nobody may be reading; that is no reason not to serve.
            let _ =
                io::Write::write_all(&mut io::stdout().lock(), text(state, registry, address, management).as_bytes());
        }
    }
}

fn text(state: &AppState, registry: &Registry, address: SocketAddr, management: SocketAddr) -> String {
    let counts = registry.counts;
    let environments: Vec<_> = registry.engine.environments().collect();
    let environments = environments.join(", ");
    let url = format!("http://{address}");
    let mut text = String::new();
    let _ = write!(
        text,
        "{NAME} {VERSION}, service contract {CONTRACT_VERSION}, dev mode\n\
         \x20 registry  {source}, revision {revision}: {flags}, {segments}, {overrides}; environments {environments}\n\
         \x20 parity    {parity}\n\
         \x20 metrics   http://{management}/metrics\n\
         \x20 listening {url}\n\
         try\n",
        source = state.source(),
        revision = registry.revision,
        flags = counted(counts.flags, "flag"),
        segments = counted(counts.segments, "segment"),
        overrides = counted(counts.overrides, "override"),
        parity = state.parity(),
    );
    let known = registry.engine.flag(KNOWN_FLAG).map(|flag| flag.key());
    if let Some(flag) = known.or_else(|| registry.engine.flag_keys().next()) {
        let env = match registry.engine.environments().next() {
            // Names of environments may hold anything; one that a shell or an address could misread is left out.
            Some(env) if env.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) => {
                format!("&env={env}")
            }
            _ => String::new(),
        };
        let _ = write!(
            text,
            "\x20 curl '{url}/api/flags/eval?key={flag}&user=U-1&tier=staff{env}&trace=true'\n\
             \x20 curl '{url}/api/flags/eval/batch' -H 'Content-Type: application/json' \
             -d '{{\"context\": {{\"user_id\": \"U-1\"}}, \"flags\": [\"{flag}\"]}}'\n",
        );
    }
    let _ = writeln!(text, "  curl '{url}/api/flags/registry?summary=true'");
    text
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
