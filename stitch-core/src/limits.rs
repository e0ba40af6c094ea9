//! What a document and a context may hold. Every limit has a diagnostic of its own.

/// Bytes of a registry document.
pub const DOCUMENT_BYTES: usize = 256 << 20;
/// Flags in a registry.
pub const FLAGS: usize = 100_000;
/// Rules of a flag, or of an environment's patch of it.
pub const RULES: usize = 1_000;
/// Arrays and objects within one another, the root counted; also the groups within one another of a pattern.
pub const NESTING: usize = 64;
/// Bytes of a string in UTF-8.
pub const STRING_BYTES: usize = 64 << 10;
/// Entries of an `in` list.
pub const LIST: usize = 100_000;
/// Bytes of a pattern as written.
pub const PATTERN_BYTES: usize = 4 << 10;
/// What a pattern may hold to match once its counts are written out: 1 MiB at 32 bytes for each character.
pub const PATTERN_SIZE: u64 = (1 << 20) / 32;
/// The largest count in a pattern's `{m,n}`.
pub const PATTERN_REPEATS: u32 = 1_000;
/// Bytes of the diagnostics of one document that are kept; what comes after them is counted.
pub const DIAGNOSTICS_BYTES: usize = 16 << 20;
/// Characters of a variant's, rule's or segment's name.
pub const NAME_CHARS: usize = 128;
/// Attributes of a context.
pub const ATTRIBUTES: usize = 256;
/// Bytes of a bucketing unit.
pub const UNIT_BYTES: usize = 1 << 10;
