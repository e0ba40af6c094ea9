//! How often a key may ask.

use std::time::Duration;

use stitch_server::state::Settings;

use crate::common::stocked::{Shop, refused, told};

#[test]
fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let shop = Shop::with(Settings { sdk_rate_limit: 5, ..Settings::default() }, |_| ());
    let body = r#"{"flag_key": "checkout", "context_key": "U"}"#;
    let ask = || shop.sdk("/v1/environments/prod/evaluate", body);
    let answers: Vec<_> = (0..40).map(|_| ask()).collect();
    assert!(answers.iter().take(5).all(|answer| answer.status == 200));
    let limited = answers.iter().find(|answer| answer.status == 429).expect("forty at once are too many");
    refused(limited, 429, "rate_limited");
    assert_eq!(limited.header("retry-after"), Some("1"));
    // Another key has its own, and whoever needs none is not counted.
    let dev = [("x-sdk-key", &*shop.stocked.dev_key)];
    told(&shop.server.post_with("/v1/environments/dev/evaluate", &dev, body));
    shop.server.get("/healthz").data();
    std::thread::sleep(Duration::from_secs(1));
    told(&ask());
}
