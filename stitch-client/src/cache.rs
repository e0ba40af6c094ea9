//! Definitions in a file, to start from when the server is away.
//!
//! ```text
//! MAGIC | SHA-256 of the rest | SHA-256 of the SDK key | a snapshot as the server sends it
//! ```
//!
//! A file is whole or it is not believed; it is written beside its place, brought to the disk and only then put there,
//! and the two before it are kept as `NAME.1` and `NAME.2`. Whoever is torn away at any moment leaves one that is whole.
//! Processes may share a file: one writes at a time, and what is there already is not written again.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use stitch_sync::v1::SyncResponse;

const MAGIC: &[u8] = b"stitch definitions 1\n";
/// The magic and the checksum.
const HEAD: usize = MAGIC.len() + SHA256_OUTPUT_LEN;
/// The newest one and those before it.
const GENERATIONS: usize = 3;

/// A place for definitions.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    path: PathBuf,
    key: [u8; SHA256_OUTPUT_LEN],
}

/// What became of saving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    Written,
    /// The file has it already.
    Known,
    /// Another process is writing.
    Busy,
}

impl Cache {
    /// For the definitions that this key may see: a file of another key is not believed.
    pub(crate) fn new(path: PathBuf, sdk_key: &str) -> Self {
        Self { path, key: sha256(sdk_key.as_bytes()) }
    }

    /// The newest that can be used, with the moment at which it was the newest of the server's; and what was wrong with
    /// those that cannot.
    pub(crate) fn load<T>(
        &self,
        mut accept: impl FnMut(SyncResponse) -> Result<T, String>,
    ) -> (Option<(T, SystemTime)>, Vec<String>) {
        let mut wrong = Vec::new();
        for age in 0..GENERATIONS {
            let path = self.generation(age);
            let (bytes, at) = match read(&path) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    wrong.push(format!("cannot read `{}`: {error}", path.display()));
                    continue;
                }
            };
            match self.open(&bytes).and_then(&mut accept) {
                Ok(accepted) => return (Some((accepted, at)), wrong),
                Err(why) => wrong.push(format!("`{}` is not used: {why}", path.display())),
            }
        }
        (None, wrong)
    }

    /// The snapshot in a file's bytes, if they are what was once written.
    fn open(&self, bytes: &[u8]) -> Result<SyncResponse, String> {
        let rest = bytes.strip_prefix(MAGIC).ok_or("it is none of this program's files, or is not whole")?;
        let (sum, rest) = rest.split_first_chunk::<SHA256_OUTPUT_LEN>().ok_or("it is not whole")?;
        if *sum != sha256(rest) {
            return Err("it is damaged".to_owned());
        }
        let (key, message) = rest.split_first_chunk::<SHA256_OUTPUT_LEN>().ok_or("it is not whole")?;
        if *key != self.key {
            return Err("it was saved with another SDK key".to_owned());
        }
        SyncResponse::decode(message).map_err(|error| format!("its message cannot be read: {error}"))
    }

    /// Puts definitions there, for good once this is done.
    pub(crate) fn save(&self, snapshot: &SyncResponse) -> io::Result<Saved> {
        let mut file = vec![0; HEAD];
        file.extend_from_slice(&self.key);
        snapshot.encode(&mut file).map_err(io::Error::other)?;
        let sum = sha256(&file[HEAD..]);
        file[..MAGIC.len()].copy_from_slice(MAGIC);
        file[MAGIC.len()..HEAD].copy_from_slice(&sum);
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false)).open(self.beside(".lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Saved::Busy),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if self.has(&file) {
            return Ok(Saved::Known);
        }
        self.put(&file)?;
        Ok(Saved::Written)
    }

    /// Whether the newest file is these bytes; then it is as new as this moment.
    fn has(&self, bytes: &[u8]) -> bool {
        let Ok(mut file) = OpenOptions::new().read(true).write(true).open(&self.path) else { return false };
        let mut found = Vec::with_capacity(bytes.len());
        file.read_to_end(&mut found).is_ok() && found == bytes && file.set_modified(SystemTime::now()).is_ok()
    }

    fn put(&self, bytes: &[u8]) -> io::Result<()> {
        let new = self.beside(".new");
        let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        for age in (1..GENERATIONS).rev() {
            match fs::rename(self.generation(age - 1), self.generation(age)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&new, &self.path)?;
        sync_folder(&self.path)
    }

    fn generation(&self, age: usize) -> PathBuf {
        if age == 0 { self.path.clone() } else { self.beside(&format!(".{age}")) }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name: OsString = self.path.as_os_str().to_owned();
        name.push(ending);
        name.into()
    }
}

fn read(path: &Path) -> io::Result<(Vec<u8>, SystemTime)> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok((bytes, file.metadata()?.modified()?))
}

/// For whoever runs this program alone: definitions name people.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A name is for good once its folder is on the disk. Elsewhere folders cannot be opened, and need not be.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> [u8; SHA256_OUTPUT_LEN] {
    let mut sum = [0; SHA256_OUTPUT_LEN];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

#[cfg(test)]
mod tests;
