//! Shows the progress of a sync in one line on a terminal: records read, then records still to deliver, then settling.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use huiliu_engine::landing::LandedPage;
use huiliu_engine::operations::sync::{Progress, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::format_number;
use crate::words::{counting, label, sentence};

/// A progress line on a terminal. Hidden in a pipe.
pub struct ProgressLine {
    bar: ProgressBar,
    read: Mutex<ReadTotals>,
}

/// Counters of what has been read.
struct ReadTotals {
    records: u64,
    pages: u64,
    /// Number of all records to read, if known.
    total: Option<u64>,
    began: Instant,
}

impl ProgressLine {
    /// Creates the line. `total` is the number of records to read, if known in advance.
    pub fn new(total: Option<u64>) -> Self {
        let bar = make_spinner(label("cli-progress-reading"));
        Self { bar, read: Mutex::new(ReadTotals { records: 0, pages: 0, total, began: Instant::now() }) }
    }

    /// Removes the line from the terminal.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn make_spinner(message: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {msg} · {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A line on a terminal that counts verified teachers. Hidden in a pipe.
pub struct CountLine(ProgressBar);

impl CountLine {
    /// Creates the line.
    pub fn new() -> Self {
        Self(make_spinner(label("cli-progress-verifying")))
    }

    /// Shows how many teachers were verified so far.
    pub fn show_count(&self, teachers: u64) {
        self.0.set_message(counting!("cli-progress-verified", n = teachers));
    }

    /// Removes the line from the terminal.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// A line on a terminal that counts the steps of a replay. Hidden in a pipe.
pub struct StepLine(ProgressBar);

impl StepLine {
    /// Creates the line.
    pub fn new() -> Self {
        Self(make_spinner(label("cli-progress-replaying")))
    }

    /// Shows how many steps are done.
    pub fn show_step(&self, done: usize, total: usize) {
        self.0.set_message(sentence!("cli-progress-step", done, total));
    }

    /// Removes the line from the terminal.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl ReadTotals {
    /// Adds a page. A platform reports the total of one listing only, so what was read before that listing is added to
    /// it.
    fn add_page(&mut self, LandedPage { records, counted }: LandedPage) {
        self.records += u64::from(records);
        self.pages += 1;
        if let Some(counted) = counted {
            self.total = Some(self.records.saturating_sub(counted.received) + counted.total);
        }
    }

    fn progress_text(&self, took: Duration) -> String {
        let total = self.total.filter(|total| *total >= self.records && *total > 0);
        let records = match total {
            Some(total) => counting!("cli-progress-read-of", read = self.records, n = total),
            None => counting!("cli-progress-read", n = self.records),
        };
        let mut words = vec![records, counting!("cli-progress-pages", n = self.pages)];
        // A rate means nothing within the first second.
        if took >= Duration::from_secs(1) {
            let rate = u128::from(self.records) * 1_000 / took.as_millis();
            words.push(counting!("cli-progress-rate", n = u64::try_from(rate).unwrap_or(u64::MAX)));
        }
        words.join(" · ")
    }
}

impl Progress for ProgressLine {
    fn show_page(&self, page: LandedPage) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.add_page(page);
        self.bar.set_message(read.progress_text(read.began.elapsed()));
    }

    fn show_pending(&self, records: i64) {
        self.bar.set_message(sentence!("cli-progress-pending", records = format_number(records)));
    }

    fn show_stage(&self, stage: Stage) {
        // Each stage has its own time.
        self.bar.reset_elapsed();
        self.bar.set_message(match stage {
            Stage::Reading => label("cli-progress-reading"),
            Stage::Delivering => label("cli-progress-delivering"),
            Stage::Settling => label("cli-progress-settling"),
        });
    }
}

#[cfg(test)]
mod tests {
    use huiliu_platform::Counted;

    use super::*;

    #[test]
    fn totals_of_listings_are_added_up_and_rates_have_no_decimals() {
        let mut read = ReadTotals { records: 0, pages: 0, total: None, began: Instant::now() };
        let page = |records, counted: Option<(u64, u64)>| LandedPage {
            records,
            counted: counted.map(|(received, total)| Counted { received, total }),
        };
        read.add_page(page(400, Some((400, 1_475))));
        assert_eq!(read.total, Some(1_475));
        assert!(read.progress_text(Duration::from_millis(900)).contains("1,475"));
        read.add_page(page(1_075, Some((1_475, 1_475))));
        // The next listing has its own total.
        read.add_page(page(10, Some((10, 50))));
        assert_eq!((read.records, read.pages, read.total), (1_485, 3, Some(1_525)));
        // More records came than reported, so the total is no longer shown.
        read.add_page(page(100, None));
        assert!(!read.progress_text(Duration::from_secs(7)).contains("1,525"));
        assert!(
            read.progress_text(Duration::from_secs(7)).contains("226"),
            "{}",
            read.progress_text(Duration::from_secs(7))
        );
    }
}
