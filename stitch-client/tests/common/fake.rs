//! A server that says what a test tells it to say, and remembers what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use stitch_sync::v1::{Definition, SyncRequest, SyncResponse};
use tokio::net::TcpListener;

/// What happens on a stream.
#[derive(Clone)]
pub enum Step {
    Say(SyncResponse),
    /// With a status, and how long to wait in milliseconds.
    End(u16, Option<&'static str>),
    /// Says nothing more, and does not end.
    Fall(Duration),
}

/// A client's request, and when it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub history: String,
    pub number: u64,
    pub at: Instant,
}

pub struct Fake {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Ends with the test.
    _runtime: tokio::runtime::Runtime,
}

impl Fake {
    /// The first stream goes as the first script says, …; those after the last as the last.
    pub fn start(scripts: Vec<Vec<Step>>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let heard = Arc::clone(&asked);
        runtime.spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                socket.set_nodelay(true).unwrap();
                let (scripts, heard) = (scripts.clone(), Arc::clone(&heard));
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(request, scripts.clone(), Arc::clone(&heard)));
                    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    // A client that goes away is none of its business.
                    let _ = connection.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { address, asked, _runtime: runtime }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

async fn answer(
    request: Request<Incoming>,
    scripts: Vec<Vec<Step>>,
    heard: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Body>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let SyncRequest { history_id, sequence_number, .. } = SyncRequest::decode(&body[5..]).unwrap();
    let index = {
        let mut heard = heard.lock().unwrap();
        heard.push(Asked { history: history_id, number: sequence_number, at: Instant::now() });
        (heard.len() - 1).min(scripts.len() - 1)
    };
    let steps = stream::unfold(scripts[index].clone().into_iter(), async |mut steps| {
        let frame = match steps.next()? {
            Step::Say(message) => Frame::data(framed(&message)),
            Step::End(code, wait) => Frame::trailers(trailers(code, wait)),
            Step::Fall(silent) => {
                tokio::time::sleep(silent).await;
                Frame::trailers(trailers(14, None))
            }
        };
        Some((Ok::<_, Infallible>(frame), steps))
    });
    let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(steps)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    Ok(response)
}

fn framed(message: &SyncResponse) -> Bytes {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), &message].concat().into()
}

fn trailers(code: u16, wait: Option<&'static str>) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", code.into());
    trailers.insert("grpc-message", HeaderValue::from_static("as the test says"));
    if let Some(wait) = wait {
        trailers.insert("grpc-retry-pushback-ms", HeaderValue::from_static(wait));
    }
    trailers
}

/// Everything, of history `h`.
pub fn snapshot(number: u64, value: i64) -> SyncResponse {
    SyncResponse {
        snapshot: true,
        settings: Some(r#"{"schema_version":"1.0","environments":["prod"]}"#.to_owned()),
        ..change(number, value)
    }
}

/// The flag `n` answers with another number.
pub fn change(number: u64, value: i64) -> SyncResponse {
    let json = super::number_flag(value).0.to_string();
    SyncResponse {
        history_id: "h".to_owned(),
        sequence_number: number,
        flags: vec![Definition { key: "n".to_owned(), json }],
        ..SyncResponse::default()
    }
}

pub fn heartbeat(number: u64) -> SyncResponse {
    SyncResponse { history_id: "h".to_owned(), sequence_number: number, heartbeat: true, ..SyncResponse::default() }
}
