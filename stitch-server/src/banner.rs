//! What start-up prints: what is served, where, and three lines to try.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;

use crate::caller::Role;
use crate::config::{Auth, LogFormat, ServeArgs};
use crate::model::{Model, User};
use crate::source::Registry;
use crate::start::store::Place;
use crate::state::AppState;
use crate::store::sqlite::DATABASE;
use crate::wire::{CONTRACT_VERSION, NAME, VERSION};

/// The flag of the embedded registry that the first line to try asks for.
const KNOWN_FLAG: &str = "flags.registry_v1";

/// Where the server listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// For HTTP.
    pub http: SocketAddr,
    /// For whoever runs it.
    pub management: SocketAddr,
    /// For streams of definitions.
    pub sync: SocketAddr,
}

/// Says that the server listens: to people on standard output, to programs as a line of the log.
pub fn announce(state: &AppState, addresses: Addresses, arguments: &ServeArgs) {
    let Addresses { http: address, management, sync } = addresses;
    let served = state.load();
    let registry = &served.registry;
    for warning in &registry.warnings {
        tracing::warn!("{}: {warning}", state.source());
    }
    if state.settings().insecure_dev_context {
        tracing::warn!("whoever reaches {address} may ask as anyone: `--insecure-dev-context` was given");
    }
    match arguments.log_format {
        LogFormat::Json => {
            let (revision, parity, flags) = (&registry.revision, state.parity().to_string(), registry.counts.flags);
            let source = state.source().to_string();
            tracing::info!(%address, %management, %sync, source, revision, flags, parity, version = VERSION, "listening");
            if !has_administrator(&served.model) {
                tracing::info!("{}", first_administrator(&arguments.store).trim_end());
            }
        }
        LogFormat::Human => {
            // Nobody may be reading; that is no reason not to serve.
            let mut text = text(state, registry, addresses);
            if !has_administrator(&served.model) {
                text.push_str(&first_administrator(&arguments.store));
            }
            let _ = io::Write::write_all(&mut io::stdout().lock(), text.as_bytes());
        }
    }
}

fn has_administrator(model: &Model) -> bool {
    let administers = |user: &User| user.grants.iter().any(|grant| grant.role == Role::Admin && grant.env.is_none());
    model.users.values().any(|user| administers(&user.body))
}

/// How to make the first one, since nobody else can yet.
fn first_administrator(place: &Place) -> String {
    if *place == Place::Memory {
        return "there is no administrator, and this store keeps none: start with `--store FILE` to write\n".to_owned();
    }
    let usual = matches!(place, Place::File(path) if path.as_os_str() == DATABASE);
    let option = if usual { String::new() } else { format!(" --store '{place}'") };
    format!(
        "there is no administrator yet: this adds one, and reads the password from standard input\n\
         \x20 stitch-server users add{option} --email you@example.com --role admin\n"
    )
}

fn text(state: &AppState, registry: &Registry, addresses: Addresses) -> String {
    let Addresses { http: address, management, sync } = addresses;
    let counts = registry.counts;
    let environments: Vec<_> = registry.engine.environments().collect();
    let environments = environments.join(", ");
    let scheme = if state.settings().tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    let jwt = state.settings().auth == Auth::Jwt;
    let mut text = String::new();
    let _ = write!(
        text,
        "{NAME} {VERSION}, service contract {CONTRACT_VERSION}, {mode} mode\n\
         \x20 registry  {source}, revision {revision}: {flags}, {segments}, {overrides}; environments {environments}\n\
         \x20 store     {store}\n\
         \x20 parity    {parity}\n\
         \x20 metrics   http://{management}/metrics\n\
         \x20 streams   {sync}, gRPC\n\
         \x20 listening {url}\n",
        mode = if jwt { "jwt" } else { "dev" },
        source = state.source(),
        revision = registry.revision,
        flags = counted(counts.flags, "flag"),
        segments = counted(counts.segments, "segment"),
        overrides = counted(counts.overrides, "override"),
        store = state.store().place(),
        parity = state.parity(),
    );
    if jwt {
        // What there is to try needs a token first.
        return text;
    }
    text.push_str("try\n");
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
