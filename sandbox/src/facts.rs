//! What an item says before it is put into words: a pure function of the seed and its index.

use chrono::{Days, NaiveDate};

use crate::World;
use crate::chance::roll;
use crate::fault::{self, Fault};
use crate::text;

/// A listing of a platform.
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

    /// How many items of a person it carries.
    pub(crate) fn slots(self) -> u64 {
        match self {
            Self::Completions => 4,
            Self::Progress | Self::Cmcc => 2,
            Self::Intel | Self::Lego | Self::Microsoft => 1,
        }
    }

    /// Its items, of so many people: every other one is in the Intel programme, the others in Microsoft's.
    pub(crate) fn size(self, persons: u64) -> u64 {
        match self {
            Self::Intel => persons.div_ceil(2),
            Self::Microsoft => persons / 2,
            _ => persons * self.slots(),
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

    /// Keeps the draws of the streams apart.
    pub(crate) fn purpose(self, purpose: u64) -> u64 {
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
    /// Minutes (institution), half days (Intel, Lego), class hours (CMCC).
    pub(crate) amount: u32,
    pub(crate) start: NaiveDate,
    pub(crate) end: NaiveDate,
    /// Tenths of points: learning, activity, artefact.
    pub(crate) scores: [u32; 3],
    pub(crate) faults: Vec<Fault>,
    /// The name of somebody else.
    pub(crate) other_name: Option<String>,
    /// CMCC and Lego: 0 the early, 1 the main, 2 the late export.
    pub(crate) export: usize,
    /// Whether it is one of the changed ones of [`crate::Options::changed_percent`].
    changed: bool,
}

impl Facts {
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// 4 learning + 4 activity + 2 artefact over 10 is at least 60, in tenths of points.
    pub(crate) fn passed(&self) -> bool {
        let [learning, activity, artefact] = self.scores;
        4 * learning + 4 * activity + 2 * artefact >= 6_000
    }

    /// The day on which the platform says it last changed the item. Changed items have one
    /// after that of every other, so whoever has all others finds them by it.
    pub(crate) fn updated(&self) -> NaiveDate {
        match self.changed {
            true => day(AFTER_ALL_OTHERS + self.index % 28),
            false => self.end + Days::new(u64::from(self.version)),
        }
    }

    /// Units of which 108,000 are one class hour of 45 minutes.
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

/// A day counted from 2014-01-01.
fn day(number: u64) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(2014, 1, 1).unwrap_or_default();
    first.checked_add_days(Days::new(number)).unwrap_or(first)
}

fn back(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(date)
}

/// Another amount of `1..=most` (times `step`) than the given one.
fn another(amount: u32, low: u32, count: u32, chance: u64) -> u32 {
    let shift = 1 + (chance % u64::from(count - 1)) as u32;
    low + (amount - low + shift) % count
}

impl World {
    /// The content of an item.
    pub(crate) fn facts(&self, stream: Stream, index: u64) -> Facts {
        let mut facts = Facts {
            stream,
            index,
            person: self.person_of(stream, index),
            slot: index % stream.slots(),
            record: String::new(),
            version: 1,
            course: 1,
            amount: 1,
            start: NaiveDate::default(),
            end: NaiveDate::default(),
            scores: [0; 3],
            faults: self.faults(stream, index),
            other_name: None,
            export: 1,
            changed: false,
        };
        match stream {
            Stream::Completions => self.completion(&mut facts),
            Stream::Progress => self.progress(&mut facts),
            Stream::Intel | Stream::Microsoft => self.workshop(&mut facts),
            Stream::Cmcc => self.cmcc(&mut facts),
            Stream::Lego => self.lego(&mut facts),
        }
        if facts.has(Fault::Order) {
            let days = 1 + self.roll(stream.purpose(30), index) % 5;
            facts.end = back(facts.start, days);
        }
        facts
    }

    /// Whose an item is.
    fn person_of(&self, stream: Stream, index: u64) -> u64 {
        match stream {
            Stream::Lego if self.is_lego_resend(index) => index - 1,
            Stream::Intel => index * 2,
            Stream::Microsoft => index * 2 + 1,
            _ => index / stream.slots(),
        }
    }

    /// A person's items of a stream.
    pub(crate) fn items_of(&self, stream: Stream, person: u64) -> std::ops::Range<u64> {
        let slots = stream.slots();
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

    /// Whether an item is another version of the one before it: there is one per person, and one in twenty is.
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

    /// Whether an item is one of the 1.5 % with something wrong.
    pub(crate) fn is_bad(&self, stream: Stream, index: u64) -> bool {
        self.roll(stream.purpose(31), index) % 1000 < 15
    }

    fn faults(&self, stream: Stream, index: u64) -> Vec<Fault> {
        if !self.is_bad(stream, index) {
            return Vec::new();
        }
        let mut faults = fault::draw(self.options.seed, stream, index);
        for fault in &mut faults {
            // No spreadsheet spoils a number with an X, and where the zeros happen to make a
            // right check digit nothing could be noticed.
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
        facts.faults.is_empty() && self.roll(facts.stream.purpose(32), facts.index) % 100 < percent
    }

    /// Whether the last completion of a person is another version of the one before it.
    pub(crate) fn resends_completion(&self, person: u64) -> bool {
        self.roll(33, person).is_multiple_of(10)
            && !self.is_bad(Stream::Completions, person * 4 + 2)
            && !self.is_bad(Stream::Completions, person * 4 + 3)
    }

    /// Somebody else's name for a person's second completion, for one person in 200.
    fn contradicting_name(&self, person: u64) -> Option<String> {
        if !self.roll(34, person).is_multiple_of(200) || self.is_bad(Stream::Completions, person * 4 + 1) {
            return None;
        }
        let own = self.people.name(person);
        (1..=16).map(|step| self.people.name((person + step * 7) % self.persons())).find(|name| *name != own)
    }

    fn completion(&self, facts: &mut Facts) {
        let purpose = |number| facts.stream.purpose(number);
        let resend = facts.slot >= 2 && self.resends_completion(facts.person);
        // Both versions are the record, course and period of the first.
        let key = if resend { facts.person * 4 + 2 } else { facts.index };
        let newer = self.roll(35, facts.person).is_multiple_of(2);
        let chance = self.roll(purpose(36), key);
        facts.course = match chance % 10 {
            0..4 => 1 + (chance >> 8) as u32 % 4,
            _ => 5 + (chance >> 8) as u32 % 23,
        };
        facts.end = day(60 + (chance >> 40) % 1370);
        facts.start = back(facts.end, 10 + (chance >> 32) % 35);
        facts.amount = 45 + (self.roll(purpose(37), key) % 2_206) as u32;
        facts.scores = self.scores(facts.index);
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
            facts.amount = another(facts.amount, 45, 2_206, draw);
        }
        facts.record = format!("C{key:08}");
    }

    /// Mostly passing marks; one in a hundred exactly at the line, one a hair below.
    fn scores(&self, index: u64) -> [u32; 3] {
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

    fn progress(&self, facts: &mut Facts) {
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

    /// A course of some days, in the Intel programme or in Microsoft's.
    fn workshop(&self, facts: &mut Facts) {
        let intel = facts.stream == Stream::Intel;
        let chance = self.roll(if intel { 41 } else { 46 }, facts.index);
        facts.course = 1 + (chance >> 8) as u32 % if intel { 3 } else { 4 };
        facts.amount = 1 + (chance >> 16) as u32 % 20;
        facts.version = 1 + (chance >> 24) as u32 % 3;
        facts.end = day(30 + (chance >> 40) % 1400);
        if self.is_changed(facts) {
            facts.changed = true;
            facts.version += 1;
            facts.amount = another(facts.amount, 1, 20, chance >> 32);
        }
        facts.start = back(facts.end, u64::from(facts.amount.div_ceil(2)) - 1);
        facts.record = format!("{}{:07}", if intel { 'I' } else { 'M' }, facts.index);
    }

    fn cmcc(&self, facts: &mut Facts) {
        let chance = self.roll(42, facts.person);
        let draw = chance % 100;
        let pair = draw < 20
            && !self.is_bad(Stream::Cmcc, facts.person * 2)
            && !self.is_bad(Stream::Cmcc, facts.person * 2 + 1);
        facts.course = 1 + (chance >> 8) as u32 % 8;
        let key = if pair { facts.person * 2 } else { facts.index };
        let content = self.roll(43, key);
        facts.amount = 4 + content as u32 % 77;
        facts.end = day(1 + (content >> 16) % 265);
        facts.start = facts.end;
        if facts.slot == 1 {
            if pair {
                facts.export = if draw < 15 { 2 } else { 0 };
                facts.amount = another(facts.amount, 4, 77, content >> 32);
            } else {
                facts.course = another(facts.course, 1, 8, chance >> 32);
            }
        }
    }

    fn lego(&self, facts: &mut Facts) {
        let resend = self.is_lego_resend(facts.index);
        // Both versions are the certificate, course and period of the first.
        let key = if resend { facts.index - 1 } else { facts.index };
        let chance = self.roll(45, key);
        facts.course = 1 + (chance >> 8) as u32 % 6;
        facts.amount = 1 + (chance >> 16) as u32 % 16;
        facts.end = day(30 + (chance >> 40) % 235);
        facts.start = back(facts.end, u64::from(facts.amount.div_ceil(2)) - 1);
        if resend {
            facts.export = if chance.is_multiple_of(4) { 0 } else { 2 };
            facts.amount = another(facts.amount, 1, 16, chance >> 32);
        }
        facts.record = format!("LG2014{key:08}");
    }
}
