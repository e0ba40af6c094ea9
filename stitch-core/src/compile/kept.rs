//! What a compilation takes over from an engine that was compiled before: entries that are the very same, and whose
//! names still mean the same. All that concerns entries together (names, cycles, what nothing uses, shared salts) is
//! found out anew each time.

use std::sync::Arc;

use arrayvec::ArrayVec;
use bumpalo::Bump;

use crate::call::SLOTS;
use crate::compile::{Compiler, Entry, HashMap, HashSet, index_within};
use crate::context::Custom;
use crate::definitions::{Address, Part, Parts};
use crate::diagnostics::{Code, Diagnostic};
use crate::engine::{Engine, SegmentSlot, Slot};
use crate::flag::{Flag, Links, Segment};
use crate::json::key::Key;
use crate::json::node::Node;
use crate::value::ValueType;

/// What compiling an entry tells beside what it means: what the whole needs of it again.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The fingerprint of the entry alone.
    pub(super) fingerprint: u64,
    /// Most have none to speak of.
    pub(super) salts: Option<Box<Salts>>,
}

/// The salts of an entry.
#[derive(Clone, Debug)]
pub(crate) struct Salts {
    /// Of a flag and its patches, unless its key is all there is.
    pub(super) flag: Box<[Box<str>]>,
    /// Of its bucket conditions, each with its pointer.
    pub(super) conditions: Box<[(Box<str>, Box<str>)]>,
}

impl Origin {
    /// Whether the salts of the flag are kept here: else its key is the only one.
    fn has_own_salts(&self) -> bool {
        self.salts.as_ref().is_some_and(|salts| !salts.flag.is_empty())
    }

    /// Nothing of it says where in the document the entry stood.
    fn may_move(&self) -> bool {
        self.salts.as_ref().is_none_or(|salts| salts.conditions.is_empty())
    }
}

/// The entries that are taken over, by their places among those to be compiled.
#[derive(Default)]
pub(super) struct Kept<'d> {
    /// Nothing, where nothing is taken over.
    engine: Option<&'d Engine>,
    flags: Vec<Option<u32>>,
    segments: Vec<Option<u32>>,
}

/// Problems of which not the entry that they point at is the reason, but others.
fn concerns_others(code: Code) -> bool {
    matches!(code, Code::UnusedSegment | Code::SharedSalt)
}

/// Problems of the entries together: another order would have them elsewhere, or all entries are passed over.
pub(super) fn concerns_all(diagnostic: &Diagnostic) -> bool {
    matches!(
        diagnostic.code,
        Code::DuplicateFlag
            | Code::DuplicateSegment
            | Code::DuplicateOverride
            | Code::TooManyFlags
            | Code::TooManyProblems
    )
}

/// Whether so many of an engine's attributes may be read by nothing any more that they should be numbered anew.
fn has_outgrown(engine: &Engine) -> bool {
    engine.customs.len() > SLOTS.max(2 * engine.customs_anew)
}

impl<'d> Kept<'d> {
    /// What can be taken over from an engine that was compiled from `before`.
    pub(super) fn of<P: Part>(engine: &'d Engine, before: &Parts<'_, P>, after: &Parts<'_, P>) -> Self {
        let is_its_own = before.flags.len() == engine.flags.len() && before.segments.len() == engine.segments.len();
        let same_settings = before.settings == after.settings;
        let concerns_all = engine.diagnostics.iter().any(concerns_all);
        if !is_its_own || !same_settings || concerns_all || has_outgrown(engine) {
            return Self::default();
        }
        let unsound = |section| {
            let own = engine.diagnostics.iter().filter(|found| !concerns_others(found.code));
            own.filter_map(move |found| index_within(&found.pointer, section)).collect::<HashSet<usize>>()
        };
        let (unsound_flags, unsound_segments) = (unsound("/flags/"), unsound("/segments/"));
        let mut overridden = overridden(before, after);
        let unsound_rows = unsound("/overrides/").into_iter().filter_map(|row| before.overrides.get(row));
        overridden.extend(unsound_rows.filter_map(|row| row.form().text_at("flag_key")));
        let same = References { engine, before, after };

        let flag = |place: usize, old: u32| {
            let Some(slot) = engine.slot(old) else { return false };
            let Some(flag) = &slot.flag else { return false };
            let stays = place == old as usize || slot.origin.may_move();
            let sound = !unsound_flags.contains(&(old as usize)) && !overridden.contains(&*flag.key);
            stays && sound && same.mean_the_same(&slot.links)
        };
        let segment = |place: usize, old: u32| {
            let Some(slot) = engine.segment_slot(old).filter(|slot| slot.segment.is_some()) else { return false };
            let stays = place == old as usize || slot.origin.may_move();
            let sound = !unsound_segments.contains(&(old as usize));
            stays && sound && same.mean_the_same(&slot.links)
        };
        Self {
            engine: Some(engine),
            flags: places(&before.flags, &after.flags, flag),
            segments: places(&before.segments, &after.segments, segment),
        }
    }

    /// Whether nothing is taken over, so that all is compiled anew.
    pub(super) fn is_empty(&self) -> bool {
        self.engine.is_none()
    }

    /// What others look at in the entry at that place of a section, if it is taken over.
    pub(super) fn sketch<'n>(&self, section: &str, place: usize, arena: &'n Bump) -> Option<Node<'n>>
    where
        'd: 'n,
    {
        match section {
            "flags" => self.flag(place).map(|slot| sketch_of_flag(slot, arena)),
            "segments" => self.segment(place).map(|slot| sketch_of_segment(slot, arena)),
            _ => None,
        }
    }

    /// How many attributes were read when all was compiled last, unless that is now.
    pub(super) fn customs_anew(&self) -> Option<usize> {
        self.engine.map(|engine| engine.customs_anew)
    }

    /// The attributes that what is taken over reads.
    pub(super) fn customs(&self) -> impl Iterator<Item = &'d Custom> + use<'d> {
        self.engine.into_iter().flat_map(|engine| &engine.customs)
    }

    fn flag(&self, place: usize) -> Option<&'d Slot> {
        self.engine?.slot((*self.flags.get(place)?)?)
    }

    fn segment(&self, place: usize) -> Option<&'d SegmentSlot> {
        self.engine?.segment_slot((*self.segments.get(place)?)?)
    }
}

/// Of each entry the place that it had before, if it was there and is kept.
fn places<P: Part>(before: &[P], after: &[P], is_kept: impl Fn(usize, u32) -> bool) -> Vec<Option<u32>> {
    let places: HashMap<Address, u32> = before.iter().map(|entry| entry.form().address()).zip(0..).collect();
    let place =
        |(place, entry): (usize, &P)| places.get(&entry.form().address()).copied().filter(|&old| is_kept(place, old));
    after.iter().enumerate().map(place).collect()
}

/// The keys of flags with a row of overrides that came or went.
fn overridden<P: Part>(before: &Parts<'_, P>, after: &Parts<'_, P>) -> HashSet<String> {
    let rows = |parts: &Parts<'_, P>| parts.overrides.iter().map(|row| row.form().address()).collect::<Vec<_>>();
    let (old, new) = (rows(before), rows(after));
    if old == new {
        return HashSet::default();
    }
    let (old, new): (HashSet<_>, HashSet<_>) = (old.into_iter().collect(), new.into_iter().collect());
    let gone = before.overrides.iter().filter(|row| !new.contains(&row.form().address()));
    let come = after.overrides.iter().filter(|row| !old.contains(&row.form().address()));
    gone.chain(come).filter_map(|row| row.form().text_at("flag_key")).collect()
}

/// What entries refer to, before and after.
struct References<'r, 'j, P> {
    engine: &'r Engine,
    before: &'r Parts<'j, P>,
    after: &'r Parts<'j, P>,
}

impl<P: Part> References<'_, '_, P> {
    /// Whether an entry's references still lead to the same flags, which are the same, and to segments of the same keys.
    fn mean_the_same(&self, links: &Links) -> bool {
        links.references.iter().all(|&node| match self.engine.segment_of_node(node) {
            None => {
                let flag = |parts: &Parts<'_, P>| parts.flags.get(node as usize).map(|flag| flag.form().address());
                flag(self.before) == flag(self.after)
            }
            Some(segment) => {
                let at = |parts: &Parts<'_, P>| parts.segments.get(segment as usize).copied();
                let (Some(old), Some(new)) = (at(self.before), at(self.after)) else { return false };
                old.form().address() == new.form().address() || old.form().text_at("key") == new.form().text_at("key")
            }
        })
    }
}

/// What others look at in a flag: its type, its variants, and where it may be overridden.
fn sketch_of_flag<'n>(slot: &'n Slot, arena: &'n Bump) -> Node<'n> {
    let mut members = ArrayVec::<_, 4>::new();
    members.extend(slot.key.as_deref().map(|key| (Key::of("key"), Node::Text(key))));
    if let Some(flag) = &slot.flag {
        if flag.value_type != ValueType::Boolean {
            members.push((Key::of("type"), Node::Text(flag.value_type.as_str())));
        }
        let mut names = flag.variants.iter().map(|variant| &*variant.name);
        if flag.value_type != ValueType::Boolean || !names.clone().eq(["off", "on"]) {
            let variants = arena.alloc_slice_fill_with(names.len(), |_| {
                (Key::of(names.next().unwrap_or_default()), Node::Boolean(true))
            });
            members.push((Key::of("variants"), Node::object(variants, arena)));
        }
        let scopes = [("user", flag.scopes.user), ("tenant", flag.scopes.tenant)];
        if scopes.iter().any(|(_, allowed)| !allowed) {
            let allowed = scopes.into_iter().filter(|(_, allowed)| *allowed).map(|(name, _)| Node::Text(name));
            members.push((
                Key::of("allowed_scopes"),
                Node::Array(arena.alloc_slice_copy(&allowed.collect::<ArrayVec<_, 2>>())),
            ));
        }
    }
    Node::object(arena.alloc_slice_copy(&members), arena)
}

/// What others look at in a segment.
fn sketch_of_segment<'n>(slot: &'n SegmentSlot, arena: &'n Bump) -> Node<'n> {
    let members = slot.key.as_deref().map(|key| (Key::of("key"), Node::Text(key)));
    Node::object(arena.alloc_slice_copy(members.as_slice()), arena)
}

impl<'d> Compiler<'d> {
    /// The flag at that place, if it is taken over.
    pub(super) fn kept_flag(&mut self, place: usize) -> Option<Entry<Flag>> {
        let slot = self.kept.flag(place)?;
        if !slot.origin.has_own_salts() {
            self.flag_salts.extend(slot.key.as_deref());
        }
        Some(self.keep(slot.flag.as_ref(), &slot.links, &slot.origin))
    }

    /// The segment at that place, if it is taken over.
    pub(super) fn kept_segment(&mut self, place: usize) -> Option<Entry<Segment>> {
        let slot = self.kept.segment(place)?;
        Some(self.keep(slot.segment.as_ref(), &slot.links, &slot.origin))
    }

    fn keep<T>(&mut self, compiled: Option<&Arc<T>>, links: &Links, origin: &'d Origin) -> Entry<T> {
        if let Some(salts) = &origin.salts {
            self.flag_salts.extend(salts.flag.iter().map(|salt| &**salt));
            let conditions = salts.conditions.iter().map(|(salt, pointer)| (&**salt, String::from(&**pointer)));
            self.condition_salts.extend(conditions);
        }
        let first_segment = self.kept.engine.map_or(0, |engine| engine.segment_node(0));
        let node = |&node: &u32| match node.checked_sub(first_segment) {
            Some(segment) => self.segment_node(segment),
            None => node,
        };
        let references = links.references.iter().map(node).collect();
        Entry { compiled: compiled.cloned(), references, failed: false, origin: origin.clone() }
    }

    /// The salts that were noted since there were so many, of flags and of conditions, where there is something to tell.
    pub(super) fn salts_since(&self, (flags, conditions): (usize, usize), key: Option<&str>) -> Option<Box<Salts>> {
        let flags = self.flag_salts.get(flags..).unwrap_or_default();
        let conditions = self.condition_salts.get(conditions..).unwrap_or_default();
        let is_plain = conditions.is_empty() && flags.iter().all(|salt| Some(*salt) == key);
        let salts = || Salts {
            flag: flags.iter().map(|salt| Box::from(*salt)).collect(),
            conditions: conditions.iter().map(|(salt, pointer)| (Box::from(*salt), Box::from(&**pointer))).collect(),
        };
        (!is_plain).then(|| Box::new(salts()))
    }
}
