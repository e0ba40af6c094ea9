//! The registry file that a command reads.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use stitch_core::limits;

use super::text::printable;

/// A text and the name under which messages speak of it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

impl Source {
    /// Reads a file, or standard input where the path is `-`.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, as a sentence.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let name = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
        let text = if path == Path::new("-") { whole(io::stdin().lock(), 0) } else { of_file(path) };
        match text {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => Err(format!("cannot read `{}`: {}", printable(&name, 1_000), why(&error))),
        }
    }
}

fn of_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    whole(file, length)
}

/// Reads all of it, yet from a source that never ends no more than the core would refuse anyway.
fn whole(reader: impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    reader.take(length.max(limits::DOCUMENT_BYTES as u64) + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory; name a file in it".to_owned(),
        io::ErrorKind::PermissionDenied => "the permission is missing".to_owned(),
        _ => error.to_string(),
    }
}
