//! `stitch-server metrics`: the metrics that SDK clients may report, by the same functions as `/v1/metrics`.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::table::table;
use super::text::printable;
use super::visit::{At, Failure, tell};
use crate::audit::Action;
use crate::model::{Metric, MetricType};
use crate::writes::Draft;

/// Define, list, describe and remove the metrics that SDK clients may report.
#[derive(Args, Debug)]
pub struct Metrics {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Define a metric
    Create {
        #[command(flatten)]
        at: At,
        /// Its key
        key: String,
        /// The type of its values
        #[arg(long = "type", value_enum)]
        value_type: MetricType,
        /// What it is, in your words
        #[arg(long)]
        description: Option<String>,
    },
    /// List the metrics
    List {
        #[command(flatten)]
        at: At,
    },
    /// Describe a metric anew
    Update {
        #[command(flatten)]
        at: At,
        /// Its key
        key: String,
        /// What it is, in your words
        #[arg(long)]
        description: String,
    },
    /// Remove a metric; events of it that are stored stay
    Remove {
        #[command(flatten)]
        at: At,
        /// Its key
        key: String,
    },
}

impl Metrics {
    /// Does it, and says what came of it.
    pub fn run(&self) -> ExitCode {
        tell(self.command.run())
    }
}

/// Whoever sits at the machine means the metric as it is.
fn as_it_is(draft: &Draft, key: &str) -> Option<u64> {
    draft.model().metrics.get(key).map(|metric| metric.revision)
}

impl Command {
    fn run(&self) -> Result<String, Failure> {
        match self {
            Self::Create { at, key, value_type, description } => {
                let metric = Metric { value_type: *value_type, description: description.clone() };
                at.open()?.write(&Action::new("metric.create", key), |draft| draft.create_metric(key, &metric))?;
                Ok(format!("{key} may be reported\n"))
            }
            Self::List { at } => {
                let model = at.open()?.model()?;
                let rows = model.metrics.iter().map(|(key, object)| {
                    let Metric { value_type, description } = &object.body;
                    let description = printable(description.as_deref().unwrap_or_default(), 100).into_owned();
                    vec![key.clone(), value_type.as_str().to_owned(), description]
                });
                Ok(table(&["key", "type", "description"], &rows.collect::<Vec<_>>()))
            }
            Self::Update { at, key, description } => {
                at.open()?.write(&Action::new("metric.update", key), |draft| {
                    draft.describe_metric(key, Some(description.clone()), as_it_is(draft, key))
                })?;
                Ok(format!("{key} is described\n"))
            }
            Self::Remove { at, key } => {
                at.open()?.write(&Action::new("metric.remove", key), |draft| {
                    draft.remove_metric(key, as_it_is(draft, key))
                })?;
                Ok(format!("{key} is removed\n"))
            }
        }
    }
}
