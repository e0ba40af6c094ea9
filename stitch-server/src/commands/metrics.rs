//! `stitch-server metrics`: the metrics that SDK clients may report, by the same functions as over HTTP.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::store::{StoreArgs, block_on, told};
use super::table::table;
use super::text::printable;
use super::{REFUSED, SUCCESS, UNUSABLE, complain, emit};
use crate::audit::Action;
use crate::caller::Caller;
use crate::error::Error;
use crate::model::{Metric, MetricType, Model, Stored};
use crate::store::Store;
use crate::store::sqlite::Access;
use crate::writes::{Draft, visit};

/// List and change the metrics that SDK clients may report
#[derive(Args, Clone, Debug)]
#[command(after_help = "Exit status: 0 done, 1 refused, 2 the store cannot be used.")]
pub struct Metrics {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// List them
    List(StoreArgs),
    /// Define one
    Add {
        /// Its key
        key: String,
        /// The type of its values
        #[arg(long = "type", value_enum)]
        value_type: MetricType,
        /// What it is, in your words
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Describe one anew
    Describe {
        /// Its key
        key: String,
        /// What it is, in your words
        description: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Remove one; events of it that are stored stay
    Remove {
        /// Its key
        key: String,
        #[command(flatten)]
        store: StoreArgs,
    },
}

impl ValueEnum for MetricType {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.as_str()))
    }
}

impl Metrics {
    /// Does it, beside a server or without one.
    pub fn run(&self) -> ExitCode {
        let (Command::List(store)
        | Command::Add { store, .. }
        | Command::Describe { store, .. }
        | Command::Remove { store, .. }) = &self.command;
        let opened = store.file().and_then(|_| store.store.open(Access::Visit).map_err(|error| error.to_string()));
        let done = opened.and_then(|store| block_on(self.command.run(&*store)));
        match done {
            Ok(Ok(text)) => emit(&text, SUCCESS),
            Ok(Err(error)) => complain(&format!("error: {}\n", told(&error)), REFUSED),
            Err(error) => complain(&format!("error: {error}\n"), UNUSABLE),
        }
    }
}

impl Command {
    async fn run(&self, store: &dyn Store) -> Result<String, Error> {
        match self {
            Self::List(_) => list(store).await,
            Self::Add { key, value_type, description, .. } => {
                let metric = Metric { value_type: *value_type, description: description.clone() };
                let create = |draft: &mut Draft| draft.create_metric(key, &metric).map(|_| ());
                write(store, "metric.create", key, create).await
            }
            Self::Describe { key, description, .. } => {
                let update = |draft: &mut Draft| {
                    let (before, revision) = seen(draft, key)?;
                    let metric = Metric { description: Some(description.clone()), ..before };
                    draft.update_metric(key, &metric, Some(revision)).map(|_| ())
                };
                write(store, "metric.update", key, update).await
            }
            Self::Remove { key, .. } => {
                let remove = |draft: &mut Draft| {
                    let (_, revision) = seen(draft, key)?;
                    draft.remove_metric(key, Some(revision))
                };
                write(store, "metric.remove", key, remove).await
            }
        }
    }
}

/// The metric as it is: whoever sits at the machine means that one.
fn seen(draft: &Draft, key: &str) -> Result<(Metric, u64), Error> {
    let revision = Metric::among(draft.model()).get(key).map_or(0, |object| object.revision);
    draft.seen::<Metric>(key, Some(revision)).map(|object| (object.body.clone(), object.revision))
}

async fn write(
    store: &dyn Store,
    action: &'static str,
    key: &str,
    decide: impl Fn(&mut Draft) -> Result<(), Error>,
) -> Result<String, Error> {
    visit::write(store, &Caller::operator_of_the_machine(), &Action::new(action, key), decide).await?;
    Ok(String::new())
}

async fn list(store: &dyn Store) -> Result<String, Error> {
    let model = store.load().await.and_then(Model::read).map_err(|error| visit::away(&error))?;
    let rows = model.metrics.iter().map(|(key, object)| {
        let Metric { value_type, description } = &object.body;
        let description = printable(description.as_deref().unwrap_or_default(), 100).into_owned();
        vec![key.clone(), value_type.as_str().to_owned(), object.revision.to_string(), description]
    });
    Ok(table(&["key", "type", "revision", "description"], &rows.collect::<Vec<_>>()))
}
