//! A registry document that is kept in parts.

use bumpalo::Bump;

use super::within_limits;
use crate::json::node::Node;
use crate::json::{Json, Member};

/// The parts of the document that have many entries.
const LISTS: [&str; 3] = ["flags", "segments", "overrides"];
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

    /// The same, as it is compiled.
    pub(crate) fn node<'d>(&self, arena: &'d Bump) -> Node<'d>
    where
        'a: 'd,
    {
        let whole = |list: &[&'a Json<'a>]| {
            Node::Array(arena.alloc_slice_fill_iter(list.iter().map(|entry| Node::of(entry, arena))))
        };
        let mut members: Vec<(&'d str, Node<'d>)> = match self.settings() {
            Some(own) => own.map(|(key, value)| (&**key, Node::of(value, arena))).collect(),
            None => vec![(VERSION.0, Node::Text(VERSION.1))],
        };
        members.extend(self.lists().map(|(name, list)| (name, whole(list))));
        Node::Object(arena.alloc_slice_copy(&members))
    }

    /// Whether reading the whole would find nothing wrong with its text.
    pub(crate) fn are_within_limits(&self) -> bool {
        let settings = self.settings.is_none_or(|settings| within_limits(settings, 0));
        // Each entry is in a list of the document.
        settings && self.lists().all(|(_, list)| list.iter().all(|entry| within_limits(entry, 2)))
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
