//! Texts of definitions: read from files, and searched for the lines of diagnostics.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use stitch_core::{Diagnostic, limits};

/// Bytes read, at most, to find the lines of diagnostics: each costs a reading of the whole text.
const LOCATING_BYTES: usize = 1 << 30;

/// The diagnostics with their lines, as far as that is done in reasonable time.
pub(crate) fn locate(diagnostics: Vec<Diagnostic>, text: &[u8]) -> Vec<Diagnostic> {
    let affordable = LOCATING_BYTES / text.len().max(1);
    let locate = |(index, diagnostic): (usize, Diagnostic)| {
        if index < affordable { diagnostic.locate(text) } else { diagnostic }
    };
    diagnostics.into_iter().enumerate().map(locate).collect()
}

/// At most one byte more than a document may have, so that the core refuses it.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(limits::DOCUMENT_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}
