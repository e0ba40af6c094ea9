//! `GET /ofrep/v1/events`: server-sent events that tell a client to ask for its flags again. They hold no answer.

use std::borrow::Cow;
use std::convert::Infallible;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

use super::answer::{Endpoint, EventStream};
use super::{EVENTS, Failure, credential};
use crate::auth::KeyHolder;
use crate::error::{Code, Error};
use crate::extract::Call;
use crate::source::Registry;
use crate::state::AppState;

/// So often something is sent, so that a connection that is gone is noticed, by proxies and by both ends.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Milliseconds after which a client whose stream ends should come back.
const RETRY: &str = "retry: 1000\n\n";
/// Seconds after which there may be room for one more stream.
const FULL_FOR: u16 = 10;
/// The parameter that says which registry the client's answers come from.
const SINCE: &str = "since=";

/// Tells of each new registry.
///
/// A client that missed one, between its answer and its stream or while its stream was broken, is told at once: the
/// address says which registry its answer came from, and `Last-Event-ID` which it heard of last.
pub async fn events(State(state): State<AppState>, call: Call) -> Response {
    open(state, &call).unwrap_or_else(IntoResponse::into_response)
}

/// How the bulk answer names the stream.
pub(super) fn stream(registry: &Registry) -> EventStream {
    let request_uri = Cow::Owned(format!("{EVENTS}?{SINCE}{}", registry.revision));
    EventStream { kind: "sse", endpoint: Endpoint { request_uri } }
}

fn open(state: AppState, call: &Call) -> Result<Response, Failure> {
    let holder = credential::check(&state, &call.headers)?;
    let Some(permit) = state.stream() else {
        let error = Error::new(Code::NotReady, "as many streams are open as this server holds");
        return Err(Failure::from(error.hint("poll meanwhile")).retry_after(FULL_FOR));
    };
    // Before the registry is looked at: what changes from here on is heard.
    let changes = state.changes();
    let heard = call.headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let since = || call.uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix(SINCE));
    let serving = state.load().registry.revision.clone();
    let told = heard.or_else(since).map_or_else(|| serving.clone(), str::to_owned);
    let greeting = format!(": stitch\nid: {told}\n{RETRY}");
    let client = Client { state, changes, holder, told, greeting: Some(greeting), _permit: permit };
    let mut response = Response::new(Body::from_stream(client.into_stream()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Or some proxies hold it back until there is more of it.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// One client's stream; its room is free again once it is dropped, which hyper does when the client goes.
struct Client {
    state: AppState,
    changes: watch::Receiver<bool>,
    /// Whose key it is, if there is one.
    holder: Option<KeyHolder>,
    /// The revision that it knows of.
    told: String,
    greeting: Option<String>,
    _permit: OwnedSemaphorePermit,
}

impl Client {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        unfold(Some(self), async |client| {
            let mut client = client?;
            match client.next().await {
                Some(text) => Some((Ok(text.into()), Some(client))),
                None => Some((Ok(Bytes::from_static(RETRY.as_bytes())), None)),
            }
        })
    }

    /// What to send next; nothing when the server stops.
    async fn next(&mut self) -> Option<String> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            if *self.changes.borrow_and_update() {
                return None;
            }
            let served = self.state.load_full();
            if self.holder.as_ref().is_some_and(|holder| !holder.holds(&served.model)) {
                return None;
            }
            if served.registry.revision != self.told {
                self.told.clone_from(&served.registry.revision);
                return Some(message(&served.registry));
            }
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                () = sleep(HEARTBEAT) => return Some(":\n\n".to_owned()),
            }
        }
    }
}

fn message(registry: &Registry) -> String {
    let revision = &registry.revision;
    let seconds = registry.loaded_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let data = format!(r#"{{"type":"refetchEvaluation","etag":"{revision}","lastModified":{seconds}}}"#);
    format!("event: message\nid: {revision}\ndata: {data}\n\n")
}
