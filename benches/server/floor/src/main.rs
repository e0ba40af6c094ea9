//! The smallest axum server that reads the same requests as stitch-server and answers fixed bodies of the same size.
//!
//! `floor PORT EVAL OFREP`: the port, and the files whose content the two routes answer.

use std::collections::HashMap;
use std::hint::black_box;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Json, Path, Query};
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use serde::Deserialize;

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, and then not used: that is the floor")]
struct Asked {
    key: String,
    user: String,
    tier: String,
    env: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, and then not used: that is the floor")]
struct Body {
    context: HashMap<String, String>,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, eval, ofrep] = arguments.as_slice() else { panic!("usage: floor PORT EVAL OFREP") };
    let eval = Bytes::from(std::fs::read(eval).expect("EVAL is a file"));
    let ofrep = Bytes::from(std::fs::read(ofrep).expect("OFREP is a file"));
    let router = Router::new()
        .route(
            "/api/flags/eval",
            get(async move |Query(asked): Query<Asked>| {
                black_box(asked);
                ([(CONTENT_TYPE, "application/json")], eval)
            }),
        )
        .route(
            "/ofrep/v1/evaluate/flags/{key}",
            post(async move |Path(key): Path<String>, Json(body): Json<Body>| {
                black_box((key, body));
                ([(CONTENT_TYPE, "application/json")], ofrep)
            }),
        );
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("PORT is free");
    axum::serve(listener, router).await.expect("it serves until it is killed");
}
