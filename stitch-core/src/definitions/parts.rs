//! A registry document that is kept in parts.

use arrayvec::ArrayVec;
use bumpalo::Bump;

use super::within_limits;
use crate::json::node::Node;
use crate::json::{Json, Member};

/// The parts of the document that have many entries.
const LISTS: [&str; 3] = ["flags", "segments", "overrides"];
/// What flags say that others refer to, and how other entries are called.
const SEEN: [&str; 4] = ["key", "type", "variants", "allowed_scopes"];
/// What a document without settings has: its name and its value.
const VERSION: (&str, &str) = ("schema_version", "1.0");

/// A registry document whose entries somebody keeps each for itself: [`Engine::compile_parts`](crate::Engine::compile_parts)
/// takes them from where they are, without a copy of them all.
///
/// ```
/// use stitch_core::{Json, Parts};
///
/// let flag = Json::parse(r#"{"key": "a", "default_value": true}"#)?;
/// let parts = Parts { flags: vec![&flag], ..Parts::default() };
/// assert_eq!(parts.document().to_string(), r#"{"schema_version":"1.0","flags":[{"key":"a","default_value":true}]}"#);
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Parts<'a> {
    /// An object with the members besides the three lists; those are passed over here. Without one, the document has its
    /// `schema_version` alone.
    pub settings: Option<&'a Json<'a>>,
    /// The flags, in order.
    pub flags: Vec<&'a Json<'a>>,
    /// The segments.
    pub segments: Vec<&'a Json<'a>>,
    /// The override rows.
    pub overrides: Vec<&'a Json<'a>>,
}

impl<'a> Parts<'a> {
    /// The whole, whose texts are those of the parts.
    pub fn document(&self) -> Json<'a> {
        let whole = |list: &[&'a Json<'a>]| Json::Array(list.iter().map(|entry| entry.borrowed()).collect());
        let mut members: Vec<Member<'a>> = match self.settings() {
            Some(own) => own.map(|(key, value)| ((&**key).into(), value.borrowed())).collect(),
            None => vec![(VERSION.0.into(), Json::from(VERSION.1))],
        };
        members.extend(self.lists().map(|(name, list)| (name.into(), whole(list))));
        Json::Object(members)
    }

    /// The same, as it is compiled: of an entry that is not, only what others look at in it.
    pub(crate) fn node<'d>(&self, arena: &'d Bump, is_compiled: impl Fn(&str, usize) -> bool) -> Node<'d>
    where
        'a: 'd,
    {
        let whole = |name: &str, list: &[&'a Json<'a>]| {
            let node = |(place, entry): (usize, &&'a Json<'a>)| {
                if is_compiled(name, place) { Node::of(entry, arena) } else { sketch(entry, arena) }
            };
            Node::Array(arena.alloc_slice_fill_iter(list.iter().enumerate().map(node)))
        };
        let mut members: Vec<(&'d str, Node<'d>)> = match self.settings() {
            Some(own) => own.map(|(key, value)| (&**key, Node::of(value, arena))).collect(),
            None => vec![(VERSION.0, Node::Text(VERSION.1))],
        };
        members.extend(self.lists().map(|(name, list)| (name, whole(name, list))));
        Node::Object(arena.alloc_slice_copy(&members))
    }

    /// Whether reading the whole would find nothing wrong with the text of what is compiled.
    pub(crate) fn are_within_limits(&self, is_compiled: impl Fn(&str, usize) -> bool) -> bool {
        let settings = self.settings.is_none_or(|settings| within_limits(settings, 0));
        // Each entry is in a list of the document.
        let sound = |name, place, entry| !is_compiled(name, place) || within_limits(entry, 2);
        settings
            && self.lists().all(|(name, list)| list.iter().enumerate().all(|(place, entry)| sound(name, place, entry)))
    }

    fn settings(&self) -> Option<impl Iterator<Item = &'a Member<'a>> + use<'a>> {
        match self.settings {
            Some(Json::Object(members)) => Some(members.iter().filter(|(key, _)| !LISTS.contains(&&**key))),
            _ => None,
        }
    }

    /// The lists that the document has, by name.
    fn lists(&self) -> impl Iterator<Item = (&'static str, &[&'a Json<'a>])> {
        let lists = LISTS.into_iter().zip([&self.flags, &self.segments, &self.overrides]);
        lists.filter(|(name, list)| *name == "flags" || !list.is_empty()).map(|(name, list)| (name, list.as_slice()))
    }
}

/// What others look at in an entry.
fn sketch<'d>(entry: &'d Json<'_>, arena: &'d Bump) -> Node<'d> {
    let seen = SEEN.into_iter().filter_map(|key| Some((key, Node::of(entry.get(key)?, arena))));
    Node::Object(arena.alloc_slice_copy(&seen.collect::<ArrayVec<_, { SEEN.len() }>>()))
}
