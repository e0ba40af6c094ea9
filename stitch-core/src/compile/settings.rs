//! The top level of the document: its sections and what holds for all flags.

use crate::bucketing::Algorithm;
use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::diagnostics::Code;
use crate::diagnostics::nearest::nearest;
use crate::json::key::Keys;
use crate::json::node::Node;
use crate::limits;

const ROOT: [&str; 7] =
    ["schema_version", "flags", "segments", "bucketing", "internal_tiers", "environments", "overrides"];
const BUCKETING: Keys<1> = Keys::of(["algorithm"]);
const SCHEMA_VERSION: &str = "1.0";
const INTERNAL_TIERS: [&str; 2] = ["staff", "admin"];
const ENVIRONMENTS: [&str; 3] = ["prod", "staging", "dev"];

/// The document's sections.
pub(super) struct Root<'d> {
    pub(super) flags: &'d [Node<'d>],
    pub(super) segments: &'d [Node<'d>],
    pub(super) overrides: &'d [Node<'d>],
    /// The flags, or the segments, are not known, so that nothing can be said of what refers to them.
    pub(super) flags_unread: bool,
    pub(super) segments_unread: bool,
    pub(super) algorithm: Algorithm,
    pub(super) internal_tiers: Vec<&'d str>,
    pub(super) environments: Vec<&'d str>,
}

impl<'d> Root<'d> {
    /// Reads what can be read; the rest is as if it were absent.
    pub(super) fn read(document: &'d Node<'d>, reader: &mut Reader) -> Self {
        let mut root = Self {
            flags: &[],
            segments: &[],
            overrides: &[],
            flags_unread: false,
            segments_unread: false,
            algorithm: Algorithm::default(),
            internal_tiers: INTERNAL_TIERS.to_vec(),
            environments: ENVIRONMENTS.to_vec(),
        };
        let place = &Place::ROOT;
        let Some(members) = reader.members(document, place) else { return root };
        let keys = members.map(|(key, _)| key.as_str());
        for key in keys.filter(|key| !ROOT.contains(key)) {
            // Anything else at the top level is metadata, unless it looks like a slip.
            if let Some((near, 1..=2)) = nearest(key, &ROOT) {
                let message = format!("`{key}` means nothing here: did you mean `{near}`?");
                reader.report(Code::UnknownKey, &place.key(key), message);
            }
        }
        let field = |key: &str| document.get(key);

        check_version(document, reader);
        if let Some(json) = reader.required(field("flags"), place, "flags", "give an array, `[]` for none") {
            root.flags = reader.array(json, &place.key("flags")).unwrap_or_default();
        }
        if root.flags.len() > limits::FLAGS {
            let message = format!("there are {} flags; at most {} are allowed", root.flags.len(), limits::FLAGS);
            reader.report(Code::TooManyFlags, &place.key("flags"), message);
            root.flags = &[];
            root.flags_unread = true;
        }
        root.flags_unread |= !matches!(field("flags"), Some(Node::Array(_)));
        root.segments_unread = !matches!(field("segments"), None | Some(Node::Array(_)));
        let mut section = |key| field(key).and_then(|json| reader.array(json, &place.key(key))).unwrap_or_default();
        root.segments = section("segments");
        root.overrides = section("overrides");
        if let Some(json) = field("bucketing") {
            let place = &place.key("bucketing");
            let [algorithm] = reader.fields(json, place, &BUCKETING).unwrap_or_default();
            let algorithm = algorithm.and_then(|json| read_algorithm(json, &place.key("algorithm"), reader));
            root.algorithm = algorithm.unwrap_or_default();
        }
        if let Some(json) = field("internal_tiers") {
            root.internal_tiers = reader.texts(json, &place.key("internal_tiers")).unwrap_or_default();
        }
        if let Some(json) = field("environments") {
            root.environments = reader.texts(json, &place.key("environments")).unwrap_or_default();
        }
        root
    }
}

fn check_version(document: &Node<'_>, reader: &mut Reader) {
    let place = &Place::ROOT;
    let help = "write `\"1.0\"`";
    let Some(json) = reader.required(document.get("schema_version"), place, "schema_version", help) else { return };
    let place = &place.key("schema_version");
    if reader.text(json, place).is_some_and(|version| version != SCHEMA_VERSION) {
        let message = "this reader knows schema version `\"1.0\"` only: write that, or use a newer reader";
        reader.report(Code::BadSchemaVersion, place, message);
    }
}

/// The name of a bucketing algorithm.
pub(super) fn read_algorithm(json: &Node<'_>, place: &Place<'_>, reader: &mut Reader) -> Option<Algorithm> {
    let kind = (Code::UnknownAlgorithm, "bucketing algorithm");
    reader.word(json, place, kind, &Algorithm::NAMES, Algorithm::from_name)
}
