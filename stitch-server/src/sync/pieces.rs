//! A list of definitions, encoded in pieces, so that snapshots share what is the same in them.

use std::collections::HashMap;
use std::ptr;

use axum::body::Bytes;
use stitch_core::Json;
use xxhash_rust::xxh64::xxh64;

/// Entries of a piece, on average. Larger pieces are shared less, and smaller ones make a longer list of them.
const ENTRIES: u64 = 32;

/// Some entries that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Where the entries are. Whoever has pieces keeps what they were made of, so that nothing else comes to be there.
    of: Box<[usize]>,
    /// Encoded.
    pub(super) bytes: Bytes,
}

/// Cuts a list into pieces, and encodes those that were not there before. Which entry is the last of its piece is its
/// own affair: so what is put or removed somewhere changes a piece or two, and leaves all others as they are.
pub(super) fn cut(
    entries: &[&Json<'_>],
    before: &[Piece],
    key: impl for<'e> Fn(&'e Json<'_>) -> &'e str,
    encode: impl Fn(&[&Json<'_>]) -> Vec<u8>,
) -> Vec<Piece> {
    let known: HashMap<_, _> = before.iter().map(|piece| (piece.of.first(), piece)).collect();
    let is_last = |entry: &Json<'_>| xxh64(key(entry).as_bytes(), 0).is_multiple_of(ENTRIES);
    let pieces = entries.chunk_by(|entry, _| !is_last(entry)).map(|entries| {
        let of: Box<[usize]> = entries.iter().map(|entry| ptr::from_ref(*entry).addr()).collect();
        match known.get(&of.first()) {
            Some(piece) if piece.of == of => Piece::clone(piece),
            _ => Piece { of, bytes: encode(entries).into() },
        }
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(entries: &[&Json<'_>]) -> Vec<u8> {
        entries.iter().flat_map(|entry| entry.to_string().into_bytes()).collect()
    }

    fn pieces(entries: &[&Json<'static>], before: &[Piece]) -> Vec<Piece> {
        cut(entries, before, |entry| entry.as_text().unwrap(), texts)
    }

    /// How many of these pieces are new.
    fn new(pieces: &[Piece], before: &[Piece]) -> usize {
        let known = |piece: &&Piece| before.iter().any(|old| old.bytes.as_ptr() == piece.bytes.as_ptr());
        pieces.len() - pieces.iter().filter(known).count()
    }

    #[test]
    fn what_is_put_or_removed_somewhere_leaves_nearly_all_pieces_as_they_are() {
        let entries: Vec<_> = (0..10_000).map(|index| Json::from(format!("entry-{index}"))).collect();
        let entries: Vec<_> = entries.iter().collect();
        let first = pieces(&entries, &[]);
        assert!((250..400).contains(&first.len()), "{}", first.len());
        assert_eq!(new(&first, &[]), first.len());
        assert_eq!(new(&pieces(&entries, &first), &first), 0);

        let another = Json::from("another");
        for (place, removed, put) in [(0, 0, 1), (0, 1, 0), (4_999, 0, 1), (5_000, 1, 0), (5_001, 1, 1), (9_999, 1, 1)]
        {
            let mut changed = entries.clone();
            changed.splice(place..place + removed, std::iter::repeat_n(&another, put));
            let second = pieces(&changed, &first);
            let whole: Vec<u8> = second.iter().flat_map(|piece| piece.bytes.to_vec()).collect();
            assert_eq!(whole, texts(&changed));
            assert!((1..=2).contains(&new(&second, &first)), "at {place}: {}", new(&second, &first));
        }
        assert!(pieces(&[], &first).is_empty());
    }
}
