//! A labelled population: the teachers of a province as its roster has them, and claims about them as programmes and
//! institutions send them, each with the truth. Everything is a pure function of the seed and an index.
//!
//! Shares of surnames: the commonest hundred of the Ministry of Public Security's yearly reports on names (全国姓名报告,
//! 2019 to 2021), rounded by hand; the rest is this project's own. Given names are made from characters weighed by hand, those
//! of the reports' commonest names heavier. Nobody in it lives.

mod claims;
mod credit;
mod damage;
mod files;
pub(crate) mod names;
mod people;
mod training;

use std::io::Write;

pub use claims::{Claim, Truth};
pub use credit::{Credit, Outcome};
pub use damage::Damage;
pub use people::Teacher;
pub use training::{Record, SOURCES, Source, Training};

/// What population to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Population {
    /// Everything depends on it and on nothing else.
    pub seed: u64,
    /// How many teachers there are; Jilin had some 271,600.
    pub teachers: u64,
}

/// The teachers of Jilin the founding document speaks of.
pub const JILIN: u64 = 271_600;

impl Population {
    /// A population; costs nothing.
    #[must_use]
    pub fn new(seed: u64, teachers: u64) -> Self {
        Self { seed, teachers: teachers.max(8) }
    }

    /// A teacher as the roster has them; the index is the truth's number.
    #[must_use]
    pub fn teacher(&self, index: u64) -> Teacher {
        people::teacher(self, index)
    }

    /// A claim; any index has one.
    #[must_use]
    pub fn claim(&self, index: u64) -> Claim {
        claims::claim(self, index)
    }

    /// Writes the roster as CSV.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_roster(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(
            out,
            "teacher,name,former_name,id_number,teacher_number,birth_date,sex,phone,school_code,school,region"
        )?;
        for index in 0..self.teachers {
            let t = self.teacher(index);
            writeln!(
                out,
                "{index},{},{},{},{},{},{},{},{},{},{}",
                t.name,
                t.former_name,
                t.id_number,
                t.teacher_number,
                t.birth_date,
                t.sex,
                t.phone,
                t.school_code,
                t.school,
                t.region
            )?;
        }
        Ok(())
    }

    /// Writes claims `0..count` as CSV; the last two columns are the truth: the teacher's index or `outside`, and the damage.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_claims(&self, count: u64, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(
            out,
            "claim,source,name,id_number,teacher_number,birth_date,sex,phone,school_code,school,region,truth,damage"
        )?;
        for index in 0..count {
            let c = self.claim(index);
            let truth = match c.truth {
                Truth::Teacher(teacher) => teacher.to_string(),
                Truth::Outside => "outside".to_owned(),
            };
            writeln!(
                out,
                "{index},{},{},{},{},{},{},{},{},{},{},{truth},{}",
                c.source,
                c.name,
                c.id_number,
                c.teacher_number,
                c.birth_date,
                c.sex,
                c.phone,
                c.school_code,
                c.school,
                c.region,
                c.damage.as_str()
            )?;
        }
        Ok(())
    }
}
