//! Written forms of hours and marks: forms that mean a number, and texts that do not.

use crate::World;
use crate::facts::{Facts, Stream};
use crate::fault::{Fault, Mark};
use crate::text::full_width;

const NO_HOURS: [&str; 4] = ["八个", "约40", "4O", "四十"];
const NO_MARKS: [&str; 4] = ["良好", "优秀", "合格", "缺考"];
const MARKS_OUT_OF_RANGE: [&str; 4] = ["105", "-5", "100.5", "1000"];

/// Amounts below zero and above 99,999 class hours, in the stream's unit.
fn hours_outside_range(stream: Stream) -> [&'static str; 2] {
    match stream {
        Stream::Completions | Stream::Progress => ["-45", "9000000"],
        Stream::Intel | Stream::Lego | Stream::Microsoft => ["-1", "20000"],
        Stream::Cmcc => ["-16", "120000"],
    }
}

impl World {
    /// Returns the amount of training in the form that the platform sends, or "" if it is missing.
    pub(crate) fn hours_text(&self, facts: &Facts) -> String {
        let chance = self.roll(facts.stream.stream_purpose(52), facts.index);
        let has = |fault| facts.has_fault(fault);
        let plain = match facts.stream {
            Stream::Intel | Stream::Lego | Stream::Microsoft => format_tenths(facts.amount * 5),
            _ => facts.amount.to_string(),
        };
        if has(Fault::HoursMissing) {
            String::new()
        } else if has(Fault::HoursNumber) {
            NO_HOURS[(chance % 4) as usize].to_owned()
        } else if has(Fault::HoursRange) {
            hours_outside_range(facts.stream)[(chance % 2) as usize].to_owned()
        } else if has(Fault::HoursExact) {
            // A third as a program rounds it is not a whole number of units, whatever the source's unit.
            format!("{}.{}", facts.amount, ["3333333", "6666667"][(chance % 2) as usize])
        } else {
            match chance % 100 {
                0..3 => full_width(&plain),
                3..5 => format!("{plain}\u{A0}"),
                5..8 => add_needless_zero(&plain),
                _ => plain,
            }
        }
    }

    /// Returns a mark, by its index in the scores, in the form that the platform sends, or "" if it is missing.
    pub(crate) fn mark_text(&self, facts: &Facts, mark: usize) -> String {
        let chance = self.roll(facts.stream.stream_purpose(55), facts.index * 3 + mark as u64);
        let pick = |texts: [&str; 4]| texts[(chance % 4) as usize].to_owned();
        let plain = format_tenths(facts.scores[mark]);
        if facts.has_fault(Fault::Score(mark, Mark::Missing)) {
            String::new()
        } else if facts.has_fault(Fault::Score(mark, Mark::Number)) {
            pick(NO_MARKS)
        } else if facts.has_fault(Fault::Score(mark, Mark::Range)) {
            pick(MARKS_OUT_OF_RANGE)
        } else if facts.has_fault(Fault::Score(mark, Mark::Precision)) {
            format!("{}.{:03}", 59 + chance % 41, 1 + chance % 9)
        } else {
            match chance % 100 {
                0..3 => full_width(&plain),
                3..6 => format!("{plain}分"),
                6..8 => format!("\u{A0}{plain} "),
                8..11 => add_needless_zero(&plain),
                _ => plain,
            }
        }
    }
}

/// Formats tenths as a decimal number, without a needless point.
fn format_tenths(number: u32) -> String {
    match number % 10 {
        0 => (number / 10).to_string(),
        rest => format!("{}.{rest}", number / 10),
    }
}

/// Adds a needless zero after the point.
fn add_needless_zero(plain: &str) -> String {
    if plain.contains('.') { format!("{plain}0") } else { format!("{plain}.0") }
}
