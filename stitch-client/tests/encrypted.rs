//! Over TLS, with a certificate of one's own.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{PATIENCE, Site, number};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use stitch_client::{Client, Event, Status};
use stitch_server::state::Settings;

const CERTIFICATE: &[u8] = include_bytes!("../../stitch-server/tests/security/data/tls.pem");
const KEY: &[u8] = include_bytes!("../../stitch-server/tests/security/data/tls.key");

#[test]
fn streams_and_events_go_encrypted_to_whom_is_trusted_and_to_nobody_else() {
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let tls = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let site = Site::with(common::REGISTRY, Settings { tls: Some(Arc::new(tls)), ..Settings::default() });
    let (streams, events) = (site.url().replace("http://127.0.0.1", "https://localhost"), site.http());
    let builder = Client::builder(&streams, &site.key).events_url(format!("https://localhost:{}", events.port()));
    let builder = builder.backoff(Duration::from_millis(20), Duration::from_millis(200));

    let client = builder.clone().ca_certificate(CERTIFICATE).connect().unwrap();
    assert_eq!(client.wait_ready(PATIENCE), Status::Ready, "{:?}", client.state());
    assert_eq!(number(&client), 0);
    client.record(Event::new("clicks", "U-1", 5)).unwrap();
    assert!(client.flush(PATIENCE), "{:?}", client.events());
    assert_eq!(site.events().len(), 1);

    let suspicious = builder.connect().unwrap();
    assert_eq!(suspicious.wait_ready(Duration::from_millis(500)), Status::Starting);
    assert!(suspicious.state().last_error.unwrap().contains("certificate"));
    let plain = Client::builder(streams.replace("https", "http"), &site.key).connect().unwrap();
    assert_eq!(plain.wait_ready(Duration::from_millis(500)), Status::Starting);
}
