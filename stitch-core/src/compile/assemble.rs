//! What was compiled, put together.

use std::sync::Arc;

use crate::compile::graph::Graph;
use crate::compile::{Compiler, Entry, Mode};
use crate::engine::{Engine, KeyTable, SegmentSlot, Slot};
use crate::flag::{Flag, Glance, Segment};

/// The engine, yet without its diagnostics.
pub(super) fn assemble(
    compiler: &Compiler<'_>,
    (flags, fingerprints): (Vec<Entry<Flag>>, Vec<u64>),
    segments: Vec<Entry<Segment>>,
    graph: &Graph,
    internal_tiers: Vec<&str>,
) -> Engine {
    let mut slots = Vec::with_capacity(flags.len());
    for ((node, entry), fingerprint) in (0..).zip(flags).zip(fingerprints) {
        let flag = entry.compiled.filter(|_| !graph.failed(node));
        let key = flag.as_ref().map(|flag| Arc::clone(&flag.key));
        let key = key.or_else(|| compiler.flags.first_key(node).map(Arc::from));
        let links = graph.links(node, entry.references);
        slots.push(Slot { key, glance: None, flag, links, fingerprint, origin: entry.origin });
    }
    // In this order, since a flag that depends on others needs theirs.
    for node in graph.order() {
        let Some(flag) = slots.get(node as usize).and_then(|slot| slot.flag.as_deref()) else { continue };
        let glance = Glance::of(flag, |index| {
            let other = slots.get(index as usize)?;
            Some((other.flag.as_deref()?, other.glance.as_ref()?))
        });
        if let Some(slot) = slots.get_mut(node as usize) {
            slot.glance = glance;
        }
    }
    let mut served_segments = Vec::with_capacity(segments.len());
    for (node, entry) in (graph.first_segment()..).zip(segments) {
        let segment = entry.compiled.filter(|_| !graph.failed(node));
        let links = graph.links(node, entry.references);
        let index = node - graph.first_segment();
        let key = compiler.segments.first_key(index).map(Arc::from);
        served_segments.push(SegmentSlot { key, segment, links, origin: entry.origin });
    }
    let served = (0..).zip(&served_segments).filter(|(_, slot)| slot.segment.is_some());
    let segment_names = served.filter_map(|(index, slot)| Some((Arc::clone(slot.key.as_ref()?), index))).collect();
    let keys: Vec<_> = (0..).zip(&slots).filter_map(|(index, slot)| Some((index, slot.key.as_deref()?))).collect();
    let keys = KeyTable::new(keys.into_iter());
    Engine {
        keys,
        flags: slots.into(),
        segments: served_segments.into(),
        segment_names,
        landings: graph.landings(),
        internal_tiers: internal_tiers.into_iter().map(Box::from).collect(),
        environments: compiler.environments.iter().copied().map(Box::from).collect(),
        customs: compiler.customs.values().cloned().collect(),
        customs_anew: compiler.kept.customs_anew().unwrap_or(compiler.customs.len()),
        diagnostics: Box::default(),
        mode: Mode::Strict,
    }
}
