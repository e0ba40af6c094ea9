//! Encryption.

use std::io::{BufReader, Read, Write};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::common::{Program, connect, read};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/security/data");

fn client(versions: &[&'static rustls::SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(format!("{DATA}/tls.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

#[test]
fn with_a_certificate_only_encrypted_requests_are_answered() {
    let (cert, key) = (format!("{DATA}/tls.pem"), format!("{DATA}/tls.key"));
    let program = Program::start(&["--auth", "jwt", "--port", "0", "--tls-cert", &cert, "--tls-key", &key], &[]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(client(&[version]), name).unwrap();
        let mut stream = StreamOwned::new(connection, connect(program.address));
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        read(&mut BufReader::new(stream)).expect("an answer").data();
    }
    let mut plain = connect(program.address);
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}
