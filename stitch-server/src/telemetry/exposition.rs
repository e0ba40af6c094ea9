//! The text that Prometheus reads. No label holds a user's or a flag's value: they are of addresses, methods, statuses,
//! reasons and revisions alone.

use std::fmt;
use std::time::UNIX_EPOCH;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, LabelSetEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::metrics::BOUNDS;
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
        self.evaluations(&mut encoder)?;
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

    fn evaluations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Evaluations, by reason.";
        let mut family = encoder.encode_descriptor("evaluations", help, None, MetricType::Counter)?;
        for (reason, count) in self.0.metrics().evaluations() {
            let labels = Labels([("reason", reason.as_str())]);
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
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
            let counts = route.buckets();
            let total = counts.iter().sum();
            if total == 0 {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "bounds are small and exact")]
            let bounds = BOUNDS.iter().map(|&microseconds| microseconds as f64 / 1e6).chain([f64::INFINITY]);
            let buckets: Vec<_> = bounds.zip(counts).collect();
            let seconds = route.time().as_secs_f64();
            let labels = Labels([("route", route.template())]);
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(seconds, total, &buckets, None)?;
        }
        Ok(())
    }
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
