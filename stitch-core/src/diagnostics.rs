//! What is wrong with a document: where, what, and how to mend it.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

mod locate;
pub(crate) mod nearest;

pub(crate) use locate::position_of_byte;

/// Whether a diagnostic refuses the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Refuses the document (strict), or sets aside what has it (lenient).
    Error,
    /// Something that is allowed and probably not meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($severity:ident { $($variant:ident $name:literal: $about:literal,)+ })+) => {
        /// The stable code of a diagnostic; what each means stands in section 9 of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $about] $variant,)+)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)+)+];

            /// The code as documents, tools and the contract write it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$variant => $name,)+)+
                }
            }

            /// Whether it refuses the document.
            pub fn severity(self) -> Severity {
                match self {
                    $($(Self::$variant)|+ => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    Error {
        DocumentTooLarge "document_too_large": "The text has more bytes than allowed.",
        MalformedJson "malformed_json": "The text is no JSON.",
        ByteOrderMark "byte_order_mark": "The text begins with a byte order mark.",
        DuplicateKey "duplicate_key": "An object has a key twice.",
        NestingTooDeep "nesting_too_deep": "Arrays and objects are too deep within one another.",
        StringTooLong "string_too_long": "A string has more bytes than allowed.",
        WrongType "wrong_type": "A value of another type than is asked for here.",
        MissingKey "missing_key": "A required key is absent.",
        NullInArray "null_in_array": "An array holds `null`.",
        BadSchemaVersion "bad_schema_version": "A `schema_version` that this reader does not know.",
        UnknownAlgorithm "unknown_algorithm": "No bucketing algorithm has that name.",
        UnknownType "unknown_type": "No type of flag has that name.",
        UnknownStage "unknown_stage": "No stage has that name.",
        UnknownOperator "unknown_operator": "No operator has that name.",
        UnknownEnvironment "unknown_environment": "The registry lists no such environment.",
        UnknownScope "unknown_scope": "No scope has that name.",
        UnknownVariant "unknown_variant": "The flag has no such variant.",
        UnknownSegment "unknown_segment": "The registry has no such segment.",
        UnknownFlag "unknown_flag": "The registry has no such flag.",
        BadKey "bad_key": "A flag's key has characters that keys cannot have.",
        BadName "bad_name": "A name is empty, too long or has control characters.",
        DuplicateFlag "duplicate_flag": "Two flags have one key.",
        DuplicateSegment "duplicate_segment": "Two segments have one key.",
        DuplicateRule "duplicate_rule": "Two rules of a flag have one id.",
        DuplicateVariant "duplicate_variant": "A split names a variant twice.",
        NoConditionForm "no_condition_form": "A condition has none of the forms.",
        ManyConditionForms "many_condition_forms": "A condition has more than one form.",
        UnexpectedValue "unexpected_value": "A value where the operator takes none.",
        IgnoreCaseNotAllowed "ignore_case_not_allowed": "`ignore_case` beside an operator that has none.",
        Cycle "cycle": "Flags or segments that need each other.",
        ValueMisfit "value_misfit": "A value that does not fit the flag's type.",
        PercentageOutOfRange "percentage_out_of_range": "A percentage outside 0 to 100.",
        BucketOutOfRange "bucket_out_of_range": "Bucket bounds outside 0 <= from < to <= 100000.",
        BadWeight "bad_weight": "A weight that is no non-negative integer below 2^32.",
        ZeroWeights "zero_weights": "A split whose weights are all zero.",
        WeightsTooLarge "weights_too_large": "A split whose weights sum to 2^32 or more.",
        BadPattern "bad_pattern": "A pattern outside the subset that all languages share.",
        PatternTooLong "pattern_too_long": "A pattern with more bytes than allowed.",
        PatternTooLarge "pattern_too_large": "A pattern whose compiled form is larger than allowed.",
        BadInstant "bad_instant": "Neither an RFC 3339 instant nor a number of milliseconds.",
        BadSemver "bad_semver": "No semantic version.",
        TooManyFlags "too_many_flags": "More flags than allowed.",
        TooManyRules "too_many_rules": "More rules than allowed.",
        ListTooLong "list_too_long": "A longer list than allowed.",
        UnpatchableKey "unpatchable_key": "A key that an environment cannot patch.",
        BadOverrideTarget "bad_override_target": "An override row whose user or tenant does not go with its scope.",
        DuplicateOverride "duplicate_override": "Two override rows with one target or one id.",
        ScopeNotAllowed "scope_not_allowed": "An override at a scope that the flag does not allow.",
        TooManyProblems "too_many_problems": "More problems than are kept.",
        RefersToInvalid "refers_to_invalid": "Set aside only because of what it refers to (lenient).",
    }
    Warning {
        UnknownKey "unknown_key": "A key that means nothing here.",
        UnreachableRule "unreachable_rule": "A rule that can never be reached.",
        UnusedSegment "unused_segment": "A segment that nothing uses.",
        SharedSalt "shared_salt": "A bucket condition whose salt is also a flag's.",
        InexpressiblePercentage "inexpressible_percentage": "A percentage that the algorithm cannot express.",
        LargeInteger "large_integer": "An integer that some JSON readers round.",
        UnreadableAttribute "unreadable_attribute": "A part of the context that conditions cannot read.",
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A place in the text: lines and columns count from 1, columns in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The byte within the line.
    pub column: usize,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// What it is, for programs.
    pub code: Code,
    /// Where it is: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong and how to mend it, for people.
    pub message: String,
    /// Where it is in the text; see [`Diagnostic::locate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, pointer: String, message: impl Into<String>) -> Self {
        Self { severity: code.severity(), code, pointer, message: message.into(), position: None }
    }

    pub(crate) fn at_position(self, line: usize, column: usize) -> Self {
        Self { position: Some(Position { line, column }), ..self }
    }

    /// Fills in `position` from the text that the document was read from.
    ///
    /// ```
    /// use stitch_core::{Definitions, Engine};
    ///
    /// let text = "{\"schema_version\": \"1.0\",\n \"flags\": [{\"key\": \"a\"}]}";
    /// let error = Engine::compile(&Definitions::from_json(text)?).unwrap_err();
    /// let diagnostic = error.diagnostics()[0].clone().locate(text.as_bytes());
    /// assert_eq!(diagnostic.to_string(), "2:12: error[missing_key] /flags/0: `default_value` is required: say what to serve while the gate is closed");
    /// # Ok::<(), stitch_core::DefinitionsError>(())
    /// ```
    #[must_use]
    pub fn locate(self, text: &[u8]) -> Self {
        let position = self.position.or_else(|| locate::position(text, &self.pointer));
        Self { position, ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(formatter, "{line}:{column}: ")?;
        }
        let place = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        write!(formatter, "{}[{}] {place}: {}", self.severity.as_str(), self.code, self.message)
    }
}

/// A refused document: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Lines(.diagnostics))]
pub struct DefinitionsError {
    diagnostics: Vec<Diagnostic>,
}

impl DefinitionsError {
    pub(crate) fn new(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics }
    }

    /// Every problem found, warnings among them, in the order in which they were found.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The same, owned.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

struct Lines<'a>(&'a [Diagnostic]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the definitions are refused")?;
        for diagnostic in self.0 {
            write!(formatter, "\n  {diagnostic}")?;
        }
        Ok(())
    }
}

/// Diagnostics as they are found, up to a bound: a place can be as long as the document, and there can be as many.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Bytes that may still be kept.
    room: usize,
    left_out: usize,
    /// Whether an error is among those left out; warnings alone refuse nothing.
    error_left_out: bool,
}

impl Default for Found {
    fn default() -> Self {
        Self { diagnostics: Vec::new(), room: crate::limits::DIAGNOSTICS_BYTES, left_out: 0, error_left_out: false }
    }
}

impl Found {
    /// Keeps a diagnostic, or counts it where there is no room; only a kept one is made.
    pub(crate) fn push(&mut self, code: Code, make: impl FnOnce() -> Diagnostic) {
        if self.room == 0 {
            self.left_out += 1;
            self.error_left_out |= code.severity() == Severity::Error;
            return;
        }
        let diagnostic = make();
        self.room =
            self.room.saturating_sub(diagnostic.pointer.len() + diagnostic.message.len() + size_of::<Diagnostic>());
        self.diagnostics.push(diagnostic);
    }

    /// All of them; the last one says how many were left out.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        if self.left_out > 0 {
            let message = format!("{} more problems are not listed: mend these first", self.left_out);
            let severity = if self.error_left_out { Severity::Error } else { Severity::Warning };
            let last = Diagnostic::new(Code::TooManyProblems, String::new(), message);
            self.diagnostics.push(Diagnostic { severity, ..last });
        }
        self.diagnostics
    }
}

/// One step of a path into a document.
#[derive(Clone, Debug)]
pub(crate) enum Token<'a> {
    Key(Cow<'a, str>),
    Index(usize),
}

/// The JSON Pointer of a path.
pub(crate) fn pointer<'t, 'a: 't>(path: impl IntoIterator<Item = &'t Token<'a>>) -> String {
    let mut pointer = String::new();
    for token in path {
        pointer.push('/');
        match token {
            Token::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Token::Index(index) => pointer.push_str(&index.to_string()),
        }
    }
    pointer
}

/// Whether any of them refuses the document.
pub(crate) fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}
