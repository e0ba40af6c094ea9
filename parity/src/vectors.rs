//! Vector files, read.

use std::fmt;
use std::path::{Path, PathBuf};

use stitch_core::Json;

use crate::expand;

/// The folder that has `contract.json` and `vectors/`.
pub fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A registry and what is asked of it.
#[derive(Debug)]
pub struct Group {
    /// The file's name without its ending.
    pub file: String,
    /// The registry document.
    pub registry: String,
    /// How it is compiled.
    pub lenient: bool,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// One named case.
#[derive(Debug)]
pub struct Case {
    /// Unique in the file.
    pub name: String,
    /// What must come out.
    pub expect: Expect,
}

/// What a case asserts.
#[derive(Debug)]
pub enum Expect {
    /// Each question has this result.
    Results(Vec<(Question, Json<'static>)>),
    /// Evaluating for this context is refused, or is not.
    ContextRefused(String, bool),
    /// The group's registry has exactly these diagnostics: severity, code, pointer.
    Diagnostics(Vec<[String; 3]>),
    /// A flag, a change of its stage, and what comes of it.
    Stage(Json<'static>),
}

/// A flag and for whom it is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The flag's key.
    pub flag: String,
    /// The context document.
    pub context: String,
    /// Whether the answer must have a trace.
    pub trace: bool,
}

/// A vector file that cannot be used.
#[derive(Debug)]
pub struct VectorError {
    file: PathBuf,
    message: String,
}

impl fmt::Display for VectorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file.display(), self.message)
    }
}

impl std::error::Error for VectorError {}

/// Reads `contract.json` and every file of `vectors/`.
///
/// # Errors
///
/// If a file is missing, is no JSON, or is not of the form that `README.md` describes; an empty set is an error too.
pub fn load(directory: &Path) -> Result<Vec<Group>, VectorError> {
    let fail = |file: &Path, message: String| VectorError { file: file.to_owned(), message };
    let vectors = directory.join("vectors");
    let entries = std::fs::read_dir(&vectors).map_err(|error| fail(&vectors, error.to_string()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(fail(&vectors, "there are no vectors".to_owned()));
    }
    files.insert(0, directory.join("contract.json"));
    let mut groups = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|error| fail(&file, error.to_string()))?;
        let document = Json::parse(&text).map_err(|error| fail(&file, error.to_string()))?.into_owned();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let read = expand::groups(&name, &document).map_err(|message| fail(&file, message))?;
        if read.iter().all(|group| group.cases.is_empty()) {
            return Err(fail(&file, "there are no cases".to_owned()));
        }
        groups.extend(read);
    }
    whole(&groups).map_err(|message| fail(directory, message))?;
    Ok(groups)
}

/// The contract's own numbers: exactly nineteen cases, and at least four hundred vectors.
fn whole(groups: &[Group]) -> Result<(), String> {
    let count = |contract: bool| -> usize {
        groups.iter().filter(|group| (group.file == "contract") == contract).map(|group| group.cases.len()).sum()
    };
    match (count(true), count(false)) {
        (19, 400..) => Ok(()),
        (contract, vectors) => Err(format!("there are {contract} cases of the contract and {vectors} vectors")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_is_not_whole_is_refused() {
        assert!(whole(&[]).is_err());
        // A folder without vectors.
        assert!(load(&directory().join("src")).is_err());
    }
}
