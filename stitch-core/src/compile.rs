//! From definitions to an engine: everything is checked, all of it reported, nothing left to resolve later.

use std::sync::Arc;

use bumpalo::Bump;
use foldhash::quality::RandomState;

use crate::bucketing::Algorithm;
use crate::context::Custom;
use crate::definitions::{Definitions, Part, Parts};
use crate::diagnostics::{Code, DefinitionsError, Diagnostic, Severity, any_error};
use crate::engine::Engine;
use crate::flag::Variant;
use crate::json::node::Node;
use crate::json::print;
use crate::json::scan::scan;
use crate::limits;

mod assemble;
mod condition;
mod distinct;
mod fingerprint;
mod flag;
mod graph;
mod kept;
mod names;
mod overrides;
pub(crate) mod place;
mod plan;
pub(crate) mod reader;
mod rules;
mod segment;
mod serve;
mod settings;
mod storeys;

use assemble::assemble;
use condition::{Builder, Shared};
use graph::Graph;
use kept::Kept;
pub(crate) use kept::Origin;
use names::Names;
use place::Place;
pub(crate) use plan::PATCHABLE;
use reader::Reader;
use rules::RulesDraft;
use settings::Root;

/// Keyed by texts of the document: fast, and with a seed that its author does not know.
type HashMap<K, V> = hashbrown::HashMap<K, V, RandomState>;
type HashSet<T> = hashbrown::HashSet<T, RandomState>;

/// What an error does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It refuses the document.
    Strict,
    /// It sets aside the flag or segment that has it.
    Lenient,
}

/// Bytes of a tree for each of its text.
const TREE: usize = 4;
/// The most that room is made for before it is needed.
const ROOM: usize = 8 << 20;

/// Compiles a text, or tells everything that is wrong with it.
pub(crate) fn compile_text(text: &[u8], mode: Mode) -> Result<Engine, DefinitionsError> {
    let arena = Bump::with_capacity((TREE * text.len()).min(ROOM));
    match scan(text, limits::STRING_BYTES, &arena) {
        Some(document) => compile_document(&document, &[], mode, Kept::default()),
        // There is something to tell of the text itself.
        None => compile(&Definitions::from_json(text)?, mode),
    }
}

/// Compiles definitions, or tells everything that is wrong with them.
pub(crate) fn compile(definitions: &Definitions<'_>, mode: Mode) -> Result<Engine, DefinitionsError> {
    let arena = Bump::new();
    compile_document(&Node::of(&definitions.document, &arena), &definitions.problems, mode, Kept::default())
}

/// The same for definitions in parts.
pub(crate) fn compile_parts(parts: &Parts<'_, impl Part>, mode: Mode) -> Result<Engine, DefinitionsError> {
    compile_parts_keeping(parts, mode, Kept::default())
}

/// The same, taking over what it can from an engine that was compiled from `before`.
pub(crate) fn recompile_parts<P: Part>(
    (engine, before): (&Engine, &Parts<'_, P>),
    after: &Parts<'_, P>,
    mode: Mode,
) -> Result<Engine, DefinitionsError> {
    let kept = Kept::of(engine, before, after);
    if kept.is_empty() {
        return compile_parts(after, mode);
    }
    let compiled = compile_parts_keeping(after, mode, kept);
    let found = compiled.as_ref().map_or_else(DefinitionsError::diagnostics, Engine::diagnostics);
    if found.iter().any(kept::concerns_all) { compile_parts(after, mode) } else { compiled }
}

fn compile_parts_keeping(parts: &Parts<'_, impl Part>, mode: Mode, kept: Kept<'_>) -> Result<Engine, DefinitionsError> {
    let arena = Bump::new();
    match parts.node(&arena, |section, place| kept.sketch(section, place, &arena)) {
        Some(document) => compile_document(&document, &[], mode, kept),
        // Reading says what is wrong, and where.
        None => compile(&Definitions::from_json(&parts.text()?)?, mode),
    }
}

fn compile_document<'d>(
    document: &'d Node<'d>,
    problems: &[Diagnostic],
    mode: Mode,
    kept: Kept<'d>,
) -> Result<Engine, DefinitionsError> {
    let Compiled { engine, diagnostics, document_refused } = run(document, problems, mode, kept);
    if document_refused || (mode == Mode::Strict && any_error(&diagnostics)) {
        return Err(DefinitionsError::new(diagnostics));
    }
    Ok(Engine { diagnostics: diagnostics.into(), mode, ..engine })
}

/// Everything that is wrong with a document that is refused already.
pub(crate) fn refuse(definitions: &Definitions<'_>) -> DefinitionsError {
    let arena = Bump::new();
    let document = Node::of(&definitions.document, &arena);
    DefinitionsError::new(run(&document, &definitions.problems, Mode::Strict, Kept::default()).diagnostics)
}

struct Compiled {
    engine: Engine,
    diagnostics: Vec<Diagnostic>,
    /// An error lies in no flag, segment or override row.
    document_refused: bool,
}

/// What the parts of the document are compiled with.
struct Compiler<'d> {
    reader: Reader,
    flags: Names<'d>,
    segments: Names<'d>,
    algorithm: Algorithm,
    environments: Vec<&'d str>,
    /// What boolean flags share that name no variants.
    on_and_off: Arc<[Variant]>,
    /// What the entry at hand refers to: flags by index, then segments.
    references: Vec<u32>,
    /// The salts of bucket conditions, with their pointers.
    condition_salts: Vec<(&'d str, String)>,
    /// The salts of flags.
    flag_salts: Vec<&'d str>,
    /// What the programs of conditions are built with, one after the other.
    builder: Builder<'d>,
    /// The rules that are being compiled.
    rules: RulesDraft<'d>,
    /// The tests of attributes that there were.
    shared: Shared<'d>,
    /// The attributes that are read, by name.
    customs: HashMap<&'d str, Custom>,
    /// What need not be compiled.
    kept: Kept<'d>,
}

/// An entry of the document and whether it can be served.
struct Entry<T> {
    /// Nobody else's, unless it was taken over.
    compiled: Option<Arc<T>>,
    references: Vec<u32>,
    failed: bool,
    origin: Origin,
}

impl<'d> Compiler<'d> {
    /// Compiles one entry, minding what it refers to and whether it has errors.
    fn entry<T>(
        &mut self,
        json: &'d Node<'d>,
        fingerprint: u64,
        compile: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Entry<T> {
        let (errors, salts) = (self.reader.errors, (self.flag_salts.len(), self.condition_salts.len()));
        let compiled = compile(self).map(Arc::new);
        let failed = self.reader.errors > errors || compiled.is_none();
        let salts = self.salts_since(salts, json.get("key").and_then(Node::as_text));
        let origin = Origin { fingerprint, salts };
        Entry { compiled, references: std::mem::take(&mut self.references), failed, origin }
    }
}

fn run<'d>(document: &'d Node<'d>, problems: &[Diagnostic], mode: Mode, kept: Kept<'d>) -> Compiled {
    let mut reader = Reader::default();
    let root = Root::read(document, &mut reader);
    let mut flags = Names::read(root.flags, &Place::ROOT.key("flags"), Code::DuplicateFlag, &mut reader);
    let mut segments = Names::read(root.segments, &Place::ROOT.key("segments"), Code::DuplicateSegment, &mut reader);
    (flags.unread, segments.unread) = (root.flags_unread, root.segments_unread);
    let within = |problem: &Diagnostic| {
        ["/flags/", "/segments/", "/overrides/"].iter().any(|section| problem.pointer.starts_with(section))
    };
    let mut document_refused = reader.found.diagnostics.iter().chain(problems).any(|problem| {
        let duplicate = matches!(problem.code, Code::DuplicateFlag | Code::DuplicateSegment);
        problem.severity == Severity::Error && !duplicate && !within(problem)
    });
    let mut compiler = Compiler {
        reader,
        flags,
        segments,
        algorithm: root.algorithm,
        environments: root.environments.clone(),
        on_and_off: flag::on_and_off(),
        references: Vec::new(),
        condition_salts: Vec::new(),
        flag_salts: Vec::new(),
        builder: Builder::default(),
        rules: RulesDraft::default(),
        shared: Shared::default(),
        customs: kept.customs().map(|custom| (&*custom.name, custom.clone())).collect(),
        kept,
    };

    let settings = fingerprint::of_settings(&root);
    let mut flags = Vec::with_capacity(root.flags.len());
    for (index, json) in root.flags.iter().enumerate() {
        flags.push(compiler.kept_flag(index).unwrap_or_else(|| {
            compiler.entry(json, fingerprint::of_flag(settings, json), |compiler| {
                compiler.flag(json, &Place::ROOT.key("flags").index(index))
            })
        }));
    }
    let mut segments = Vec::with_capacity(root.segments.len());
    for (index, json) in root.segments.iter().enumerate() {
        segments.push(compiler.kept_segment(index).unwrap_or_else(|| {
            compiler.entry(json, print::of(json), |compiler| {
                compiler.segment(json, &Place::ROOT.key("segments").index(index))
            })
        }));
    }
    mark_problems(&mut flags, "/flags/", problems);
    mark_problems(&mut segments, "/segments/", problems);
    mark_duplicates(&mut flags, &compiler.flags);
    mark_duplicates(&mut segments, &compiler.segments);
    compiler.overrides(root.overrides, problems, &mut flags);
    compiler.warn_of_shared_salts();

    let mut graph = Graph::new(&flags, &segments);
    graph.report_cycles(&compiler.flags, &compiler.segments, &mut compiler.reader);
    graph.warn_of_unused_segments(&mut compiler.reader);
    if mode == Mode::Lenient {
        graph.set_aside(&mut compiler.reader);
    }

    let mut diagnostics = problems.to_vec();
    let found = std::mem::take(&mut compiler.reader.found).finish();
    let unread = unread(problems);
    diagnostics.extend(found.into_iter().filter(|found| !unread.contains(found.pointer.as_str())));
    let own = flags.iter().map(|flag| flag.origin.fingerprint);
    let own = own.chain(segments.iter().map(|segment| segment.origin.fingerprint));
    let fingerprints = fingerprint::of_all(own.collect(), root.overrides, &compiler.flags, &graph);
    let engine = assemble(&compiler, (flags, fingerprints), segments, &graph, root.internal_tiers);
    document_refused |= diagnostics.iter().any(|problem| problem.code == Code::DuplicateKey);
    Compiled { engine, diagnostics, document_refused }
}

/// The places that were too deep to be read, and what they stand in: that something is missing there is not reported again.
fn unread(problems: &[Diagnostic]) -> HashSet<&str> {
    let too_deep = problems.iter().filter(|problem| problem.code == Code::NestingTooDeep);
    let pointers = too_deep.map(|problem| problem.pointer.as_str());
    pointers.flat_map(|pointer| [pointer, pointer.rsplit_once('/').map_or("", |(parent, _)| parent)]).collect()
}

/// What is wrong with the text of an entry makes the entry fail.
fn mark_problems<T>(entries: &mut [Entry<T>], section: &str, problems: &[Diagnostic]) {
    for problem in problems {
        if let Some(entry) = index_within(&problem.pointer, section).and_then(|index| entries.get_mut(index)) {
            entry.failed = true;
        }
    }
}

/// The index of the entry of a section that a pointer leads into.
fn index_within(pointer: &str, section: &str) -> Option<usize> {
    pointer.strip_prefix(section)?.split('/').next()?.parse().ok()
}

/// Of two entries with one key neither is served.
fn mark_duplicates<T>(entries: &mut [Entry<T>], names: &Names<'_>) {
    for &index in &names.duplicates {
        if let Some(entry) = entries.get_mut(index as usize) {
            entry.failed = true;
        }
    }
}
