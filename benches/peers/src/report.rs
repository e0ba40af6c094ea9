//! The tables, as Markdown.

use std::fmt::{self, Write};

use crate::cell::{Cell, Spread, THE_LOOP};
use crate::engines::{Engine, floor, stitch};
use crate::row::Row;
use crate::run::Plan;
use crate::segment::Memory;
use crate::threads::Scaling;

/// What the tables say of an engine beside its numbers.
#[derive(Debug)]
pub struct About {
    name: &'static str,
    version: Option<String>,
    tells_why: bool,
    is_peer: bool,
    absent: &'static [(Row, &'static str)],
}

impl About {
    /// A peer, with the version that is locked.
    pub fn peer<E: Engine>() -> Self {
        Self { version: locked(E::CRATE), is_peer: true, ..Self::ours::<E>() }
    }

    /// stitch or the floor.
    pub fn ours<E: Engine>() -> Self {
        Self { name: E::NAME, version: None, tells_why: E::TELLS_WHY, is_peer: false, absent: E::ABSENT }
    }

    fn heading(&self) -> String {
        self.version.as_ref().map_or_else(|| self.name.to_owned(), |version| format!("{} {version}", self.name))
    }
}

/// The version of a crate in the lock file.
fn locked(name: &str) -> Option<String> {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&entry)?;
    rest.split_once('"').map(|(version, _)| version.to_owned())
}

/// Every row but J.
pub struct Report<'r> {
    /// Every engine, in the order of the columns.
    pub about: &'r [About],
    /// Every cell.
    pub cells: &'r [Cell],
    /// How often it was measured.
    pub plan: &'r Plan,
}

impl Report<'_> {
    fn cell(&self, row: Row, engine: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.row == row && cell.engine == engine)
    }

    fn median(&self, row: Row, engine: &str) -> Option<f64> {
        self.cell(row, engine).map(Cell::median)
    }

    /// What a peer is held against: ours by name, telling as much as the peer does.
    fn ours(&self, row: Row, peer: &About) -> Option<&Cell> {
        let value = self.cell(row, stitch::ByName::<false>::NAME).filter(|_| !peer.tells_why);
        value.or_else(|| self.cell(row, stitch::ByName::<true>::NAME))
    }

    fn ratio(&self, row: Row, peer: &About) -> Option<Spread> {
        Some(Spread::of_ratios(self.cell(row, peer.name)?, self.ours(row, peer)?))
    }

    /// The peer that comes nearest to ours.
    fn nearest(&self, row: Row) -> Option<(&About, Spread)> {
        let peers = self.about.iter().filter(|about| about.is_peer);
        let ratios = peers.filter_map(|peer| Some((peer, self.ratio(row, peer)?)));
        ratios.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median))
    }

    fn verdicts(&self, out: &mut impl Write) -> fmt::Result {
        heading(out, "row", ["nearest peer", "its time", "ours", "ratio", "half of the rounds", "bar", "verdict"])?;
        for row in rows() {
            let Some((peer, ratio)) = self.nearest(row) else { continue };
            let (Some(theirs), Some(ours)) = (self.median(row, peer.name), self.ours(row, peer)) else { continue };
            let (bar, verdict) = match row.bar() {
                Some(bar) => (format!("{bar}×"), met(ratio.median >= bar)),
                None => ("none set".to_owned(), if ratio.median > 1.0 { "faster" } else { "**slower**" }),
            };
            let (theirs, ours, half) = (time(theirs), time(ours.median()), half(ratio));
            let ratio = times(ratio.median);
            writeln!(out, "| {row} | {} | {theirs} | {ours} | {ratio} | {half} | {bar} | {verdict} |", peer.name)?;
        }
        writeln!(out)?;
        writeln!(
            out,
            "By handle against the floor, in the loop that both are asked in; beside it what is left of the ratio where \
             the time of that loop with nothing in it is taken off both.\n"
        )?;
        let columns = [
            "handle, value",
            "floor by handle",
            THE_LOOP,
            "without it",
            "ratio",
            "half of the rounds",
            "bar",
            "verdict",
        ];
        heading(out, "row", columns)?;
        for row in rows() {
            let handle = self.cell(row, stitch::ByHandle::<false>::NAME);
            let (floor, empty) = (self.cell(row, floor::ByHandle::NAME), self.cell(row, THE_LOOP));
            let (Some(bar), Some(handle), Some(floor), Some(empty)) = (row.floor_bar(), handle, floor, empty) else {
                continue;
            };
            let ratio = Spread::of_ratios(handle, floor);
            let without = times((handle.median() - empty.median()) / (floor.median() - empty.median()));
            let [handle, floor, empty] = [handle, floor, empty].map(|cell| time(cell.median()));
            let (verdict, half, ratio) = (met(ratio.median <= bar), half(ratio), times(ratio.median));
            writeln!(
                out,
                "| {row} | {handle} | {floor} | {empty} | {without} | {ratio} | {half} | at most {bar}× | {verdict} |"
            )?;
        }
        writeln!(out)
    }

    fn reasons(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "Where there is no number:\n")?;
        for about in self.about.iter().filter(|about| about.is_peer) {
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
        let peers: Vec<_> = self.about.iter().filter(|about| about.is_peer).collect();
        let Plan { rounds, batch, segment_rounds, .. } = self.plan;
        writeln!(out, "### Verdicts\n")?;
        writeln!(
            out,
            "Medians of {rounds} rounds, of row I {segment_rounds}; a ratio is taken within a round, and half of the \
             rounds' lie where the table says.\n"
        )?;
        self.verdicts(out)?;
        writeln!(out, "### Peer to stitch by name\n")?;
        let why = peers.iter().filter(|about| about.tells_why).map(|about| about.name);
        writeln!(
            out,
            "Held against `evaluate` where the peer tells more than the value ({}), against `bool` where it does not.\n",
            why.collect::<Vec<_>>().join(", ")
        )?;
        table(out, &peers, |row, about| Some(times(self.ratio(row, about)?.median)))?;
        writeln!(out, "### Time of one\n")?;
        writeln!(out, "In rounds of {} ms a cell, or of one time where that is longer.\n", batch.as_millis())?;
        table(out, &all, |row, about| Some(time(self.median(row, about.name)?)))?;
        self.reasons(out)
    }
}

/// What an engine allocates on a row.
#[derive(Debug)]
pub struct Counted {
    /// The row.
    pub row: Row,
    /// [`Engine::NAME`].
    pub engine: &'static str,
    /// Calls of the allocator.
    pub allocations: f64,
}

/// What is allocated and held.
pub struct Counts<'r> {
    /// Every engine, in the order of the columns.
    pub about: &'r [About],
    /// Of every cell.
    pub allocations: &'r [Counted],
    /// Of the segment.
    pub memory: &'r [Memory],
}

impl fmt::Display for Counts<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "### Allocations of one\n")?;
        table(out, &self.about.iter().collect::<Vec<_>>(), |row, about| {
            let counted = self.allocations.iter().find(|counted| counted.row == row && counted.engine == about.name)?;
            Some(count(counted.allocations))
        })?;
        writeln!(out, "### I, memory\n")?;
        heading(out, "engine", ["bytes an id"])?;
        for memory in self.memory {
            writeln!(out, "| {} | {:.0} |", memory.engine, memory.bytes)?;
        }
        writeln!(out)
    }
}

/// Row J.
pub struct Threads<'r> {
    /// Of every engine.
    pub scaling: &'r [Scaling],
    /// How often it was measured.
    pub plan: &'r Plan,
}

impl fmt::Display for Threads<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { thread_rounds, thread_time, .. } = self.plan;
        writeln!(out, "### J, threads on row C\n")?;
        writeln!(
            out,
            "Medians of {thread_rounds} rounds of {} ms with one thread and with two.\n",
            thread_time.as_millis()
        )?;
        heading(out, "engine", ["1 thread, million a second", "2 threads", "2 threads to 1"])?;
        for scaling in self.scaling {
            let (one, two, ratio) = scaling.medians();
            writeln!(out, "| {} | {:.1} | {:.1} | {} |", scaling.engine, one / 1e6, two / 1e6, times(ratio))?;
        }
        Ok(())
    }
}

fn rows() -> impl Iterator<Item = Row> {
    Row::ROUNDS.into_iter().chain(Row::SEGMENT)
}

/// A table of all rows.
fn table(out: &mut impl Write, engines: &[&About], cell: impl Fn(Row, &About) -> Option<String>) -> fmt::Result {
    heading(out, "row", engines.iter().map(|about| about.heading()))?;
    for row in rows() {
        write!(out, "| {row} |")?;
        for about in engines {
            write!(out, " {} |", cell(row, about).unwrap_or_else(|| "—".to_owned()))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

fn half(ratio: Spread) -> String {
    format!("{} to {}", times(ratio.low), times(ratio.high))
}

fn heading(out: &mut impl Write, first: &str, columns: impl IntoIterator<Item: fmt::Display>) -> fmt::Result {
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
