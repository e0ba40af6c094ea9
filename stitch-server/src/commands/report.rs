//! What is wrong with a registry file, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;
use stitch_core::{Definitions, Diagnostic, Engine, Position, Severity};

use super::excerpt::{Excerpt, excerpt};
use super::places::{Located, locate};
use super::source::Source;
use super::text::{count, printable};

/// Diagnostics that are printed for people. Who has more has one cause for many of them.
const PRINTED: usize = 100;
/// Characters of a message that are printed for people: one that names a cycle of thousands fills no screen.
const MESSAGE: usize = 1_000;
const POINTER: usize = 300;

/// What compiling a registry file had to say.
#[derive(Debug)]
pub(super) struct Report<'s> {
    source: &'s Source,
    /// In the order of the text.
    located: Vec<Located>,
    errors: usize,
    sections: Sections,
}

/// How many entries each section of the document has.
#[derive(Clone, Copy, Debug, Default)]
struct Sections {
    flags: usize,
    segments: usize,
    overrides: usize,
}

/// Compiles a registry file: an engine unless it has errors, and the report in any case.
pub(super) fn compile(source: &Source) -> (Option<Engine>, Report<'_>) {
    let mut sections = Sections::default();
    let compiled = Definitions::from_json(&source.text).and_then(|definitions| {
        let section = |key| match definitions.document().get(key) {
            Some(stitch_core::Json::Array(entries)) => entries.len(),
            _ => 0,
        };
        sections = Sections { flags: section("flags"), segments: section("segments"), overrides: section("overrides") };
        Engine::compile(definitions)
    });
    let (engine, diagnostics) = match compiled {
        Ok(engine) => {
            let warnings = engine.diagnostics().to_vec();
            (Some(engine), warnings)
        }
        Err(error) => (None, error.into_diagnostics()),
    };
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    (engine, Report { source, located: locate(&source.text, &diagnostics), errors, sections })
}

impl Report<'_> {
    /// Whether there is no error.
    pub(super) fn is_sound(&self) -> bool {
        self.errors == 0
    }

    /// For people: each diagnostic with its line, then a summary.
    pub(super) fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        let hidden = self.located.len().saturating_sub(PRINTED);
        for located in self.printed() {
            text += &self.entry(located, paint);
            text.push('\n');
        }
        if hidden > 0 {
            let _ = writeln!(text, "and {hidden} more (--format json has them all)\n");
        }
        text + &self.summary()
    }

    /// What is printed. Warnings make room, so that no error is left out for a warning.
    fn printed(&self) -> impl Iterator<Item = &Located> {
        let mut room_for_warnings = PRINTED.saturating_sub(self.errors);
        let fits = move |located: &&Located| match located.diagnostic.severity {
            Severity::Error => true,
            Severity::Warning => {
                let fits = room_for_warnings > 0;
                room_for_warnings = room_for_warnings.saturating_sub(1);
                fits
            }
        };
        self.located.iter().filter(fits).take(PRINTED)
    }

    fn entry(&self, Located { diagnostic, offset }: &Located, paint: Paint) -> String {
        let Diagnostic { severity, code, pointer, message, position, .. } = diagnostic;
        let Position { line, column } = position.unwrap_or(Position { line: 1, column: 1 });
        let name = printable(&self.source.name, usize::MAX);
        let pointer = if pointer.is_empty() { "the document".into() } else { printable(pointer, POINTER) };
        let place = paint.bold(&format!("{name}:{line}:{column}:"));
        let kind = paint.severity(*severity, &format!("{}[{code}]", severity.as_str()));
        let mut entry = format!("{place} {kind}: {}\n  at {pointer}\n", printable(message, MESSAGE));
        let Excerpt { line: source_line, caret } = excerpt(&self.source.text, *offset);
        // Where a text ends too early there is nothing to see.
        if !source_line.trim().is_empty() {
            let margin = " ".repeat(line.to_string().len());
            let caret = format!("{}{}", " ".repeat(caret), paint.severity(*severity, "^"));
            let _ = writeln!(entry, "  {line} | {}\n  {margin} | {caret}", source_line.trim_end());
        }
        entry
    }

    fn summary(&self) -> String {
        let name = printable(&self.source.name, usize::MAX);
        let warnings = self.located.len() - self.errors;
        let found: Vec<String> = [(self.errors, "error"), (warnings, "warning")]
            .into_iter()
            .filter(|&(number, _)| number > 0)
            .map(|(number, word)| count(number, word))
            .collect();
        let found = found.join(", ");
        if !self.is_sound() {
            return format!("{found} in {name}\n");
        }
        let Sections { flags, segments, overrides } = self.sections;
        let with = if warnings == 0 { String::new() } else { format!(", with {found}") };
        let (flags, segments) = (count(flags, "flag"), count(segments, "segment"));
        format!("{name} is sound{with}: {flags}, {segments}, {}\n", count(overrides, "override"))
    }

    /// For programs: all diagnostics, in one JSON object on one line.
    pub(super) fn json(&self) -> String {
        let file = &self.source.name;
        let diagnostics = self.located.iter().map(|located| &located.diagnostic).collect();
        let warnings = self.located.len() - self.errors;
        let wire = Wire { file, valid: self.is_sound(), errors: self.errors, warnings, diagnostics };
        let json = serde_json::to_string(&wire).unwrap_or_else(|error| unreachable!("texts and numbers: {error}"));
        json + "\n"
    }
}

#[derive(Serialize)]
struct Wire<'r> {
    file: &'r str,
    valid: bool,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<&'r Diagnostic>,
}

/// Colours, where the reader sees them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Paint {
    Plain,
    Colour,
}

impl Paint {
    pub(super) fn new(colour: bool) -> Self {
        if colour { Self::Colour } else { Self::Plain }
    }

    fn bold(self, text: &str) -> String {
        self.style("1", text)
    }

    fn severity(self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Error => self.style("1;31", text),
            Severity::Warning => self.style("1;33", text),
        }
    }

    fn style(self, style: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\u{1b}[{style}m{text}\u{1b}[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_changes_nothing_but_the_colour() {
        let source = Source { name: "a.json".to_owned(), text: b"{\"schema_version\": 1}".to_vec() };
        let (engine, report) = compile(&source);
        let coloured = report.text(Paint::new(true));
        assert!(engine.is_none() && coloured.contains("\u{1b}[1;31m^\u{1b}[0m"));
        let plain = ["1", "1;31", "0"].iter().fold(coloured, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
        assert_eq!(plain, report.text(Paint::new(false)));
    }
}
