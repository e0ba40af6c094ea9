//! What a compilation takes over from an engine that was compiled before: entries that are the very same, and whose
//! names still mean the same. All that concerns entries together (names, cycles, what nothing uses, shared salts) is
//! found out anew each time.

use std::sync::Arc;

use crate::compile::{Compiler, Entry, HashMap, HashSet, index_within};
use crate::context::Custom;
use crate::definitions::Parts;
use crate::diagnostics::{Code, Diagnostic};
use crate::engine::{Engine, SegmentSlot, Slot};
use crate::flag::{Flag, Links, Segment};
use crate::json::Json;

/// What compiling an entry tells beside what it means: what the whole needs of it again.
#[derive(Clone, Debug, Default)]
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
    /// The flag has the salt that one has which does not say.
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

/// Problems that another order of the same entries would not have, or would have elsewhere.
pub(super) fn concerns_order(diagnostic: &Diagnostic) -> bool {
    let code = diagnostic.code;
    matches!(code, Code::DuplicateFlag | Code::DuplicateSegment | Code::DuplicateOverride | Code::TooManyProblems)
}

impl<'d> Kept<'d> {
    /// What can be taken over from an engine that was compiled from `before`.
    pub(super) fn of(engine: &'d Engine, before: &Parts<'_>, after: &Parts<'_>) -> Self {
        let is_its_own = before.flags.len() == engine.flags.len() && before.segments.len() == engine.segments.len();
        let same_settings = before.settings == after.settings;
        if !is_its_own || !same_settings || engine.diagnostics.iter().any(concerns_order) {
            return Self::default();
        }
        let unsound = |section| {
            let own = engine.diagnostics.iter().filter(|found| !concerns_others(found.code));
            own.filter_map(move |found| index_within(&found.pointer, section)).collect::<HashSet<usize>>()
        };
        let (unsound_flags, unsound_segments) = (unsound("/flags/"), unsound("/segments/"));
        let mut overridden = overridden(before, after);
        let unsound_rows = unsound("/overrides/").into_iter().filter_map(|row| before.overrides.get(row));
        overridden.extend(unsound_rows.filter_map(|row| row.get("flag_key")?.as_text()));
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

    /// Whether the entry at that place of a section is taken over.
    pub(super) fn has(&self, section: &str, place: usize) -> bool {
        let places = match section {
            "flags" => &self.flags,
            "segments" => &self.segments,
            _ => return false,
        };
        places.get(place).is_some_and(Option::is_some)
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

/// Where a value is. Two that are there at one time and in one place are one.
fn address(json: &Json<'_>) -> *const () {
    std::ptr::from_ref(json).cast()
}

/// Of each entry the place that it had before, if it was there and is kept.
fn places(before: &[&Json<'_>], after: &[&Json<'_>], is_kept: impl Fn(usize, u32) -> bool) -> Vec<Option<u32>> {
    let places: HashMap<_, u32> = before.iter().map(|entry| address(entry)).zip(0..).collect();
    let place =
        |(place, entry): (usize, &&Json<'_>)| places.get(&address(entry)).copied().filter(|&old| is_kept(place, old));
    after.iter().enumerate().map(place).collect()
}

/// The keys of flags with a row of overrides that came or went.
fn overridden<'r>(before: &'r Parts<'_>, after: &'r Parts<'_>) -> HashSet<&'r str> {
    let rows = |parts: &Parts<'_>| parts.overrides.iter().map(|row| address(row)).collect::<Vec<_>>();
    let (old, new) = (rows(before), rows(after));
    if old == new {
        return HashSet::default();
    }
    let (old, new): (HashSet<_>, HashSet<_>) = (old.into_iter().collect(), new.into_iter().collect());
    let gone = before.overrides.iter().filter(|row| !new.contains(&address(row)));
    let come = after.overrides.iter().filter(|row| !old.contains(&address(row)));
    gone.chain(come).filter_map(|row| row.get("flag_key")?.as_text()).collect()
}

/// What entries refer to, before and after.
struct References<'r, 'j> {
    engine: &'r Engine,
    before: &'r Parts<'j>,
    after: &'r Parts<'j>,
}

impl<'r> References<'r, '_> {
    /// Whether an entry's references still lead to the same flags, which are the same, and to segments of the same keys.
    fn mean_the_same(&self, links: &Links) -> bool {
        links.references.iter().all(|&node| match self.engine.segment_of_node(node) {
            None => {
                let flag = |parts: &Parts<'_>| parts.flags.get(node as usize).map(|flag| address(flag));
                flag(self.before) == flag(self.after)
            }
            Some(segment) => {
                let key = |parts: &'r Parts<'_>| parts.segments.get(segment as usize)?.get("key")?.as_text();
                key(self.before) == key(self.after)
            }
        })
    }
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
