//! The content of an item before it is written in a platform's form: a pure function of the seed and the item's index.

use chrono::{Days, NaiveDate};

use crate::World;
use crate::chance::roll;
use crate::fault::{self, Fault};
use crate::text;

/// A platform's listing of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Completions,
    Progress,
    Intel,
    Cmcc,
    Lego,
    Microsoft,
}

impl Stream {
    pub(crate) const ALL: [Self; 6] =
        [Self::Completions, Self::Progress, Self::Intel, Self::Cmcc, Self::Lego, Self::Microsoft];

    /// Returns how many items it has for each person it covers.
    pub(crate) fn items_per_person(self) -> u64 {
        match self {
            Self::Completions => 4,
            Self::Progress | Self::Cmcc => 2,
            Self::Intel | Self::Lego | Self::Microsoft => 1,
        }
    }

    /// Returns its number of items for a number of people. Every other person is in the Intel programme, the others in
    /// Microsoft's.
    pub(crate) fn item_count(self, persons: u64) -> u64 {
        match self {
            Self::Intel => persons.div_ceil(2),
            Self::Microsoft => persons / 2,
            _ => persons * self.items_per_person(),
        }
    }

    pub(crate) fn platform(self) -> &'static str {
        match self {
            Self::Completions | Self::Progress => "institution",
            Self::Intel => "intel",
            Self::Cmcc => "cmcc",
            Self::Lego => "lego",
            Self::Microsoft => "microsoft",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Completions => "completions",
            Self::Progress => "progress",
            Self::Intel | Self::Cmcc | Self::Lego | Self::Microsoft => "records",
        }
    }

    /// Returns a purpose for [`roll`] that is different for each stream.
    pub(crate) fn stream_purpose(self, purpose: u64) -> u64 {
        purpose * 8 + self as u64
    }
}

/// An item's content.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) stream: Stream,
    pub(crate) index: u64,
    pub(crate) person: u64,
    pub(crate) slot: u64,
    /// The platform's record number (the letter and padding are added when written).
    pub(crate) record: String,
    pub(crate) version: u32,
    /// 1-based number of the course in its platform's list.
    pub(crate) course: u32,
    /// Minutes (institution), half days (Intel, Lego, Microsoft), class hours (CMCC).
    pub(crate) amount: u32,
    pub(crate) start: NaiveDate,
    pub(crate) end: NaiveDate,
    /// Tenths of points: learning, activity, artefact.
    pub(crate) scores: [u32; 3],
    pub(crate) faults: Vec<Fault>,
    /// The name of another person, which a contradicting completion is sent under.
    pub(crate) other_name: Option<String>,
    /// CMCC and Lego: 0 for the early, 1 for the main, 2 for the late export.
    pub(crate) export: usize,
    /// Whether it is one of the items that [`crate::Options::changed_percent`] changes.
    changed: bool,
}

impl Facts {
    pub(crate) fn has_fault(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// Returns whether (4 × learning + 4 × activity + 2 × artefact) / 10 is at least 60 points; scores are in tenths of
    /// points.
    pub(crate) fn is_passed(&self) -> bool {
        let [learning, activity, artefact] = self.scores;
        4 * learning + 4 * activity + 2 * artefact >= 6_000
    }

    /// Returns the day of the platform's last change of the item. Changed items have a later day than all others, so
    /// that an importer that has the others finds them by it.
    pub(crate) fn updated_on(&self) -> NaiveDate {
        match self.changed {
            true => nth_day(AFTER_ALL_OTHERS + self.index % 28),
            false => self.end + Days::new(u64::from(self.version)),
        }
    }

    /// Returns the hours in units of 1/108,000 class hour of 45 minutes.
    pub(crate) fn units(&self) -> u64 {
        let one = match self.stream {
            Stream::Completions | Stream::Progress => 2_400,
            Stream::Intel | Stream::Lego | Stream::Microsoft => 432_000,
            Stream::Cmcc => 108_000,
        };
        u64::from(self.amount) * one
    }
}

/// 2018-01-01, counted from 2014-01-01; the last day of a period is in November 2017.
const AFTER_ALL_OTHERS: u64 = 1_461;

/// Returns a day counted from 2014-01-01.
fn nth_day(number: u64) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(2014, 1, 1).unwrap_or_default();
    first.checked_add_days(Days::new(number)).unwrap_or(first)
}

fn days_before(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(date)
}

/// Returns an amount of `low..low + count` that differs from the given one.
fn other_amount(amount: u32, low: u32, count: u32, chance: u64) -> u32 {
    let shift = 1 + (chance % u64::from(count - 1)) as u32;
    low + (amount - low + shift) % count
}

impl World {
    /// Returns the content of an item.
    pub(crate) fn item_facts(&self, stream: Stream, index: u64) -> Facts {
        let mut facts = Facts {
            stream,
            index,
            person: self.person_of(stream, index),
            slot: index % stream.items_per_person(),
            record: String::new(),
            version: 1,
            course: 1,
            amount: 1,
            start: NaiveDate::default(),
            end: NaiveDate::default(),
            scores: [0; 3],
            faults: self.item_faults(stream, index),
            other_name: None,
            export: 1,
            changed: false,
        };
        match stream {
            Stream::Completions => self.fill_completion(&mut facts),
            Stream::Progress => self.fill_progress(&mut facts),
            Stream::Intel | Stream::Microsoft => self.fill_workshop(&mut facts),
            Stream::Cmcc => self.fill_cmcc(&mut facts),
            Stream::Lego => self.fill_lego(&mut facts),
        }
        if facts.has_fault(Fault::Order) {
            let days = 1 + self.roll(stream.stream_purpose(30), index) % 5;
            facts.end = days_before(facts.start, days);
        }
        facts
    }

    /// Returns the person whom an item is about.
    fn person_of(&self, stream: Stream, index: u64) -> u64 {
        match stream {
            Stream::Lego if self.is_lego_resend(index) => index - 1,
            Stream::Intel => index * 2,
            Stream::Microsoft => index * 2 + 1,
            _ => index / stream.items_per_person(),
        }
    }

    /// Returns a person's items of a stream.
    pub(crate) fn items_of(&self, stream: Stream, person: u64) -> std::ops::Range<u64> {
        let slots = stream.items_per_person();
        match stream {
            Stream::Lego => {
                let (resend, resent) = (self.is_lego_resend(person), self.is_lego_resend(person + 1));
                person + u64::from(resend)..person + 1 + u64::from(resent)
            }
            Stream::Intel => person / 2..person / 2 + u64::from(person.is_multiple_of(2)),
            Stream::Microsoft => person / 2..person / 2 + person % 2,
            _ => person * slots..(person + 1) * slots,
        }
    }

    /// Returns whether an item is another version of the item before it. Lego has one item per person; one in twenty is
    /// a resend.
    fn is_lego_resend(&self, index: u64) -> bool {
        !index.is_multiple_of(2)
            && index < self.persons()
            && self.roll(44, index).is_multiple_of(10)
            && !self.is_bad(Stream::Lego, index)
            && !self.is_bad(Stream::Lego, index - 1)
    }

    pub(crate) fn roll(&self, purpose: u64, index: u64) -> u64 {
        roll(self.options.seed, purpose, index)
    }

    /// Returns whether an item is one of the 1.5 % with faults.
    pub(crate) fn is_bad(&self, stream: Stream, index: u64) -> bool {
        self.roll(stream.stream_purpose(31), index) % 1000 < 15
    }

    fn item_faults(&self, stream: Stream, index: u64) -> Vec<Fault> {
        if !self.is_bad(stream, index) {
            return Vec::new();
        }
        let mut faults = fault::draw_faults(self.options.seed, stream, index);
        for fault in &mut faults {
            // A spreadsheet does not damage a number that ends in X, and if the zeros happen to make a valid check
            // digit, nobody could notice the damage.
            if matches!(fault, Fault::IdDamaged | Fault::IdFloat | Fault::IdNumber) {
                let person = self.people.person(self.person_of(stream, index));
                if text::faulty_id(*fault, &person.id_number, 0).is_none() {
                    *fault = Fault::IdLength;
                }
            }
        }
        faults
    }

    fn is_changed(&self, facts: &Facts) -> bool {
        let percent = u64::from(self.options.changed_percent);
        facts.faults.is_empty() && self.roll(facts.stream.stream_purpose(32), facts.index) % 100 < percent
    }

    /// Returns whether a person's last completion is another version of the one before it.
    pub(crate) fn resends_completion(&self, person: u64) -> bool {
        self.roll(33, person).is_multiple_of(10)
            && !self.is_bad(Stream::Completions, person * 4 + 2)
            && !self.is_bad(Stream::Completions, person * 4 + 3)
    }

    /// Returns another person's name for a person's second completion, for one person in 200.
    fn contradicting_name(&self, person: u64) -> Option<String> {
        if !self.roll(34, person).is_multiple_of(200) || self.is_bad(Stream::Completions, person * 4 + 1) {
            return None;
        }
        let own = self.people.name(person);
        (1..=16).map(|step| self.people.name((person + step * 7) % self.persons())).find(|name| *name != own)
    }

    fn fill_completion(&self, facts: &mut Facts) {
        let purpose = |number| facts.stream.stream_purpose(number);
        let resend = facts.slot >= 2 && self.resends_completion(facts.person);
        // Both versions have the record, course and period of the first.
        let key = if resend { facts.person * 4 + 2 } else { facts.index };
        let newer = self.roll(35, facts.person).is_multiple_of(2);
        let chance = self.roll(purpose(36), key);
        facts.course = match chance % 10 {
            0..4 => 1 + (chance >> 8) as u32 % 4,
            _ => 5 + (chance >> 8) as u32 % 23,
        };
        facts.end = nth_day(60 + (chance >> 40) % 1370);
        facts.start = days_before(facts.end, 10 + (chance >> 32) % 35);
        facts.amount = 45 + (self.roll(purpose(37), key) % 2_206) as u32;
        facts.scores = self.draw_scores(facts.index);
        facts.version = match (resend, facts.slot) {
            (false, _) => 1 + (chance >> 56) as u32 % 3,
            (true, 2) => 2,
            (true, _) => 1 + 2 * u32::from(newer),
        };
        if facts.slot == 1 {
            facts.other_name = self.contradicting_name(facts.person);
        }
        let mut shifts = u64::from(resend && facts.slot == 3);
        let newest = !resend || (facts.slot == 3) == newer;
        if newest && self.is_changed(facts) {
            facts.changed = true;
            facts.version += 1;
            shifts += 1;
        }
        for nth in 0..shifts {
            let draw = self.roll(purpose(38), facts.index * 2 + nth);
            facts.amount = other_amount(facts.amount, 45, 2_206, draw);
        }
        facts.record = format!("C{key:08}");
    }

    /// Returns mostly passing marks; of a hundred, one exactly at the pass mark and one just below.
    fn draw_scores(&self, index: u64) -> [u32; 3] {
        let chance = self.roll(39, index);
        let mark = |low: u32, span: u32, shift: u32| {
            let tenths = low + (chance >> shift) as u32 % span;
            if tenths.is_multiple_of(3) { tenths } else { tenths / 10 * 10 }
        };
        match chance % 100 {
            0 => [600, 600, 600],
            1 => [599, 600, 600],
            2..9 => [mark(300, 300, 8), mark(300, 300, 24), mark(400, 250, 40)],
            _ => [mark(600, 401, 8), mark(600, 401, 24), mark(600, 401, 40)],
        }
    }

    fn fill_progress(&self, facts: &mut Facts) {
        let chance = self.roll(40, facts.person);
        let month = (chance >> 8) % 47;
        facts.course = 1 + (chance >> 16) as u32 % 27;
        let date =
            NaiveDate::from_ymd_opt(2014 + (month / 12) as i32, 1 + (month % 12) as u32, 1 + 10 * facts.slot as u32);
        facts.end = date.unwrap_or_default();
        facts.start = facts.end;
        facts.version = 1 + facts.slot as u32;
        let first = 45 + (chance >> 24) as u32 % 600;
        let growth = 45 + (chance >> 40) as u32 % 600;
        facts.amount = first + growth * facts.slot as u32;
        if facts.slot == 1 && self.is_changed(facts) {
            facts.changed = true;
            facts.version += 1;
            facts.amount += 45;
        }
        facts.record = if facts.faults.is_empty() {
            format!("P{:07}", facts.person)
        } else {
            format!("P{:07}-{}", facts.person, facts.slot)
        };
    }

    /// Fills in a course of some days, of the Intel programme or of Microsoft's.
    fn fill_workshop(&self, facts: &mut Facts) {
        let intel = facts.stream == Stream::Intel;
        let chance = self.roll(if intel { 41 } else { 46 }, facts.index);
        facts.course = 1 + (chance >> 8) as u32 % if intel { 3 } else { 4 };
        facts.amount = 1 + (chance >> 16) as u32 % 20;
        facts.version = 1 + (chance >> 24) as u32 % 3;
        facts.end = nth_day(30 + (chance >> 40) % 1400);
        if self.is_changed(facts) {
            facts.changed = true;
            facts.version += 1;
            facts.amount = other_amount(facts.amount, 1, 20, chance >> 32);
        }
        facts.start = days_before(facts.end, u64::from(facts.amount.div_ceil(2)) - 1);
        facts.record = format!("{}{:07}", if intel { 'I' } else { 'M' }, facts.index);
    }

    fn fill_cmcc(&self, facts: &mut Facts) {
        let chance = self.roll(42, facts.person);
        let draw = chance % 100;
        let pair = draw < 20
            && !self.is_bad(Stream::Cmcc, facts.person * 2)
            && !self.is_bad(Stream::Cmcc, facts.person * 2 + 1);
        facts.course = 1 + (chance >> 8) as u32 % 8;
        let key = if pair { facts.person * 2 } else { facts.index };
        let content = self.roll(43, key);
        facts.amount = 4 + content as u32 % 77;
        facts.end = nth_day(1 + (content >> 16) % 265);
        facts.start = facts.end;
        if facts.slot == 1 {
            if pair {
                facts.export = if draw < 15 { 2 } else { 0 };
                facts.amount = other_amount(facts.amount, 4, 77, content >> 32);
            } else {
                facts.course = other_amount(facts.course, 1, 8, chance >> 32);
            }
        }
    }

    fn fill_lego(&self, facts: &mut Facts) {
        let resend = self.is_lego_resend(facts.index);
        // Both versions have the certificate, course and period of the first.
        let key = if resend { facts.index - 1 } else { facts.index };
        let chance = self.roll(45, key);
        facts.course = 1 + (chance >> 8) as u32 % 6;
        facts.amount = 1 + (chance >> 16) as u32 % 16;
        facts.end = nth_day(30 + (chance >> 40) % 235);
        facts.start = days_before(facts.end, u64::from(facts.amount.div_ceil(2)) - 1);
        if resend {
            facts.export = if chance.is_multiple_of(4) { 0 } else { 2 };
            facts.amount = other_amount(facts.amount, 1, 16, chance >> 32);
        }
        facts.record = format!("LG2014{key:08}");
    }
}
