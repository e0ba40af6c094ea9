//! Definitions that flow: real sockets, tonic's client, and a replica that holds what the messages say.

#[path = "../common/mod.rs"]
mod common;

mod changes;
mod client;
mod ends;
mod port;
mod random;
mod replica;
mod resume;
mod slow;
mod snapshot;

use client::{Stream, block_on};
use common::stocked::Shop;
use stitch_core::Json;
use stitch_server::audit::Action;
use stitch_server::caller::Caller;
use stitch_server::error::Error;
use stitch_server::model::Flag;
use stitch_server::writes::Draft;

fn json(text: &str) -> Json<'static> {
    Json::parse(text).unwrap().into_owned()
}

/// Writes as the machine's operator, and answers once it serves.
fn write(shop: &Shop, change: impl Fn(&mut Draft) + Send + 'static) -> Result<(), Error> {
    let decide = move |draft: &mut Draft| {
        change(draft);
        draft.record(serde_json::Value::Null, serde_json::Value::Null, None);
        Ok(())
    };
    block_on(shop.state.write(Caller::operator_of_the_machine(), Action::new("test", "test"), decide))
}

/// Puts a flag that answers with a number.
fn put_number(shop: &Shop, key: &'static str, number: i64) {
    let flag = format!(
        r#"{{"key": "{key}", "type": "integer", "variants": {{"v": {number}}}, "serve": "v", "default_value": {number}, "rollout_stage": "full"}}"#
    );
    write(shop, move |draft| draft.put(key, Flag(json(&flag)))).unwrap();
}

/// A stream of `prod` from the beginning, past its snapshot.
fn follow(shop: &Shop) -> Stream {
    let mut stream = Stream::open(shop.server.sync, &shop.stocked.key, "", 0).unwrap();
    assert!(stream.next().unwrap().snapshot);
    stream
}
