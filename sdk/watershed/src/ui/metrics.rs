//! A job as Prometheus reads it.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, prometheus_text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use watershed_model::Timestamp;
use watershed_runner_core::{JobStatus, StepNow, is_under_way};

pub(super) use prometheus_text::CONTENT_TYPE;

/// The text that Prometheus takes.
pub(super) fn exposition(status: Arc<JobStatus>) -> Result<String, fmt::Error> {
    // Made for one scrape: the counts are the job's, and nothing is counted here.
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(status)));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Scrape(Arc<JobStatus>);

/// A value of a step, and what tells it from others of the same step.
type Sample = (Option<(&'static str, String)>, Value);

enum Value {
    Count(u64),
    Now(u64),
    Number(f64),
}

/// What is told of every step: its name, what it means, and whether it only grows.
struct OfSteps {
    name: &'static str,
    help: &'static str,
    is_counter: bool,
    samples: fn(&StepNow, Timestamp) -> Vec<Sample>,
}

fn count(n: u64) -> Vec<Sample> {
    vec![(None, Value::Count(n))]
}

fn now(n: u64) -> Vec<Sample> {
    vec![(None, Value::Now(n))]
}

fn named(name: &str, value: Value) -> Sample {
    (Some(("name", name.to_owned())), value)
}

fn by_port(counts: &[u64]) -> Vec<Sample> {
    let ports = counts.iter().enumerate();
    ports.map(|(port, n)| (Some(("port", port.to_string())), Value::Count(*n))).collect()
}

fn instant(at: Timestamp) -> Vec<Sample> {
    let seconds = || at.as_micros() as f64 / 1e6;
    if is_under_way(at) { vec![(None, Value::Number(seconds()))] } else { Vec::new() }
}

/// Steps of which there is nothing to tell are left out: state of those that keep none, and what only a
/// source has of those that are none.
const OF_STEPS: [OfSteps; 18] = [
    OfSteps {
        name: "watershed_elements_in",
        help: "Elements that came into a step",
        is_counter: true,
        samples: |step, _| count(step.status.report.elements_in),
    },
    OfSteps {
        name: "watershed_elements_out",
        help: "Elements that went out of a step, by port",
        is_counter: true,
        samples: |step, _| by_port(&step.status.report.elements_out),
    },
    OfSteps {
        name: "watershed_bytes_in",
        help: "Bytes of what came into a step, measured on a sample of the elements",
        is_counter: true,
        samples: |step, _| count(step.status.report.bytes_in),
    },
    OfSteps {
        name: "watershed_bytes_out",
        help: "Bytes of what went out of a step, by port, measured on a sample of the elements",
        is_counter: true,
        samples: |step, _| by_port(&step.status.report.bytes_out),
    },
    OfSteps {
        name: "watershed_dropped",
        help: "Elements that a step dropped, by reason",
        is_counter: true,
        samples: |step, _| {
            let drops = step.status.report.drops.iter();
            drops.map(|(why, n)| (Some(("reason", why.to_string())), Value::Count(n))).collect()
        },
    },
    OfSteps {
        name: "watershed_input_watermark_seconds",
        help: "The input watermark of a step, in seconds since the Unix epoch",
        is_counter: false,
        samples: |step, _| instant(step.status.input_watermark),
    },
    OfSteps {
        name: "watershed_output_watermark_seconds",
        help: "The output watermark of a step, in seconds since the Unix epoch",
        is_counter: false,
        samples: |step, _| instant(step.status.output_watermark),
    },
    OfSteps {
        name: "watershed_watermark_lag_seconds",
        help: "How far the output watermark of a step is behind the time of day",
        is_counter: false,
        samples: |step, now| {
            let lag = step.lag(now).map(|lag| lag.as_micros() as f64 / 1e6);
            lag.map(|lag| (None, Value::Number(lag))).into_iter().collect()
        },
    },
    OfSteps {
        name: "watershed_state_entries",
        help: "Keys and windows that a grouping keeps",
        is_counter: false,
        samples: |step, _| match step.outline.is_grouping {
            true => now(step.status.state.entries),
            false => Vec::new(),
        },
    },
    OfSteps {
        name: "watershed_state_elements",
        help: "Elements that came to a grouping and are in no pane yet, once for each of their windows",
        is_counter: false,
        samples: |step, _| match step.outline.is_grouping {
            true => now(step.status.state.elements),
            false => Vec::new(),
        },
    },
    OfSteps {
        name: "watershed_waiting_elements",
        help: "Elements on their way to a step, which it has not taken yet",
        is_counter: false,
        samples: |step, _| now(step.waiting),
    },
    OfSteps {
        name: "watershed_source_congested",
        help: "Whether a source waits because the steps behind it are busy",
        is_counter: false,
        samples: |step, _| match step.outline.inputs.is_empty() {
            true => now(u64::from(step.status.is_congested)),
            false => Vec::new(),
        },
    },
    OfSteps {
        name: "watershed_watermark_setbacks",
        help: "How often the watermark of a source went back and was held where it had been",
        is_counter: true,
        samples: |step, _| match step.outline.inputs.is_empty() {
            true => count(step.status.report.watermark_setbacks),
            false => Vec::new(),
        },
    },
    OfSteps {
        name: "watershed_author_counter",
        help: "What the author counts in a step, by name",
        is_counter: true,
        samples: |step, _| {
            let counters = step.status.report.metrics.counters.iter();
            counters.map(|(name, n)| named(name, Value::Count(*n))).collect()
        },
    },
    OfSteps {
        name: "watershed_author_gauge",
        help: "What the author last told of a step, by name",
        is_counter: false,
        samples: |step, _| {
            let gauges = step.status.report.metrics.gauges.iter();
            gauges.map(|(name, gauge)| named(name, Value::Number(gauge.value as f64))).collect()
        },
    },
    OfSteps {
        name: "watershed_author_distribution_count",
        help: "How many numbers the author has told a distribution of a step, by name",
        is_counter: true,
        samples: |step, _| {
            let all = step.status.report.metrics.distributions.iter();
            all.map(|(name, told)| named(name, Value::Count(told.count))).collect()
        },
    },
    OfSteps {
        name: "watershed_author_distribution_sum",
        help: "The sum of the numbers that the author has told a distribution of a step, by name",
        is_counter: false,
        samples: |step, _| {
            let all = step.status.report.metrics.distributions.iter();
            all.map(|(name, told)| named(name, Value::Number(told.sum as f64))).collect()
        },
    },
    OfSteps {
        name: "watershed_author_set_size",
        help: "How many different texts the author has told a set of a step, by name",
        is_counter: false,
        samples: |step, _| {
            let sets = step.status.report.metrics.string_sets.iter();
            sets.map(|(name, set)| named(name, Value::Now(set.len() as u64))).collect()
        },
    },
];

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let status = &self.0;
        let of_job = [
            (
                "watershed_elements_read",
                "Elements that the sources gave",
                Value::Count(status.progress.elements_read),
            ),
            (
                "watershed_workers",
                "Workers that have said anything",
                Value::Now(status.workers as u64),
            ),
            (
                "watershed_silent_workers",
                "Workers that did not answer in time",
                Value::Now(status.silent.len() as u64),
            ),
        ];
        for (name, help, value) in of_job {
            let kind = value.metric_type();
            value.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        for metric in &OF_STEPS {
            let kind = if metric.is_counter { MetricType::Counter } else { MetricType::Gauge };
            let mut family = encoder.encode_descriptor(metric.name, metric.help, None, kind)?;
            for step in &status.steps {
                let name = ("step", step.outline.name.as_str());
                for (label, value) in (metric.samples)(step, status.now) {
                    let mut labels = vec![name];
                    labels.extend(label.as_ref().map(|(key, text)| (*key, text.as_str())));
                    value.encode(family.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}

impl Value {
    fn metric_type(&self) -> MetricType {
        match self {
            Value::Count(_) => MetricType::Counter,
            Value::Now(_) | Value::Number(_) => MetricType::Gauge,
        }
    }

    fn encode(&self, to: prometheus_client::encoding::MetricEncoder<'_>) -> fmt::Result {
        match *self {
            Value::Count(n) => ConstCounter::new(n).encode(to),
            Value::Now(n) => ConstGauge::new(i64::try_from(n).unwrap_or(i64::MAX)).encode(to),
            Value::Number(number) => ConstGauge::new(number).encode(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use watershed_model::GraphBuilder;
    use watershed_runner_core::{
        JobHandle, Outcome, RunReport, StepNow, StepOutline, StepReport, StepStatus,
    };

    use super::*;

    #[test]
    fn a_line_end_in_a_name_ends_no_line() {
        let graph = GraphBuilder::default().build().unwrap();
        let job = JobHandle::spawn("test", &graph, |_| Ok(RunReport::of(Outcome::Done))).unwrap();
        let mut status = job.status(std::time::Duration::ZERO, 0);
        let name = "two\nlines \\ \"";
        status.steps.push(StepNow {
            outline: StepOutline {
                name: name.to_owned(),
                kind: "ParDo".to_owned(),
                location: String::new(),
                inputs: vec![0],
                outputs: 1,
                is_grouping: false,
                windowing: String::new(),
                is_endless: false,
            },
            status: StepStatus::of(StepReport::of(name, 1)),
            worker: None,
            waiting: 0,
        });
        let text = exposition(Arc::new(status)).unwrap();
        let expected = "watershed_elements_in_total{step=\"two\\nlines \\\\ \\\"\"} 0";
        assert!(text.lines().any(|line| line == expected), "{text}");
    }
}
