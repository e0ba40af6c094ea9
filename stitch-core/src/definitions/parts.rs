//! A registry document that is kept in parts.

use bumpalo::Bump;

use super::part::Part;
use super::within_limits;
use crate::diagnostics::DefinitionsError;
use crate::json::key::Key;
use crate::json::node::Node;
use crate::json::{Json, Member};

/// The parts of the document that have many entries.
const LISTS: [&str; 3] = ["flags", "segments", "overrides"];
/// What a document without settings has: its name and its value.
const VERSION: (&str, &str) = ("schema_version", "1.0");

/// A registry document whose entries somebody keeps each for itself, as values or as texts ([`Part`]):
/// [`Engine::compile_parts`](crate::Engine::compile_parts) takes them from where they are, without a copy of them all.
///
/// ```
/// use stitch_core::{Json, Parts};
///
/// let flag = Json::parse(r#"{"key": "a", "default_value": true}"#)?;
/// let parts = Parts { flags: vec![&flag], ..Parts::default() };
/// assert_eq!(parts.document().to_string(), r#"{"schema_version":"1.0","flags":[{"key":"a","default_value":true}]}"#);
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Parts<'a, P = &'a Json<'a>> {
    /// An object with the members besides the three lists; those are passed over here. Without one, the document has its
    /// `schema_version` alone.
    pub settings: Option<&'a Json<'a>>,
    /// The flags, in order.
    pub flags: Vec<P>,
    /// The segments.
    pub segments: Vec<P>,
    /// The override rows.
    pub overrides: Vec<P>,
}

impl<P> Default for Parts<'_, P> {
    fn default() -> Self {
        Self { settings: None, flags: Vec::new(), segments: Vec::new(), overrides: Vec::new() }
    }
}

impl<'a> Parts<'a> {
    /// The whole, whose texts are those of the parts.
    pub fn document(&self) -> Json<'a> {
        let whole = |list: &[&'a Json<'a>]| Json::Array(list.iter().map(|entry| entry.borrowed()).collect());
        let mut members = self.own_members();
        members.extend(self.lists().map(|(name, list)| (name.into(), whole(list))));
        Json::Object(members)
    }
}

impl<'a, P: Part> Parts<'a, P> {
    /// The text of the whole.
    ///
    /// # Errors
    ///
    /// If an entry's text is no JSON.
    pub(crate) fn text(&self) -> Result<String, DefinitionsError> {
        let mut members = Vec::new();
        for (key, value) in self.own_members() {
            members.push(format!("{}:{value}", Json::from(&*key)));
        }
        for (name, list) in self.lists() {
            let entries: Result<Vec<_>, _> = list.iter().map(|entry| entry.form().text()).collect();
            members.push(format!("\"{name}\":[{}]", entries?.join(",")));
        }
        Ok(format!("{{{}}}", members.join(",")))
    }

    /// The whole, as it is compiled: of an entry that is not, what `sketch` gives. Nothing, where reading the whole would
    /// find something wrong with the text of what is compiled.
    pub(crate) fn node<'d>(&self, arena: &'d Bump, sketch: impl Fn(&str, usize) -> Option<Node<'d>>) -> Option<Node<'d>>
    where
        'a: 'd,
        P: 'd,
    {
        let mut members: Vec<(Key<'d>, Node<'d>)> = match self.settings() {
            Some(own) => own.map(|(key, value)| (Key::of(key), Node::of(value, arena))).collect(),
            None => vec![(Key::of(VERSION.0), Node::Text(VERSION.1))],
        };
        if !self.settings.is_none_or(|settings| within_limits(settings, 0)) {
            return None;
        }
        for (name, list) in self.lists() {
            let mut nodes = Vec::with_capacity(list.len());
            for (place, entry) in list.iter().enumerate() {
                nodes.push(match sketch(name, place) {
                    Some(sketch) => sketch,
                    None => entry.form().node(arena)?,
                });
            }
            members.push((Key::of(name), Node::Array(arena.alloc_slice_copy(&nodes))));
        }
        Some(Node::object(arena.alloc_slice_copy(&members), arena))
    }

    /// All members but the lists.
    fn own_members(&self) -> Vec<Member<'a>> {
        match self.settings() {
            Some(own) => own.map(|(key, value)| ((&**key).into(), value.borrowed())).collect(),
            None => vec![(VERSION.0.into(), Json::from(VERSION.1))],
        }
    }
}

impl<'a, P> Parts<'a, P> {
    fn settings(&self) -> Option<impl Iterator<Item = &'a Member<'a>> + use<'a, P>> {
        match self.settings {
            Some(Json::Object(members)) => Some(members.iter().filter(|(key, _)| !LISTS.contains(&&**key))),
            _ => None,
        }
    }

    /// The lists that the document has, by name.
    fn lists(&self) -> impl Iterator<Item = (&'static str, &[P])> {
        let lists = LISTS.into_iter().zip([&self.flags, &self.segments, &self.overrides]);
        lists.filter(|(name, list)| *name == "flags" || !list.is_empty()).map(|(name, list)| (name, list.as_slice()))
    }
}
