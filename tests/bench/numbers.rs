//! From single durations to what the table shows.

use std::time::Duration;

/// What one measurement gave. Times in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) per_second: f64,
    /// What did not succeed; left out of the times.
    pub(crate) failed: usize,
    /// Peak resident memory of mfad in MiB (`VmHWM`), where it took part.
    pub(crate) peak: Option<f64>,
}

impl Figures {
    /// Of all `times`, at a rate already known.
    pub(crate) fn of(mut times: Vec<Duration>, per_second: f64, failed: usize) -> Self {
        times.sort_unstable();
        let at = |part: f64| {
            // Nearest rank; the casts are of small positive numbers.
            let rank = (times.len() as f64 * part).ceil() as usize;
            times.get(rank.max(1) - 1).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
        };
        Self { p50: at(0.5), p99: at(0.99), per_second, failed, peak: None }
    }
}

/// The median over rounds of one figure.
pub(crate) fn median(rounds: &[Figures], figure: impl Fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median p50 with the lowest and highest round: the noise.
pub(crate) fn spread(rounds: &[Figures]) -> String {
    let by = |fold: fn(f64, f64) -> f64, start| rounds.iter().map(|f| f.p50).fold(start, fold);
    format!("{:.2} ({:.2}–{:.2})", median(rounds, |f| f.p50), by(f64::min, f64::INFINITY), by(f64::max, 0.0))
}
