//! What is known of the words before any text is read: all of it is made when the crate is compiled.

#![expect(clippy::indexing_slicing, reason = "what fails here does not compile")]

/// All keys that mean something somewhere in a document, and those that many have besides: as many as a word of the
/// processor has bits.
pub(crate) const WORDS: [&str; 64] = [
    // The document.
    "schema_version",
    "flags",
    "segments",
    "bucketing",
    "internal_tiers",
    "environments",
    "overrides",
    // Flags.
    "key",
    "type",
    "default_value",
    "variants",
    "serve",
    "rules",
    "rollout_stage",
    "rollout_pct",
    "cohort",
    "bucket_by",
    "salt",
    "algorithm",
    "dependencies",
    "requires_approval",
    "sensitive_flag",
    "approval_matrix_row",
    "allowed_scopes",
    "audit",
    "paused_from",
    // Rules and splits.
    "id",
    "when",
    "split",
    "by",
    "variant",
    "weight",
    // Conditions.
    "all",
    "any",
    "not",
    "segment",
    "flag",
    "bucket",
    "attr",
    "op",
    "value",
    "ignore_case",
    "from",
    "to",
    // Segments.
    "included",
    "excluded",
    // Rows of overrides.
    "scope",
    "flag_key",
    "tenant_id",
    "user_id",
    "expires_at",
    "approval_ref",
    "created_at",
    "created_by",
    "source",
    "rationale",
    // What is noted of them.
    "last_flipped_at",
    "last_flipped_by",
    "last_approval_ref",
    "name",
    "description",
    "owner",
    "tags",
    "updated_at",
];

/// The place of that text among the words, where it must be.
pub(super) const fn place_of(text: &str) -> usize {
    let mut place = 0;
    while !is_same(WORDS[place].as_bytes(), text.as_bytes()) {
        place += 1;
    }
    place
}

/// Of each word its place among those names; of others, one that is not there.
pub(super) const fn places<const N: usize>(names: &[&str; N]) -> [u8; WORDS.len()] {
    let mut places = [u8::MAX; WORDS.len()];
    let mut place = 0;
    while place < N {
        #[expect(clippy::cast_possible_truncation, reason = "there are 64 at most")]
        (places[place_of(names[place])] = place as u8);
        place += 1;
    }
    places
}

/// How a word is written as a key, quotes and colon included; two words of eight bytes hold most.
pub(super) struct Spelling {
    pub(super) head: u64,
    /// Which of the first bytes are the key's.
    pub(super) mask: u64,
    /// The last eight, where there are more.
    pub(super) tail: u64,
    pub(super) length: usize,
}

pub(super) const SPELLINGS: [Spelling; WORDS.len()] = spellings();

const fn spellings() -> [Spelling; WORDS.len()] {
    let mut spellings = [const { Spelling { head: 0, mask: 0, tail: 0, length: 0 } }; WORDS.len()];
    let mut place = 0;
    while place < WORDS.len() {
        spellings[place] = spelling(WORDS[place].as_bytes());
        place += 1;
    }
    spellings
}

const fn spelling(word: &[u8]) -> Spelling {
    let length = word.len() + 3;
    let mut bytes = [0; 32];
    bytes[0] = b'"';
    let mut place = 0;
    while place < word.len() {
        bytes[1 + place] = word[place];
        place += 1;
    }
    bytes[length - 2] = b'"';
    bytes[length - 1] = b':';
    let head = word_at(&bytes, 0);
    match length {
        0..=8 => Spelling { head, mask: u64::MAX >> (64 - 8 * length), tail: 0, length },
        9..=16 => Spelling { head, mask: u64::MAX, tail: word_at(&bytes, length - 8), length },
        // Too long to be told by two words: nothing is masked to this.
        _ => Spelling { head: 1, mask: 0, tail: 0, length },
    }
}

const fn word_at(bytes: &[u8; 32], start: usize) -> u64 {
    let (mut word, mut place) = (0, 0);
    while place < 8 {
        word |= (bytes[start + place] as u64) << (8 * place);
        place += 1;
    }
    word
}

/// Slots of the table that words are found in: so many that a seed is soon found by which no two share one.
const SLOTS: usize = 512;
pub(super) const SEED: u64 = seed();
pub(super) const TABLE: [u8; SLOTS] = table(SEED);

/// Where a text stands in the table, if it is a word.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the high bits are what is wanted")]
pub(super) const fn slot(text: &[u8], seed: u64) -> usize {
    let ends = if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u32::from_le_bytes(*first) as u64 | (u32::from_le_bytes(*last) as u64) << 32
    } else if let [first, .., last] = text {
        *first as u64 | (*last as u64) << 32
    } else {
        0
    };
    ((ends ^ (text.len() as u64) << 27).wrapping_mul(seed) >> (u64::BITS - SLOTS.trailing_zeros())) as usize
}

const fn seed() -> u64 {
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    loop {
        let table = table(seed);
        let (mut found, mut slot) = (0, 0);
        while slot < SLOTS {
            found += (table[slot] != u8::MAX) as usize;
            slot += 1;
        }
        if found == WORDS.len() {
            return seed;
        }
        seed = seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(2);
    }
}

const fn table(seed: u64) -> [u8; SLOTS] {
    let mut table = [u8::MAX; SLOTS];
    let mut place = 0;
    while place < WORDS.len() {
        #[expect(clippy::cast_possible_truncation, reason = "there are 64")]
        (table[slot(WORDS[place].as_bytes(), seed)] = place as u8);
        place += 1;
    }
    table
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let (mut place, mut same) = (0, a.len() == b.len());
    while same && place < a.len() {
        same = a[place] == b[place];
        place += 1;
    }
    same
}
