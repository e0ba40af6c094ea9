//! The text that Prometheus reads. No label holds a user's or a flag's value: they are of addresses, methods, statuses,
//! reasons and revisions alone.

use std::fmt;
use std::time::UNIX_EPOCH;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, LabelSetEncoder, MetricEncoder, NoLabelSet, prometheus_text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::metrics::{BOUNDS, Durations};
use crate::source::Source;
use crate::state::AppState;
use crate::wire::{CONTRACT_VERSION, VERSION};

/// Of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics as they are now.
///
/// # Errors
///
/// None that the caller could cause.
pub fn exposition(state: &AppState) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("stitch");
    registry.register_collector(Box::new(Scrape(state.clone())));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry)?;
    Ok(text)
}

/// What the state counts, in the encoder's terms.
#[derive(Debug)]
struct Scrape(AppState);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.build(&mut encoder)?;
        self.registry(&mut encoder)?;
        self.store(&mut encoder)?;
        self.evaluations(&mut encoder)?;
        self.events(&mut encoder)?;
        self.logins(&mut encoder)?;
        self.requests(&mut encoder)?;
        self.durations(&mut encoder)
    }
}

impl Scrape {
    fn build(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let labels = Labels([("version", VERSION), ("contract_version", CONTRACT_VERSION)]);
        gauge(encoder, "build_info", "The server that answers.", None, &labels, 1)?;
        let uptime = self.0.uptime().as_secs();
        gauge(encoder, "uptime", "Since the server started.", Some(&Unit::Seconds), &Labels([]), uptime)
    }

    fn registry(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let served = self.0.load_full();
        let registry = &served.registry;
        let source = match self.0.source() {
            Source::Embedded => "embedded",
            Source::File(_) => "file",
            Source::Store => "store",
        };
        let labels = Labels([("revision", registry.revision.as_str()), ("source", source)]);
        gauge(encoder, "registry_info", "The registry that serves.", None, &labels, 1)?;
        let loaded = registry.loaded_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let help = "When the registry that serves was loaded, since the epoch.";
        gauge(encoder, "registry_loaded_timestamp", help, Some(&Unit::Seconds), &Labels([]), loaded)?;
        let age = registry.loaded_at.elapsed().unwrap_or_default().as_secs();
        let help = "Since the registry that serves was loaded.";
        gauge(encoder, "registry_age", help, Some(&Unit::Seconds), &Labels([]), age)?;
        let refused = u64::from(served.refused.is_some());
        let help = "1 while the newest registry is refused and the last good one serves, else 0.";
        gauge(encoder, "registry_refused", help, None, &Labels([]), refused)?;
        let flags = registry.counts.flags as u64;
        gauge(encoder, "registry_flags", "Flags of the registry that serves.", None, &Labels([]), flags)
    }

    fn store(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let revision = self.0.load_full().model.head.revision;
        let help = "Of the last write that this server knows of.";
        gauge(encoder, "store_revision", help, None, &Labels([]), revision)?;
        let away = u64::from(self.0.store_away().is_some());
        let help = "1 while the store does not answer or takes no writes, else 0.";
        gauge(encoder, "store_away", help, None, &Labels([]), away)?;
        if self.0.settings().redis.is_some() {
            let away = u64::from(self.0.hints().away().is_some());
            let help = "1 while other servers cannot be heard through Redis, else 0.";
            gauge(encoder, "redis_away", help, None, &Labels([]), away)?;
        }
        let help = "From when a write is decided until the store has it, or has refused it.";
        let unit = Some(&Unit::Seconds);
        let mut family = encoder.encode_descriptor("store_commit_duration", help, unit, MetricType::Histogram)?;
        histogram(family.encode_family(&Labels([]))?, &self.0.metrics().commits())
    }

    fn evaluations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Evaluations, by reason.";
        let mut family = encoder.encode_descriptor("evaluations", help, None, MetricType::Counter)?;
        for (reason, count) in self.0.metrics().evaluations() {
            let labels = Labels([("reason", reason.as_str())]);
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }

    fn events(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Events of SDK clients, by whether they count.";
        let mut family = encoder.encode_descriptor("events", help, None, MetricType::Counter)?;
        let (accepted, rejected) = self.0.metrics().events();
        for (outcome, count) in [("accepted", accepted), ("rejected", rejected)] {
            family
                .encode_family(&Labels([("outcome", outcome)]))?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }

    fn logins(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Logins with a wrong password, or to no account.";
        let mut family = encoder.encode_descriptor("logins_failed", help, None, MetricType::Counter)?;
        let failed = self.0.metrics().logins_failed();
        family.encode_family(&Labels([]))?.encode_counter::<NoLabelSet, _, u64>(&failed, None)
    }

    fn requests(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests answered, by address, method and status.";
        let mut family = encoder.encode_descriptor("http_requests", help, None, MetricType::Counter)?;
        for route in self.0.metrics().routes() {
            for (method, status, count) in route.answers() {
                let status = if status == 0 { "other".to_owned() } else { status.to_string() };
                let labels = Labels([("route", route.template()), ("method", method), ("status", &status)]);
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        Ok(())
    }

    fn durations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "From the head of a request to its answer.";
        let unit = Some(&Unit::Seconds);
        let mut family = encoder.encode_descriptor("http_request_duration", help, unit, MetricType::Histogram)?;
        for route in self.0.metrics().routes() {
            let took = route.took();
            if took.buckets.iter().any(|count| *count > 0) {
                histogram(family.encode_family(&Labels([("route", route.template())]))?, &took)?;
            }
        }
        Ok(())
    }
}

fn histogram(mut encoder: MetricEncoder<'_>, took: &Durations) -> fmt::Result {
    #[expect(clippy::cast_precision_loss, reason = "bounds are small and exact")]
    let bounds = BOUNDS.iter().map(|&microseconds| microseconds as f64 / 1e6).chain([f64::INFINITY]);
    let buckets: Vec<_> = bounds.zip(took.buckets).collect();
    encoder.encode_histogram::<NoLabelSet>(took.total.as_secs_f64(), took.buckets.iter().sum(), &buckets, None)
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    labels: &impl EncodeLabelSet,
    value: u64,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
    family.encode_family(labels)?.encode_gauge(&value)
}

/// Names and values.
#[derive(Debug)]
struct Labels<'a, const N: usize>([(&'static str, &'a str); N]);

impl<const N: usize> EncodeLabelSet for Labels<'_, N> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }
}
