//! The tables, as Markdown.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::cell::Cell;
use crate::engines::{Engine, floor, stitch};
use crate::row::Row;
use crate::segment::Memory;
use crate::threads::Scaling;

/// What the tables say of an engine beside its numbers.
#[derive(Debug)]
pub struct About {
    name: &'static str,
    version: Option<String>,
    absent: &'static [(Row, &'static str)],
}

impl About {
    /// With the version that is locked.
    pub fn of<E: Engine>() -> Self {
        Self { name: E::NAME, version: locked(E::CRATE), absent: E::ABSENT }
    }

    fn is_peer(&self) -> bool {
        ![stitch::ByName::NAME, stitch::ByHandle::NAME, floor::ByName::NAME, floor::ByHandle::NAME].contains(&self.name)
    }

    fn heading(&self) -> String {
        match (&self.version, self.is_peer()) {
            (Some(version), true) => format!("{} {version}", self.name),
            _ => self.name.to_owned(),
        }
    }
}

/// The version of a crate in the lock file.
fn locked(name: &str) -> Option<String> {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&entry)?;
    rest.split_once('"').map(|(version, _)| version.to_owned())
}

/// Everything that was measured.
pub struct Report<'r> {
    /// Every engine, in the order of the columns.
    pub about: &'r [About],
    /// Every cell.
    pub cells: &'r [Cell],
    /// Of the segment.
    pub memory: &'r [Memory],
    /// Row J.
    pub scaling: &'r [Scaling],
    /// How many, and how long a batch is.
    pub rounds: (usize, Duration),
}

impl Report<'_> {
    fn cell(&self, row: Row, engine: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.row == row && cell.engine == engine)
    }

    fn median(&self, row: Row, engine: &str) -> Option<f64> {
        self.cell(row, engine).map(Cell::median)
    }

    fn rows() -> impl Iterator<Item = Row> {
        Row::ROUNDS.into_iter().chain(Row::SEGMENT)
    }

    fn fastest_peer(&self, row: Row) -> Option<(&About, f64)> {
        let peers = self.about.iter().filter(|about| about.is_peer());
        let medians = peers.filter_map(|about| Some((about, self.median(row, about.name)?)));
        medians.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// A table of all rows.
    fn table(out: &mut impl Write, engines: &[&About], cell: impl Fn(Row, &About) -> Option<String>) -> fmt::Result {
        heading(out, "row", engines.iter().map(|about| about.heading()))?;
        for row in Self::rows() {
            write!(out, "| {row} |")?;
            for about in engines {
                write!(out, " {} |", cell(row, about).unwrap_or_else(|| "—".to_owned()))?;
            }
            writeln!(out)?;
        }
        writeln!(out)
    }

    fn verdicts(&self, out: &mut impl Write) -> fmt::Result {
        heading(out, "row", ["stitch", "fastest peer", "ratio", "bar", "verdict"].map(str::to_owned).into_iter())?;
        for row in Self::rows() {
            let (Some(ours), Some((about, peer))) = (self.median(row, stitch::ByName::NAME), self.fastest_peer(row))
            else {
                continue;
            };
            let ratio = peer / ours;
            let (bar, verdict) = match row.bar() {
                Some(bar) => (format!("{bar}×"), met(ratio >= bar)),
                None => ("none set".to_owned(), if ratio > 1.0 { "fastest" } else { "**slower**" }),
            };
            writeln!(
                out,
                "| {row} | {} | {} in {} | {} | {bar} | {verdict} |",
                time(ours),
                about.name,
                time(peer),
                times(ratio)
            )?;
        }
        writeln!(out)?;
        heading(
            out,
            "row",
            ["by handle", "floor by handle", "ratio", "bar", "verdict"].map(str::to_owned).into_iter(),
        )?;
        for row in Self::rows() {
            let handle = self.median(row, stitch::ByHandle::NAME);
            let (Some(bar), Some(handle), Some(floor)) =
                (row.floor_bar(), handle, self.median(row, floor::ByHandle::NAME))
            else {
                continue;
            };
            let ratio = handle / floor;
            let verdict = met(ratio <= bar);
            writeln!(
                out,
                "| {row} | {} | {} | {} | at most {bar}× | {verdict} |",
                time(handle),
                time(floor),
                times(ratio)
            )?;
        }
        writeln!(out)
    }

    fn threads(&self, out: &mut impl Write) -> fmt::Result {
        let columns = ["1 thread, million a second", "2 threads", "2 threads to 1"];
        heading(out, "engine", columns.map(str::to_owned).into_iter())?;
        for scaling in self.scaling {
            let (one, two) = scaling.medians();
            writeln!(out, "| {} | {:.1} | {:.1} | {} |", scaling.engine, one / 1e6, two / 1e6, times(two / one))?;
        }
        writeln!(out)
    }

    fn reasons(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "Where there is no number:\n")?;
        for about in self.about.iter().filter(|about| about.is_peer()) {
            let mut last = "";
            for (row, why) in about.absent {
                if *why != last {
                    writeln!(out, "- {}, row {}: {why}.", about.name, &row.to_string()[..1])?;
                }
                last = why;
            }
        }
        writeln!(out)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.about.iter().collect();
        let peers: Vec<_> = self.about.iter().filter(|about| about.is_peer()).collect();
        writeln!(out, "### Verdicts\n")?;
        self.verdicts(out)?;
        writeln!(out, "### Peer to stitch by name\n")?;
        Self::table(out, &peers, |row, about| {
            Some(times(self.median(row, about.name)? / self.median(row, stitch::ByName::NAME)?))
        })?;
        let (rounds, batch) = self.rounds;
        writeln!(out, "### Time of one\n")?;
        writeln!(out, "The median of {rounds} interleaved rounds of {} ms a cell.\n", batch.as_millis())?;
        Self::table(out, &all, |row, about| Some(time(self.median(row, about.name)?)))?;
        self.reasons(out)?;
        writeln!(out, "### Allocations of one\n")?;
        Self::table(out, &all, |row, about| Some(count(self.cell(row, about.name)?.allocations)))?;
        writeln!(out, "### I, memory\n")?;
        heading(out, "engine", std::iter::once("bytes an id".to_owned()))?;
        for memory in self.memory {
            writeln!(out, "| {} | {:.0} |", memory.engine, memory.bytes)?;
        }
        writeln!(out, "\n### J, threads on row C\n")?;
        self.threads(out)
    }
}

fn heading(out: &mut impl Write, first: &str, columns: impl Iterator<Item = String>) -> fmt::Result {
    let mut rule = "|---|".to_owned();
    write!(out, "| {first} |")?;
    for column in columns {
        write!(out, " {column} |")?;
        rule.push_str("---:|");
    }
    writeln!(out, "\n{rule}")
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

fn times(ratio: f64) -> String {
    match ratio {
        _ if ratio < 100.0 => format!("{ratio:.2}×"),
        _ => format!("{ratio:.0}×"),
    }
}

/// Three digits and the unit that they fit.
fn time(nanoseconds: f64) -> String {
    let (number, unit) = match nanoseconds {
        _ if nanoseconds < 1e3 => (nanoseconds, "ns"),
        _ if nanoseconds < 1e6 => (nanoseconds / 1e3, "µs"),
        _ if nanoseconds < 1e9 => (nanoseconds / 1e6, "ms"),
        _ => (nanoseconds / 1e9, "s"),
    };
    let digits = match number {
        _ if number < 10.0 => 2,
        _ if number < 100.0 => 1,
        _ => 0,
    };
    format!("{number:.digits$} {unit}")
}

fn count(allocations: f64) -> String {
    let digits = usize::from(allocations.fract() != 0.0);
    format!("{allocations:.digits$}")
}
