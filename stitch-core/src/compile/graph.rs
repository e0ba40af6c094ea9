//! How flags and segments refer to each other: cycles, what is unused, and what must be set aside.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::compile::Entry;
use crate::compile::names::Names;
use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::compile::storeys::Storeys;
use crate::diagnostics::{Code, Diagnostic};
use crate::flag::{Flag, Links, Segment};

/// Flags by index, then segments.
pub(super) struct Graph {
    references: Vec<Box<[u32]>>,
    flags: u32,
    failed: Vec<bool>,
    /// The nodes, those referred to before those that refer to them.
    order: Vec<u32>,
    cycles: Vec<Vec<u32>>,
    referrers: Vec<u32>,
    storeys: Storeys,
}

impl Graph {
    pub(super) fn new(flags: &[Entry<Flag>], segments: &[Entry<Segment>]) -> Self {
        let nodes = flags.iter().map(|entry| (&entry.references, entry.failed));
        let nodes = nodes.chain(segments.iter().map(|entry| (&entry.references, entry.failed)));
        let (references, failed): (Vec<Box<[u32]>>, _) =
            nodes.map(|(references, failed)| (references.as_slice().into(), failed)).unzip();
        let (order, cycles) = components(&references);
        let referrers = referrers(&references);
        let storeys = Storeys::new(&references, &order, &referrers);
        #[expect(clippy::cast_possible_truncation, reason = "the limit of flags is far below")]
        let flags = flags.len() as u32;
        Self { references, flags, failed, order, cycles, referrers, storeys }
    }

    /// The node of the first segment.
    pub(super) fn first_segment(&self) -> u32 {
        self.flags
    }

    pub(super) fn failed(&self, node: u32) -> bool {
        self.failed.get(node as usize).copied().unwrap_or(true)
    }

    fn fail(&mut self, node: u32) {
        if let Some(failed) = self.failed.get_mut(node as usize) {
            *failed = true;
        }
    }

    /// What a node refers to.
    pub(super) fn of(&self, node: u32) -> &[u32] {
        self.references.get(node as usize).map(|references| &**references).unwrap_or_default()
    }

    pub(super) fn order(&self) -> impl Iterator<Item = u32> {
        self.order.iter().copied()
    }

    /// Reports every cycle at the first of its members.
    pub(super) fn report_cycles(&mut self, flags: &Names<'_>, segments: &Names<'_>, reader: &mut Reader) {
        let mut cycles = std::mem::take(&mut self.cycles);
        cycles.sort_unstable_by_key(|members| members.iter().min().copied());
        for mut members in cycles {
            members.sort_unstable();
            self.report_component(&members, flags, segments, reader);
            for member in members {
                self.fail(member);
            }
        }
    }

    /// Reports cycles until every member stands in one, or there are too many to be worth telling.
    fn report_component(&mut self, members: &[u32], flags: &Names<'_>, segments: &Names<'_>, reader: &mut Reader) {
        const CYCLES: usize = 100;
        let mut told: HashSet<u32> = HashSet::new();
        for _ in 0..CYCLES {
            let Some(member) = members.iter().copied().find(|member| !told.contains(member)) else { return };
            let path = self.path_back(member, members);
            let first = path.iter().copied().min().unwrap_or(member);
            // Told from its first member on.
            let start = path.iter().position(|&node| node == first).unwrap_or_default();
            let around = path.iter().skip(1).copied().cycle().skip(start).take(path.len() - 1);
            let path: Vec<u32> = [first].into_iter().chain(around).collect();
            told.extend(&path);
            let names: Vec<String> = path.iter().map(|&node| self.describe(node, flags, segments)).collect();
            let message = format!("these need each other: {}: remove one of the references", names.join(" → "));
            reader.report(
                Code::Cycle,
                &self.place(first, &Place::ROOT.key("flags"), &Place::ROOT.key("segments")),
                message,
            );
        }
    }

    /// The shortest way from a node back to itself, both ends given.
    fn path_back(&self, first: u32, members: &[u32]) -> Vec<u32> {
        let members: HashSet<u32> = members.iter().copied().collect();
        let mut came_from = HashMap::new();
        let mut queue = VecDeque::from([first]);
        while let Some(node) = queue.pop_front() {
            for &next in self.of(node).iter().filter(|next| members.contains(next)) {
                if next == first {
                    let mut path = vec![first, node];
                    let mut here = node;
                    while here != first {
                        here = came_from.get(&here).copied().unwrap_or(first);
                        path.push(here);
                    }
                    path.reverse();
                    if node == first {
                        path.truncate(2);
                    }
                    return path;
                }
                came_from.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    node
                });
            }
        }
        vec![first]
    }

    fn segment_index(&self, node: u32) -> Option<u32> {
        node.checked_sub(self.flags)
    }

    fn describe(&self, node: u32, flags: &Names<'_>, segments: &Names<'_>) -> String {
        match self.segment_index(node) {
            Some(segment) => format!("segment `{}`", segments.key(segment).unwrap_or_default()),
            None => format!("flag `{}`", flags.key(node).unwrap_or_default()),
        }
    }

    fn place<'p>(&self, node: u32, flags: &'p Place<'p>, segments: &'p Place<'p>) -> Place<'p> {
        match self.segment_index(node) {
            Some(segment) => segments.index(segment as usize),
            None => flags.index(node as usize),
        }
    }

    pub(super) fn warn_of_unused_segments(&self, reader: &mut Reader) {
        let segments = self.referrers.iter().zip(&self.failed).skip(self.flags as usize).enumerate();
        for (index, _) in segments.filter(|(_, (count, failed))| **count == 0 && !**failed) {
            let segments = Place::ROOT.key("segments");
            reader.report(
                Code::UnusedSegment,
                &segments.index(index),
                "nothing uses this segment: remove it, or use it",
            );
        }
    }

    /// What refers to something that fails fails too.
    pub(super) fn set_aside(&mut self, reader: &mut Reader) {
        for node in self.order.clone() {
            if !self.failed(node) && self.of(node).iter().any(|&reference| self.failed(reference)) {
                self.fail(node);
                let (flags, segments) = (Place::ROOT.key("flags"), Place::ROOT.key("segments"));
                let place = self.place(node, &flags, &segments).pointer();
                let message = "this refers to something that has an error, and is set aside with it";
                reader.found.push(Code::RefersToInvalid, || Diagnostic::new(Code::RefersToInvalid, place, message));
            }
        }
    }

    /// Where long chains come down.
    pub(super) fn landings(&self) -> HashMap<u32, Vec<u32>> {
        self.storeys.landings.clone()
    }

    /// What the engine needs to know of a node's place in the graph.
    pub(super) fn links(&self, node: u32, references: Vec<u32>) -> Links {
        let referrers = self.referrers.get(node as usize).copied().unwrap_or_default();
        Links {
            references: references.into(),
            is_tall: self.storeys.is_tall(node),
            is_referred_to: referrers > 0,
            memoized: self.storeys.is_memoized(node),
        }
    }
}

/// The strongly connected components, those referred to before those that refer to them: the order of their members,
/// and those that are cycles. Robert Tarjan's algorithm with a stack of its own, since chains may be long.
fn components(references: &[Box<[u32]>]) -> (Vec<u32>, Vec<Vec<u32>>) {
    const UNSEEN: u32 = u32::MAX;
    #[derive(Clone, Copy)]
    struct Node {
        number: u32,
        low: u32,
        open: bool,
    }
    struct Frame {
        node: usize,
        next: usize,
    }
    fn lower(nodes: &mut [Node], index: usize, low: u32) {
        if let Some(node) = nodes.get_mut(index) {
            node.low = node.low.min(low);
        }
    }
    let mut nodes = vec![Node { number: UNSEEN, low: UNSEEN, open: false }; references.len()];
    let (mut order, mut cycles, mut open, mut frames) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut count, mut members) = (0, Vec::new());
    for root in 0..references.len() {
        if nodes.get(root).is_none_or(|node| node.number != UNSEEN) {
            continue;
        }
        frames.push(Frame { node: root, next: 0 });
        while let Some(Frame { node, next }) = frames.last_mut() {
            let (here, step) = (*node, *next);
            *next += 1;
            if let (0, Some(slot)) = (step, nodes.get_mut(here)) {
                *slot = Node { number: count, low: count, open: true };
                count += 1;
                open.push(here);
            }
            if let Some(&reference) = references.get(here).and_then(|references| references.get(step)) {
                let reference = reference as usize;
                match nodes.get(reference).copied() {
                    Some(other) if other.number == UNSEEN => frames.push(Frame { node: reference, next: 0 }),
                    Some(other) if other.open => lower(&mut nodes, here, other.number),
                    _ => {}
                }
                continue;
            }
            frames.pop();
            let Some(done) = nodes.get(here).copied() else { continue };
            if let Some(parent) = frames.last() {
                lower(&mut nodes, parent.node, done.low);
            }
            if done.low == done.number {
                members.clear();
                while let Some(member) = open.pop() {
                    if let Some(node) = nodes.get_mut(member) {
                        node.open = false;
                    }
                    members.extend(u32::try_from(member));
                    if member == here {
                        break;
                    }
                }
                order.extend(members.iter().rev());
                let refers_to_itself = |node: usize| {
                    references
                        .get(node)
                        .is_some_and(|references| references.iter().any(|&other| other as usize == node))
                };
                if members.len() > 1 || refers_to_itself(here) {
                    cycles.push(members.clone());
                }
            }
        }
    }
    (order, cycles)
}

/// How often each node is referred to.
fn referrers(references: &[Box<[u32]>]) -> Vec<u32> {
    let mut referrers = vec![0; references.len()];
    for reference in references.iter().flatten() {
        if let Some(count) = referrers.get_mut(*reference as usize) {
            *count += 1;
        }
    }
    referrers
}
