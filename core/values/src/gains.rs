//! How the hours of teachers change, summed up.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{BeforeAfter, ExactHours};

/// Teachers by how their hours change, those counted for good and those counted provisionally taken together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gains {
    /// Teachers who have more hours then.
    pub gaining: u64,
    /// How many more, together.
    pub gained: ExactHours,
    /// Teachers who have fewer hours then.
    pub losing: u64,
    /// How many fewer, together.
    pub lost: ExactHours,
    /// Teachers who have as many hours, for other reasons.
    pub as_many: u64,
}

impl Gains {
    /// Adds a teacher for whom something changes.
    pub fn add_change(&mut self, counted: BeforeAfter<ExactHours>, provisional: BeforeAfter<ExactHours>) {
        let more = counted.after.0 - counted.before.0 + provisional.after.0 - provisional.before.0;
        match more {
            0 => self.as_many += 1,
            1.. => {
                self.gaining += 1;
                self.gained.0 += more;
            }
            ..0 => {
                self.losing += 1;
                self.lost.0 -= more;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teachers_are_counted_by_how_their_hours_change() {
        let hours = |before, after| BeforeAfter::new(ExactHours(before), ExactHours(after));
        let mut gains = Gains::default();
        gains.add_change(hours(0, 5), hours(0, 1));
        gains.add_change(hours(7, 3), hours(0, 2));
        // What was provisional is counted for good.
        gains.add_change(hours(0, 4), hours(4, 0));
        let told = Gains { gaining: 1, gained: ExactHours(6), losing: 1, lost: ExactHours(2), as_many: 1 };
        assert_eq!(gains, told);
    }
}
