//! One request for every address and method that there is, each with a text in every place that takes one: what other
//! tests put there is theirs to say.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::common::{Answer, ask};
use crate::{House, PASSWORD};

mod definitions;
mod evaluations;
mod people;

/// A server with everything that a tour needs.
pub(crate) struct Site {
    pub address: SocketAddr,
    /// An administrator's token.
    pub token: String,
    /// An SDK key for `dev`.
    pub key: String,
}

/// Who asks.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Who {
    Nobody,
    /// With the token.
    Person,
    /// With the key, as each family of routes takes it.
    Client,
    Ofrep,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Call {
    pub who: Who,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
    /// Where it can be read afterwards what was kept of which texts.
    pub kept: Option<(Who, String, &'static [&'static str])>,
}

impl Call {
    fn of(who: Who, path: impl Into<String>) -> Self {
        Self { who, path: path.into(), headers: Vec::new(), body: Value::Null, kept: None }
    }

    /// A login.
    pub(crate) fn login(email: &str, password: &str) -> Self {
        Self::of(Who::Nobody, "/v1/auth/login").body(json!({"email": email, "password": password}))
    }

    fn body(self, body: Value) -> Self {
        Self { body, ..self }
    }

    fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    fn keeps(self, who: Who, path: impl Into<String>, texts: &'static [&'static str]) -> Self {
        Self { kept: Some((who, path.into(), texts)), ..self }
    }
}

/// A stop of the tour.
pub(crate) struct Stop {
    pub method: &'static str,
    /// The address as the router has it.
    pub route: &'static str,
    /// Whether it may write.
    pub writes: bool,
    pub call: fn(&Site, &Texts) -> Call,
}

/// The whole tour.
pub(crate) fn stops() -> Vec<Stop> {
    [evaluations::stops(), definitions::stops(), definitions::more(), people::stops()].into_iter().flatten().collect()
}

/// What is said of a place.
type Of = dyn Fn(&str) -> Option<String>;

/// What stands in each place that takes a text.
pub(crate) struct Texts {
    /// Told apart from those of every other call.
    unique: String,
    of: Box<Of>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl Texts {
    /// Whatever `of` says of a place; what is usual there where it says nothing.
    pub(crate) fn new(of: impl Fn(&str) -> Option<String> + 'static) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let unique = format!("u{:06}", COUNT.fetch_add(1, Ordering::Relaxed));
        Self { unique, of: Box::new(of), asked: RefCell::default() }
    }

    pub(crate) fn usual() -> Self {
        Self::new(|_| None)
    }

    /// The text of a place.
    fn at(&self, place: &'static str, usual: &str) -> String {
        self.asked.borrow_mut().insert(place);
        (self.of)(place).unwrap_or_else(|| usual.to_owned())
    }

    /// The same, as a part of a path or a query.
    fn part(&self, place: &'static str, usual: &str) -> String {
        encoded(&self.at(place, usual))
    }

    /// A name that nothing else has.
    pub(crate) fn unique(&self) -> &str {
        &self.unique
    }

    /// The places that were asked for so far.
    pub(crate) fn places(&self) -> BTreeSet<&'static str> {
        self.asked.borrow().clone()
    }
}

/// Every byte that could mean something, as `%xx`.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What every site has: a flag, one that needs approvals, a segment, a metric, somebody, a row, a key.
pub(crate) const FLAG: &str = "tour-flag";
pub(crate) const GUARDED: &str = "tour-guarded";
pub(crate) const SEGMENT: &str = "tour-segment";
pub(crate) const METRIC: &str = "tour-metric";
pub(crate) const ROW: &str = "tour-row";
pub(crate) const SOMEBODY: &str = "tour@example.com";

impl Site {
    /// A server that was just started; it gets what a tour needs.
    pub(crate) fn new(address: SocketAddr, token: String) -> Self {
        let site = Self { address, token, key: String::new() };
        let make = |path: &str, body: Value| {
            let answer = site.send("POST", &Call::of(Who::Person, path).body(body));
            assert_eq!(answer.status, 201, "{}", answer.text());
            answer.json()
        };
        make("/v1/flags", json!({"key": FLAG, "default_value": false}));
        make("/v1/flags", json!({"key": GUARDED, "default_value": false, "requires_approval": true}));
        make("/v1/segments", json!({"key": SEGMENT, "included": ["U-1"]}));
        make("/v1/metrics", json!({"key": METRIC, "type": "integer"}));
        make("/v1/users", json!({"email": SOMEBODY, "password": PASSWORD}));
        let row = json!({"flag_key": FLAG, "scope": "user", "user_id": "U-9", "value": true});
        let put = Call::of(Who::Person, format!("/api/flags/overrides/{ROW}")).body(row);
        site.send("PUT", &put).data();
        let key = make("/v1/keys", json!({"env": "dev", "name": "tour"}))["key"].as_str().unwrap().to_owned();
        Self { key, ..site }
    }

    pub(crate) fn of(house: &House) -> Self {
        Self::new(house.server.address, house.token(crate::ADMIN))
    }

    /// Asks.
    pub(crate) fn send(&self, method: &str, call: &Call) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut headers: Vec<(&str, &str)> = match call.who {
            Who::Nobody => Vec::new(),
            Who::Person => vec![("Authorization", &bearer)],
            Who::Client => vec![("x-sdk-key", &self.key)],
            Who::Ofrep => vec![("X-API-Key", &self.key)],
        };
        for (name, value) in &call.headers {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((name, value));
        }
        if call.body.is_null() {
            return ask(self.address, method, &call.path, &headers, b"");
        }
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            headers.push(("Content-Type", "application/json"));
        }
        ask(self.address, method, &call.path, &headers, call.body.to_string().as_bytes())
    }

    /// Reads something as a person.
    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = self.send("GET", &Call::of(Who::Person, path));
        assert_eq!(answer.status, 200, "{path} {}", answer.text());
        answer.json()
    }

    /// The revision of something.
    fn revision(&self, path: &str) -> Value {
        self.read(path)["revision"].clone()
    }

    /// Makes something, and tells its id; where nothing may be made, one that nothing has.
    fn id(&self, path: &str, body: Value) -> String {
        let answer = self.send("POST", &Call::of(Who::Person, path).body(body));
        answer.json()["id"].as_str().unwrap_or("none").to_owned()
    }

    /// Makes something, and tells its revision, or any where nothing may be made.
    fn made(&self, method: &str, path: &str, body: Value) -> String {
        let answer = self.send(method, &Call::of(Who::Person, path).body(body)).json();
        let revision = answer["revision"].as_u64().or_else(|| answer["data"]["revision"].as_u64());
        revision.unwrap_or(1).to_string()
    }
}

/// Every method of every address that the router has, by its own count.
pub(crate) fn routes(house: &House) -> BTreeSet<(String, &'static str)> {
    house.server.get("/healthz");
    let templates = house.state.metrics().routes().into_iter().map(|route| route.template());
    let mut routes = BTreeSet::new();
    for template in templates.filter(|template| template.starts_with('/') && *template != "/metrics") {
        let answer = ask(house.server.address, "BREW", &filled(template, "x"), &[], b"");
        assert_eq!(answer.status, 405, "{template}");
        let methods = answer.header("allow").unwrap().split(',').filter(|method| *method != "HEAD");
        routes.extend(methods.map(|method| (method.to_owned(), template)));
    }
    routes
}

/// An address with that in place of each of its names.
pub(crate) fn filled(template: &str, with: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { with.to_owned() } else { part.to_owned() };
    template.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn the_tour_stops_at_every_route_that_the_router_has() {
    let visited: BTreeSet<_> = stops().into_iter().map(|stop| (stop.method.to_owned(), stop.route)).collect();
    let there = routes(&House::dev());
    assert!(there.len() > 50, "{there:?}");
    assert_eq!(there.difference(&visited).collect::<Vec<_>>(), Vec::<&(String, &str)>::new(), "add them to the tour");
    assert_eq!(visited.difference(&there).collect::<Vec<_>>(), Vec::<&(String, &str)>::new(), "they are gone");
}

#[test]
fn the_tour_succeeds_everywhere() {
    let house = House::dev();
    let site = Site::of(&house);
    for stop in stops() {
        let call = (stop.call)(&site, &Texts::usual());
        let answer = site.send(stop.method, &call);
        // No flag has no name.
        let expected = if call.path.ends_with('/') { 404..405 } else { 200..300 };
        assert!(expected.contains(&answer.status), "{} {}: {answer:?}", stop.method, call.path);
    }
}
