//! Sound documents, spoilt.

use stitch_core::Json;

use super::{Draw, wild};

type Path = Vec<usize>;

/// Deletes, doubles, replaces, renames or moves a few random nodes.
pub(crate) fn mutate(document: &mut Json<'static>, draw: &mut Draw<'_>) {
    for _ in 0..=draw.below(4) {
        let mut paths = Vec::new();
        collect(document, &mut Vec::new(), &mut paths);
        if paths.is_empty() {
            return;
        }
        let path = draw.pick(&paths);
        let other = draw.pick(&paths);
        let elsewhere = at(document, &other).clone();
        let (index, parent) = path.split_last().expect("the root is no target");
        match (at(document, parent), draw.below(5)) {
            (Json::Array(items), 0) => drop(items.remove(*index)),
            (Json::Object(members), 0) => drop(members.remove(*index)),
            (Json::Array(items), 1) => items.insert(*index, items[*index].clone()),
            (Json::Object(members), 1) => members.insert(*index, members[*index].clone()),
            (Json::Object(members), 2) => {
                members[*index].0 = draw.pick(&["key", "when", "x-y", "é", "rollout_ptc"]).into();
            }
            (_, 3) => *at(document, &path) = elsewhere,
            _ => *at(document, &path) = wild::value(draw, 3),
        }
    }
}

/// The paths to all nodes below the root.
fn collect(json: &Json<'_>, here: &mut Path, paths: &mut Vec<Path>) {
    let children: Vec<&Json<'_>> = match json {
        Json::Array(items) => items.iter().collect(),
        Json::Object(members) => members.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    };
    for (index, child) in children.into_iter().enumerate() {
        here.push(index);
        paths.push(here.clone());
        collect(child, here, paths);
        here.pop();
    }
}

fn at<'j>(mut json: &'j mut Json<'static>, path: &[usize]) -> &'j mut Json<'static> {
    for &index in path {
        json = match json {
            Json::Array(items) => &mut items[index],
            Json::Object(members) => &mut members[index].1,
            leaf => leaf,
        };
    }
    json
}
