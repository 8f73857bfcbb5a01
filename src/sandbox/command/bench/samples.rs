//! Statistics of one metric.

use schemars::JsonSchema;
use serde::Serialize;

/// What was measured, and what it comes to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Samples {
    count: usize,
    mean: f64,
    /// Percentiles are values that were measured: the nearest rank.
    p50: f64,
    p95: f64,
    p99: f64,
    min: f64,
    max: f64,
    /// Of the values themselves, not of what they are a sample of.
    standard_deviation: f64,
    /// In relation to the mean; 0 if that is 0.
    relative_standard_deviation: f64,
    /// In the order in which they were measured.
    values: Vec<f64>,
}

impl Samples {
    /// `None` if there are no values.
    pub(super) fn of(values: Vec<f64>) -> Option<Samples> {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        let standard_deviation = variance.sqrt();
        let rank = |percent: usize| sorted[(percent * sorted.len()).div_ceil(100).max(1) - 1];
        Some(Samples {
            count: values.len(),
            mean,
            p50: rank(50),
            p95: rank(95),
            p99: rank(99),
            min,
            max,
            standard_deviation,
            relative_standard_deviation: if mean == 0.0 { 0.0 } else { standard_deviation / mean.abs() },
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let samples = Samples::of((1..=100).rev().map(f64::from).collect()).unwrap();
        assert_eq!((samples.p50, samples.p95, samples.p99), (50.0, 95.0, 99.0));
        assert_eq!((samples.min, samples.max, samples.mean), (1.0, 100.0, 50.5));
        let samples = Samples::of(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!(
            (samples.p50, samples.p95, samples.p99, samples.values),
            (2.0, 3.0, 3.0, vec![3.0, 1.0, 2.0])
        );
        let one = Samples::of(vec![0.0]).unwrap();
        assert_eq!(
            (one.p50, one.p99, one.standard_deviation, one.relative_standard_deviation),
            (0.0, 0.0, 0.0, 0.0)
        );
        assert_eq!(Samples::of(Vec::new()), None);
    }

    #[test]
    fn the_deviation_is_the_population_s() {
        let samples = Samples::of(vec![2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!(
            (samples.mean, samples.standard_deviation, samples.relative_standard_deviation),
            (5.0, 2.0, 0.4)
        );
    }
}
