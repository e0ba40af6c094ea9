//! The port of gRPC: guarded like the main address, and silent to whoever has no key.

use std::sync::LazyLock;

use stitch_server::state::Settings;
use stitch_sync::v1::flag_sync_service_client::FlagSyncServiceClient;
use stitch_sync::v1::{SERVICE, SyncRequest, SyncResponse};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic::metadata::MetadataKey;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

use crate::common::PATIENCE;
use crate::{ADMIN, House};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(async { timeout(PATIENCE, work).await.expect("something happens") })
}

/// A connection that calls the server by that name.
pub(crate) fn channel(address: std::net::SocketAddr, name: &str) -> Channel {
    let endpoint =
        Endpoint::from_shared(format!("http://{address}")).unwrap().origin(format!("http://{name}").parse().unwrap());
    block_on(endpoint.connect()).unwrap()
}

fn with<T>(message: T, metadata: &[(&str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in metadata {
        request.metadata_mut().append(MetadataKey::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    request
}

/// The first message of a stream, or why there is none.
pub(crate) fn follow(channel: Channel, metadata: &[(&str, &str)]) -> Result<SyncResponse, Status> {
    let mut client = FlagSyncServiceClient::new(channel).max_decoding_message_size(usize::MAX);
    let asked = SyncRequest { client_name: "test".to_owned(), ..SyncRequest::default() };
    let mut stream = block_on(client.sync_definitions(with(asked, metadata)))?.into_inner();
    block_on(stream.message()).map(Option::unwrap)
}

fn check(channel: Channel, metadata: &[(&str, &str)]) -> Result<(), Code> {
    let request = with(HealthCheckRequest { service: String::new() }, metadata);
    block_on(HealthClient::new(channel).check(request)).map(drop).map_err(|status| status.code())
}

/// What reflection tells of something.
fn reflect(channel: Channel, question: MessageRequest, metadata: &[(&str, &str)]) -> Result<String, Code> {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut client = ServerReflectionClient::new(channel);
    let asked = with(tokio_stream::once(request), metadata);
    let answers = block_on(client.server_reflection_info(asked)).map_err(|status| status.code())?;
    block_on(answers.into_inner().message()).map(|answer| format!("{answer:?}")).map_err(|status| status.code())
}

#[test]
fn in_dev_mode_neither_other_names_nor_proxies_reach_any_service() {
    let house = House::dev();
    let (key, _) = house.key("dev");
    let sync = house.server.sync;
    let services = || MessageRequest::ListServices(String::new());
    let all = |name: &str, more: &[(&str, &str)]| {
        let metadata = [&[("x-sdk-key", key.as_str())], more].concat();
        [
            follow(channel(sync, name), &metadata).map(drop).map_err(|status| status.code()),
            check(channel(sync, name), more),
            reflect(channel(sync, name), services(), more).map(drop),
        ]
    };
    for name in ["localhost", "127.0.0.1:50050", "[::1]:1"] {
        assert_eq!(all(name, &[]), [Ok(()); 3], "{name}");
    }
    for name in ["flags.example.com", "127.0.0.1.example.com:50050", "192.0.2.1", "localhost.example.com"] {
        assert_eq!(all(name, &[]), [Err(Code::PermissionDenied); 3], "{name}");
    }
    for header in ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-anything"] {
        assert_eq!(all("localhost", &[(header, "for=127.0.0.1")]), [Err(Code::PermissionDenied); 3], "{header}");
    }
    assert_eq!(all("localhost", &[("host", "flags.example.com")]), [Err(Code::PermissionDenied); 3]);

    let open = House::with(Settings { insecure_dev_context: true, ..Settings::default() });
    let named = channel(open.server.sync, "flags.example.com");
    assert_eq!(check(named.clone(), &[]), Ok(()));
    assert_eq!(check(named, &[("x-forwarded-for", "192.0.2.1")]), Err(Code::PermissionDenied));
    let house = House::jwt();
    assert_eq!(check(channel(house.server.sync, "flags.example.com"), &[("x-forwarded-for", "192.0.2.1")]), Ok(()));
}

#[test]
fn nobody_streams_without_a_key_that_counts() {
    for house in [House::jwt(), House::dev()] {
        let (key, id) = house.key("prod");
        let (other, _) = house.key("prod");
        let open = |metadata: &[(&str, &str)]| {
            follow(channel(house.server.sync, "localhost"), metadata).map_err(|status| status.code())
        };
        let wrong = format!("{}0", &key[..key.len() - 1]);
        let wrong = if wrong == key { format!("{}1", &key[..key.len() - 1]) } else { wrong };
        let bearer = format!("Bearer {}", house.token(ADMIN));
        let as_bearer = format!("Bearer {key}");
        let cases: [&[(&str, &str)]; 9] = [
            &[],
            &[("x-sdk-key", "")],
            &[("x-sdk-key", "stitch__")],
            &[("x-sdk-key", &wrong)],
            &[("x-sdk-key", &key), ("x-sdk-key", &key)],
            &[("x-sdk-key", &key), ("authorization", &bearer)],
            &[("x-api-key", &key)],
            &[("authorization", &as_bearer)],
            &[("authorization", &bearer)],
        ];
        for metadata in cases {
            assert_eq!(open(metadata).map(drop), Err(Code::Unauthenticated), "{metadata:?}");
        }
        assert!(open(&[("x-sdk-key", &key)]).unwrap().snapshot);
        assert_eq!(house.ask(ADMIN, "DELETE", &format!("/v1/keys/{id}"), "").status, 200);
        assert_eq!(open(&[("x-sdk-key", &key)]).map(drop), Err(Code::Unauthenticated), "revoked, and at once");
        assert!(open(&[("x-sdk-key", &other)]).unwrap().snapshot, "another one is not");
    }
}

#[test]
fn a_key_sees_nothing_of_other_environments() {
    let house = House::jwt();
    let only = |env: &str, secret: &str| {
        serde_json::json!({"key": format!("only-{env}"), "default_value": false,
            "environments": {env: {"salt": secret}}})
        .to_string()
    };
    assert_eq!(house.ask(ADMIN, "POST", "/v1/flags", &only("prod", "secret-of-prod")).status, 201);
    assert_eq!(house.ask(ADMIN, "POST", "/v1/flags", &only("dev", "secret-of-dev")).status, 201);
    for (env, other) in [("dev", "prod"), ("prod", "dev")] {
        let (key, _) = house.key(env);
        // Whatever else it claims.
        let metadata = [("x-sdk-key", key.as_str()), ("env", other), ("x-ptt-env", other)];
        let told = format!("{:?}", follow(channel(house.server.sync, "localhost"), &metadata).unwrap());
        assert!(told.contains(&format!("secret-of-{env}")), "{told}");
        assert!(!told.contains(&format!("secret-of-{other}")), "{told}");
    }
}

#[test]
fn health_and_reflection_tell_what_the_repository_tells_anyway() {
    let house = House::jwt();
    let ask = |question| reflect(channel(house.server.sync, "localhost"), question, &[]).unwrap_or_default();
    let services = ask(MessageRequest::ListServices(String::new()));
    for service in [SERVICE, "grpc.health.v1.Health"] {
        assert!(services.contains(service), "{services}");
    }
    let mut said = services;
    for symbol in [SERVICE, "stitch.sync.v1.SyncResponse", "grpc.health.v1.Health", "none"] {
        said.push_str(&ask(MessageRequest::FileContainingSymbol(symbol.to_owned())));
        said.push_str(&ask(MessageRequest::FileByFilename(symbol.to_owned())));
    }
    // No flag, no key, nobody, and no place of the machine that built it.
    for secret in ["flags.registry_v1", "@example.com", "/home/", "target/"] {
        assert!(!said.contains(secret), "{secret}");
    }
}

#[test]
fn a_message_that_is_compressed_or_too_large_is_refused() {
    use crate::frames;
    use std::io::{Read, Write};
    use std::time::Duration;
    let house = House::jwt();
    let (key, _) = house.key("dev");
    let bomb = include_bytes!("data/bomb.gz");
    // Compressed or not, how long it says that it is, and what there is of it.
    let ask = |compressed: u8, length: usize, message: &[u8]| {
        let more = [
            ("x-sdk-key", key.as_str()),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("grpc-encoding", "gzip"),
        ];
        let more = more.into_iter().flat_map(|(name, value)| frames::header(name, value.as_bytes()));
        let headers: Vec<u8> =
            frames::request("/stitch.sync.v1.FlagSyncService/SyncDefinitions").into_iter().chain(more).collect();
        let length = u32::try_from(length).unwrap().to_be_bytes();
        let message = [&[compressed], &length[..], message].concat();
        let data = frames::frame(frames::DATA, frames::END_STREAM, 1, &message);
        let mut stream = crate::common::connect(house.server.sync);
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.write_all(&[frames::hello(), frames::block(1, &headers), data].concat()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let of_stream: Vec<_> = frames::read(&answer).into_iter().filter(|frame| frame.2 == 1).collect();
        of_stream.iter().any(|frame| frame.0 == frames::DATA && frame.3 > 100)
    };
    assert!(ask(0, 0, b""), "an empty message asks for everything");
    assert!(!ask(1, bomb.len(), bomb));
    assert!(!ask(1, 100, &bomb[..100]));
    assert!(!ask(1, 0, b""));
    assert!(!ask(0, 5_000, &[0; 5_000]));
    assert!(!ask(0, u32::MAX as usize, b"x"));
    assert_eq!(check(channel(house.server.sync, "localhost"), &[]), Ok(()));
}

#[test]
fn streams_that_are_reset_at_once_hold_nobody_up() {
    use crate::frames;
    use std::io::{Read, Write};
    use std::time::{Duration, Instant};
    let house = House::jwt();
    let sync = house.server.sync;
    let headers = frames::request("/grpc.health.v1.Health/Check");
    let reset = |stream: u32| [frames::block(stream, &headers), frames::frame(3, 0, stream, &[0, 0, 0, 8])].concat();
    let flood: Vec<u8> = (0..20_000_u32).flat_map(|index| reset(2 * index + 1)).collect();
    std::thread::scope(|scope| {
        let floods: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = crate::common::connect(sync);
                    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                    // The server may end such a connection before all of it is sent.
                    let _ = stream.write_all(&[frames::hello(), flood.clone()].concat());
                    let mut answer = Vec::new();
                    let _ = stream.read_to_end(&mut answer);
                })
            })
            .collect();
        for _ in 0..20 {
            let began = Instant::now();
            assert_eq!(check(channel(sync, "localhost"), &[]), Ok(()));
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        }
        for flood in floods {
            flood.join().unwrap();
        }
    });
    assert_eq!(check(channel(sync, "localhost"), &[]), Ok(()));
}
