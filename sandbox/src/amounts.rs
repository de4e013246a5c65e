//! How hours and marks are written: the forms that mean a number, and the texts that do not.

use crate::World;
use crate::facts::{Facts, Stream};
use crate::fault::{Fault, Mark};
use crate::text::full_width;

const NO_HOURS: [&str; 4] = ["八个", "约40", "4O", "/"];
const NO_MARKS: [&str; 4] = ["良好", "优秀", "合格", "缺考"];
const BEYOND: [&str; 4] = ["105", "-5", "100.5", "1000"];

/// Below zero and above 99,999 class hours.
fn outside(stream: Stream) -> [&'static str; 2] {
    match stream {
        Stream::Completions | Stream::Progress => ["-45", "9000000"],
        Stream::Intel | Stream::Lego | Stream::Microsoft => ["-1", "20000"],
        Stream::Cmcc => ["-16", "120000"],
    }
}

impl World {
    /// The amount of training as the platform sends it (empty where it is missing).
    pub(crate) fn hours_text(&self, facts: &Facts) -> String {
        let chance = self.roll(facts.stream.purpose(52), facts.index);
        let has = |fault| facts.has(fault);
        let plain = match facts.stream {
            Stream::Intel | Stream::Lego | Stream::Microsoft => tenths(facts.amount * 5),
            _ => facts.amount.to_string(),
        };
        if has(Fault::HoursMissing) {
            String::new()
        } else if has(Fault::HoursNumber) {
            NO_HOURS[(chance % 4) as usize].to_owned()
        } else if has(Fault::HoursRange) {
            outside(facts.stream)[(chance % 2) as usize].to_owned()
        } else if has(Fault::HoursExact) {
            // A third as a program rounds it is no whole number of units in any source's unit.
            format!("{}.{}", facts.amount, ["3333333", "6666667"][(chance % 2) as usize])
        } else {
            match chance % 100 {
                0..3 => full_width(&plain),
                3..5 => format!("{plain}\u{A0}"),
                5..8 => decimals(&plain),
                _ => plain,
            }
        }
    }

    /// A mark as the platform sends it (empty where it is missing), by its place in the scores.
    pub(crate) fn mark_text(&self, facts: &Facts, mark: usize) -> String {
        let chance = self.roll(facts.stream.purpose(55), facts.index * 3 + mark as u64);
        let pick = |texts: [&str; 4]| texts[(chance % 4) as usize].to_owned();
        let plain = tenths(facts.scores[mark]);
        if facts.has(Fault::Score(mark, Mark::Missing)) {
            String::new()
        } else if facts.has(Fault::Score(mark, Mark::Number)) {
            pick(NO_MARKS)
        } else if facts.has(Fault::Score(mark, Mark::Range)) {
            pick(BEYOND)
        } else if facts.has(Fault::Score(mark, Mark::Precision)) {
            format!("{}.{:03}", 59 + chance % 41, 1 + chance % 9)
        } else {
            match chance % 100 {
                0..3 => full_width(&plain),
                3..6 => format!("{plain}分"),
                6..8 => format!("\u{A0}{plain} "),
                8..11 => decimals(&plain),
                _ => plain,
            }
        }
    }
}

/// Tenths as a decimal number, without a needless point.
fn tenths(number: u32) -> String {
    match number % 10 {
        0 => (number / 10).to_string(),
        rest => format!("{}.{rest}", number / 10),
    }
}

/// The same number with a needless zero.
fn decimals(plain: &str) -> String {
    if plain.contains('.') { format!("{plain}0") } else { format!("{plain}.0") }
}
