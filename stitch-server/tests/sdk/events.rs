//! `/v1/environments/{env}/events`.

use serde_json::{Value, json};

use crate::common::stocked::{Shop, refused, told};

const EVENTS: &str = "/v1/environments/prod/events";

fn body(events: &[Value]) -> String {
    json!({ "events": events }).to_string()
}

fn stored(shop: &Shop, query: &str) -> Value {
    told(&shop.admin("GET", &format!("{EVENTS}{query}"), ""))
}

#[test]
fn what_counts_is_stored_in_order_and_the_rest_is_named() {
    let shop = Shop::open();
    let answer = shop.sdk(
        EVENTS,
        body(&[
            json!({"metric_key": "clicks", "context_type": "user", "context_key": "U-1", "value": 1}),
            json!({"metric_key": "nothing", "context_type": "user", "context_key": "U-1", "value": 1}),
            json!({"metric_key": "seconds", "context_type": "device", "context_key": "D-1", "value": 2, "event_id": "e-1"}),
            json!({"metric_key": "clicks", "context_type": "user", "context_key": "U-1", "value": 1.5}),
            json!({"metric_key": "bought", "context_type": "user", "context_key": "U-2", "value": true}),
            json!({"metric_key": "clicks", "context_type": "user", "context_key": "U-1", "value": 1,
                   "timestamp": "2001-01-01T00:00:00Z"}),
        ]),
    );
    assert_eq!(told(&answer), json!({"accepted_count": 3, "rejected_keys": ["nothing", "clicks", "clicks"]}));
    let page = stored(&shop, "");
    let events = page["events"].as_array().unwrap();
    assert_eq!(
        events.iter().map(|event| event["value"].clone()).collect::<Vec<_>>(),
        [json!(1), json!(2), json!(true)]
    );
    assert_eq!((&events[1]["event_id"], &events[1]["context_type"]), (&json!("e-1"), &json!("device")));
    assert_eq!(events[0].get("event_id"), None);
    assert_eq!(events[0]["timestamp"], events[0]["received_at"]);
    assert_eq!(page["next"], events[2]["cursor"]);
}

#[test]
fn an_event_id_counts_again_and_is_stored_once() {
    let shop = Shop::open();
    let event = json!({"metric_key": "clicks", "context_key": "U-1", "value": 1, "event_id": "e-1"});
    let both = shop.sdk(EVENTS, body(&[event.clone(), event.clone()]));
    assert_eq!(told(&both)["accepted_count"], 2);
    for _ in 0..3 {
        assert_eq!(told(&shop.sdk(EVENTS, body(std::slice::from_ref(&event))))["accepted_count"], 1);
    }
    assert_eq!(stored(&shop, "")["events"].as_array().unwrap().len(), 1);
    // Another environment is another world.
    let dev = [("x-sdk-key", &*shop.stocked.dev_key)];
    told(&shop.server.post_with("/v1/environments/dev/events", &dev, body(&[event])));
    let dev = told(&shop.admin("GET", "/v1/environments/dev/events", ""));
    assert_eq!(dev["events"].as_array().unwrap().len(), 1);
    assert_eq!(stored(&shop, "")["events"].as_array().unwrap().len(), 1);
}

#[test]
fn a_thousand_are_taken_and_one_more_is_not() {
    let shop = Shop::open();
    let event = json!({"metric_key": "clicks", "context_key": "U-1", "value": 1});
    let answer = told(&shop.sdk(EVENTS, body(&vec![event.clone(); 1_000])));
    assert_eq!(answer, json!({"accepted_count": 1_000, "rejected_keys": []}));
    refused(&shop.sdk(EVENTS, body(&vec![event.clone(); 1_001])), 400, "invalid_request");
    assert_eq!(told(&shop.sdk(EVENTS, body(&[]))), json!({"accepted_count": 0, "rejected_keys": []}));
    // A call that is refused leaves nothing.
    let refusal = refused(&shop.sdk(EVENTS, body(&[event, json!({"metric_key": "clicks"})])), 400, "invalid_request");
    assert_eq!(refusal["details"][0]["pointer"], "/events/1");
    assert_eq!(stored(&shop, "?limit=1000")["events"].as_array().unwrap().len(), 1_000);
}

#[test]
fn cursors_lead_through_all_of_them_once() {
    let shop = Shop::open();
    for round in 0..5 {
        let events: Vec<_> = (0..50)
            .map(|index| json!({"metric_key": "clicks", "context_key": "U", "value": round * 50 + index}))
            .collect();
        told(&shop.sdk(EVENTS, body(&events)));
    }
    let (mut after, mut values) = (json!(0), Vec::new());
    loop {
        let page = stored(&shop, &format!("?after={after}&limit=33"));
        let events = page["events"].as_array().unwrap();
        if events.is_empty() {
            assert_eq!(page["next"], after);
            break;
        }
        values.extend(events.iter().map(|event| event["value"].as_i64().unwrap()));
        after = page["next"].clone();
    }
    assert_eq!(values, (0..250).collect::<Vec<_>>());
    for query in ["?after=-1", "?after=x", "?limit=0", "?limit=1001", "?limit=", "?before=1", "?after=1&after=2"] {
        refused(&shop.admin("GET", &format!("{EVENTS}{query}"), ""), 400, "invalid_request");
    }
}

#[test]
fn events_are_read_with_a_token_that_may() {
    let shop = Shop::open();
    told(&shop.person(&shop.stocked.viewer, "GET", EVENTS, ""));
    let denied =
        refused(&shop.person(&shop.stocked.viewer, "GET", "/v1/environments/dev/events", ""), 403, "forbidden");
    assert_eq!(denied["error"], "insufficient permissions");
    refused(&shop.server.get(EVENTS), 401, "unauthorized");
    refused(&shop.server.get_with(EVENTS, &[("x-sdk-key", &shop.stocked.key)]), 401, "unauthorized");
}

#[test]
fn texts_are_data_and_never_statements() {
    let shop = Shop::open();
    let odd = "'); DROP TABLE events; --\u{0}ก\"\\";
    let event = json!({"metric_key": "clicks", "context_type": odd, "context_key": odd, "value": 1, "event_id": odd});
    assert_eq!(told(&shop.sdk(EVENTS, body(&[event.clone(), event])))["accepted_count"], 2);
    let page = stored(&shop, "");
    assert_eq!(page["events"].as_array().unwrap().len(), 1);
    for name in ["context_type", "context_key", "event_id"] {
        assert_eq!(page["events"][0][name], odd, "{name}");
    }
}
