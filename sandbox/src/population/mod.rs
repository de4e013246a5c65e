//! A labelled population: the teachers of a province as on its roster, and claims about them as programmes and
//! institutions send them, each with the truth. Everything is a pure function of the seed and an index.
//!
//! The shares of surnames are the commonest hundred of the Ministry of Public Security's yearly reports on names
//! (全国姓名报告, 2019 to 2021), rounded by hand; the rest is this project's own. Given names are made of characters weighted
//! by hand; those of the reports' commonest names weigh more. No generated person is a real one.

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

/// A population, given by its seed and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Population {
    /// The seed; equal seeds and sizes give equal populations.
    pub seed: u64,
    /// Number of teachers; Jilin had about 271,600.
    pub teachers: u64,
}

/// Number of teachers of Jilin in the founding document.
pub const JILIN: u64 = 271_600;

impl Population {
    /// Describes a population of at least eight teachers. People are generated only when they are read.
    #[must_use]
    pub fn new(seed: u64, teachers: u64) -> Self {
        Self { seed, teachers: teachers.max(8) }
    }

    /// Returns a teacher as on the roster. The truth uses the same index.
    #[must_use]
    pub fn teacher(&self, index: u64) -> Teacher {
        people::make_teacher(self, index)
    }

    /// Returns a claim; every index has one.
    #[must_use]
    pub fn claim(&self, index: u64) -> Claim {
        claims::make_claim(self, index)
    }

    /// Writes the roster as CSV.
    ///
    /// # Errors
    /// Returns the writer's error.
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

    /// Writes claims `0..count` as CSV. The last two columns are the truth: the teacher's index or `outside`, and the
    /// damage.
    ///
    /// # Errors
    /// Returns the writer's error.
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
