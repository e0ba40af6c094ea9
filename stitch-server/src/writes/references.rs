//! Which flags and segments a definition names, as it was written.

use std::collections::BTreeSet;

use stitch_core::Json;

use crate::error::{Detail, Place};
use crate::model::Model;

/// A name that a definition uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name<'d> {
    Flag(&'d str),
    Segment(&'d str),
}

/// A key of a flag as it is in effect for an environment, or for the base.
pub(super) fn effective<'d>(flag: &'d Json<'d>, env: Option<&str>, key: &str) -> Option<&'d Json<'d>> {
    let patch = env.and_then(|env| flag.get("environments")?.get(env)?.get(key));
    patch.or_else(|| flag.get(key))
}

/// The environments that a flag patches.
pub(super) fn patched<'d>(flag: &'d Json<'d>) -> impl Iterator<Item = &'d str> {
    members(flag.get("environments")).iter().map(|(env, _)| &**env)
}

/// What a flag names for an environment, or in its base.
pub(super) fn of_flag<'d>(flag: &'d Json<'d>, env: Option<&str>) -> BTreeSet<Name<'d>> {
    let mut names = BTreeSet::new();
    for dependency in items(flag.get("dependencies")) {
        let key = dependency.as_text().or_else(|| dependency.get("flag")?.as_text());
        names.extend(key.map(Name::Flag));
    }
    names.extend(items(effective(flag, env, "cohort")).iter().filter_map(Json::as_text).map(Name::Segment));
    for rule in items(effective(flag, env, "rules")) {
        of_condition(rule.get("when"), &mut names);
    }
    names
}

/// What a segment names.
pub(super) fn of_segment<'d>(segment: &'d Json<'d>) -> BTreeSet<Name<'d>> {
    let mut names = BTreeSet::new();
    of_condition(segment.get("when"), &mut names);
    names
}

fn of_condition<'d>(condition: Option<&'d Json<'d>>, names: &mut BTreeSet<Name<'d>>) {
    let Some(condition) = condition else { return };
    names.extend(condition.get("flag").and_then(Json::as_text).map(Name::Flag));
    names.extend(condition.get("segment").and_then(Json::as_text).map(Name::Segment));
    of_condition(condition.get("not"), names);
    for part in items(condition.get("all")).iter().chain(items(condition.get("any"))) {
        of_condition(Some(part), names);
    }
}

/// The flags and segments that name something, each as a place in the registry document.
pub(super) fn of_those_that_name(model: &Model, name: Name<'_>) -> Vec<Detail> {
    let place = |collection: &str, index: usize| Place::Pointer(format!("/{collection}/{index}"));
    let flags = model.flags.iter().enumerate().filter_map(|(index, (key, flag))| {
        let mut places = std::iter::once(None).chain(patched(&flag.body.0).map(Some));
        let names = places.any(|env| of_flag(&flag.body.0, env).contains(&name));
        names.then(|| Detail::new(place("flags", index), format!("the flag `{key}` names it")))
    });
    let segments = model.segments.iter().enumerate().filter_map(|(index, (key, segment))| {
        let names = of_segment(&segment.body.0).contains(&name);
        names.then(|| Detail::new(place("segments", index), format!("the segment `{key}` names it")))
    });
    flags.chain(segments).collect()
}

fn items<'d>(json: Option<&'d Json<'d>>) -> &'d [Json<'d>] {
    if let Some(Json::Array(items)) = json { items } else { &[] }
}

fn members<'d>(json: Option<&'d Json<'d>>) -> &'d [stitch_core::Member<'d>] {
    if let Some(Json::Object(members)) = json { members } else { &[] }
}
