//! What else is spoken at the port.

use std::io::{Read, Write};

use stitch_sync::v1::SERVICE;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::client::{Stream, block_on, channel};
use crate::common::stocked::{Shop, stocked_file};
use crate::common::{Program, command, connect, scratch, wait};

#[test]
fn the_standard_health_service_answers() {
    let shop = Shop::open();
    let mut client = HealthClient::new(channel(shop.server.sync));
    for service in ["", SERVICE] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = block_on(client.check(request)).unwrap().into_inner();
        assert_eq!(answer.status, tonic_health::pb::health_check_response::ServingStatus::Serving as i32);
    }
    let unknown = block_on(client.check(HealthCheckRequest { service: "none".to_owned() })).unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    // Who watches it does not hold the exit.
    let mut watched = block_on(client.watch(HealthCheckRequest { service: SERVICE.to_owned() })).unwrap().into_inner();
    block_on(watched.message()).unwrap().unwrap();
    let begun = std::time::Instant::now();
    drop(shop);
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn reflection_tells_the_services_and_their_messages() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_response::MessageResponse};

    let shop = Shop::open();
    let mut client = ServerReflectionClient::new(channel(shop.server.sync));
    let mut ask = |question: MessageRequest| {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
        let mut answers = block_on(client.server_reflection_info(tokio_stream::once(request))).unwrap().into_inner();
        block_on(answers.message()).unwrap().unwrap().message_response.unwrap()
    };
    let MessageResponse::ListServicesResponse(services) = ask(MessageRequest::ListServices(String::new())) else {
        panic!("no list")
    };
    let names: Vec<_> = services.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&SERVICE) && names.contains(&"grpc.health.v1.Health"), "{names:?}");
    let file = ask(MessageRequest::FileContainingSymbol("stitch.sync.v1.SyncResponse".to_owned()));
    let MessageResponse::FileDescriptorResponse(file) = file else { panic!("no file") };
    let has = |text: &[u8]| file.file_descriptor_proto.iter().any(|file| file.windows(text.len()).any(|w| w == text));
    assert!(has(b"removed_overrides"));
}

#[test]
fn what_is_not_there_is_unimplemented_and_what_is_no_message_is_refused() {
    use tonic::codegen::http::uri::PathAndQuery;
    let shop = Shop::open();
    let ask = |path: &'static str, key: &str| {
        let mut client = tonic::client::Grpc::new(channel(shop.server.sync));
        block_on(client.ready()).unwrap();
        let codec = tonic_prost::ProstCodec::<stitch_sync::v1::Definition, stitch_sync::v1::SyncResponse>::default();
        // Where a request has its number, this message has a text.
        let mut request =
            tonic::Request::new(stitch_sync::v1::Definition { key: String::new(), json: "no number".to_owned() });
        request.metadata_mut().insert("x-sdk-key", key.parse().unwrap());
        block_on(client.unary(request, PathAndQuery::from_static(path), codec)).unwrap_err().code()
    };
    let key = &shop.stocked.key;
    assert_eq!(ask("/stitch.sync.v1.FlagSyncService/Other", key), tonic::Code::Unimplemented);
    assert_eq!(ask("/flagd.sync.v1.FlagSyncService/SyncFlags", key), tonic::Code::Unimplemented);
    assert_eq!(ask("/stitch.sync.v1.FlagSyncService/SyncDefinitions", key), tonic::Code::Internal);
}

#[test]
fn who_speaks_no_http2_harms_nobody() {
    let shop = Shop::open();
    for words in ["", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\0\0"] {
        let mut stream = connect(shop.server.sync);
        stream.write_all(words.as_bytes()).unwrap();
        if words.starts_with("GET") {
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            assert!(!answer.starts_with(b"HTTP/1.1 200"));
        }
    }
    crate::follow(&shop);
}

#[test]
fn with_a_certificate_only_encrypted_streams_are_served() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/security/data");
    let store = scratch("sync-tls").join("stitch.db");
    let stocked = stocked_file(&store);
    let (cert, key) = (format!("{data}/tls.pem"), format!("{data}/tls.key"));
    let arguments =
        ["--auth", "jwt", "--port", "0", "--store", store.to_str().unwrap(), "--tls-cert", &cert, "--tls-key", &key];
    let program = Program::start(&arguments, &[]);
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(std::fs::read(&cert).unwrap()))
        .domain_name("localhost");
    let endpoint = Endpoint::from_shared(format!("https://{}", program.sync())).unwrap().tls_config(tls).unwrap();
    let channel = block_on(endpoint.connect()).unwrap();
    assert!(Stream::on(channel, Some(&stocked.key), "", 0).unwrap().next().unwrap().snapshot);
    let plain = block_on(Endpoint::from_shared(format!("http://{}", program.sync())).unwrap().connect());
    let refused = plain.map_err(drop).and_then(|plain| Stream::on(plain, Some(&stocked.key), "", 0).map_err(drop));
    assert!(refused.is_err());
}

#[test]
fn the_address_is_chosen_and_refused_like_any_other() {
    let fails = |arguments: &[&str]| {
        let mut program = command(env!("CARGO_BIN_EXE_stitch-server"), &[]);
        program.args(["--port", "0"]).args(arguments).stdout(std::process::Stdio::null());
        let mut child = program.stderr(std::process::Stdio::piped()).spawn().unwrap();
        assert!(!wait(&mut child).success());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    };
    assert!(fails(&["--sync-addr", "0.0.0.0:0"]).contains("--insecure-dev-context"));
    assert!(fails(&["--auth", "jwt", "--sync-addr", "0.0.0.0:0"]).contains("--tls-cert"));
    assert!(fails(&["--sync-addr", "localhost"]).contains("--sync-addr"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let said = fails(&["--sync-addr", &taken.local_addr().unwrap().to_string()]);
    assert!(said.contains("streams of definitions") && said.contains("--sync-addr"), "{said}");
}
