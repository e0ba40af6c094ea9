//! Writers at once: one wins, the others are told, and nothing is ever half of one and half of another.

use serde_json::{Value, json};

use super::common::ask;
use super::{House, OPERATOR, SECOND_OPERATOR, VIEWER};

const ROUNDS: usize = 20;
const WRITERS: usize = 4;

#[test]
fn of_two_who_saw_the_same_one_wins_and_one_gets_409() {
    let house = House::new();
    house.flag(&json!({"key": "a", "default_value": false}));
    let tokens = [OPERATOR, SECOND_OPERATOR].map(|email| format!("Bearer {}", house.token(email)));
    for round in 0..ROUNDS {
        let revision = house.revision("a");
        let answers: Vec<(usize, u16)> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS).map(|writer| {
                // The same name in every field, so that a mixture would show.
                let name = format!("{round}-{writer}");
                let body = json!({"default_value": false, "owner": name, "description": name, "salt": name, "revision": revision}).to_string();
                let headers = [("Authorization", tokens[writer % 2].as_str()), ("Content-Type", "application/json")];
                let address = house.server.address;
                scope.spawn(move || (writer, ask(address, "PUT", "/v1/flags/a", &headers, body.as_bytes()).status))
            }).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let won: Vec<_> = answers.iter().filter(|(_, status)| *status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|(_, status)| matches!(status, 200 | 409)), "{answers:?}");
        let flag = house.read("a");
        let name = json!(format!("{round}-{}", won[0].0));
        assert_eq!((&flag["owner"], &flag["description"], &flag["salt"]), (&name, &name, &name));
    }
    let written = house.audit().iter().filter(|entry| entry["action"] == "flag.update").count();
    assert_eq!(written, ROUNDS);
}

#[test]
fn the_chain_holds_under_many_writers_of_many_things() {
    let house = House::new();
    let token = format!("Bearer {}", house.token(OPERATOR));
    let viewer = format!("Bearer {}", house.token(VIEWER));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (token, viewer, address) = (token.as_str(), viewer.as_str(), house.server.address);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let body = json!({"key": format!("f-{writer}-{round}"), "default_value": false}).to_string();
                    for (token, status) in [(viewer, 403), (token, 201)] {
                        let headers = [("Authorization", token), ("Content-Type", "application/json")];
                        assert_eq!(ask(address, "POST", "/v1/flags", &headers, body.as_bytes()).status, status);
                    }
                }
            });
        }
    });
    let log = house.audit();
    let of = |outcome: &str| {
        log.iter().filter(|entry| entry["action"] == "flag.create" && entry["outcome"] == outcome).count()
    };
    assert_eq!((of("done"), of("denied")), (WRITERS * ROUNDS, WRITERS * ROUNDS));
    assert_eq!(house.ok(VIEWER, "GET", "/v1/flags", &Value::Null)["flags"].as_array().unwrap().len(), WRITERS * ROUNDS);
}
