//! Measures matching of people on a labelled, generated population: `cargo bench --bench matching -- [TEACHERS]
//! [CLAIMS] [SEED…]`.
//!
//! For each seed: claims that definitely match the wrong person (must be 0), recall (the right teacher is the definite
//! match or among the candidates), share of potential matches, candidates per claim, and CPU per 1,000 claims; then the
//! same by class of damage. A claim about a person who is not on the roster is right if there is no definite match. The
//! weights were tuned on seed 1.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

use std::collections::BTreeMap;

use huiliu_matching::{DateOrder, Decision, Matcher, Profile, Role, Verdict, Weights};
use huiliu_sandbox::population::{Claim, JILIN, Population, Truth};

/// Returns the CPU seconds of this process so far.
fn cpu_seconds() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer lives through the call.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn build_profile(texts: &[(Role, &str)]) -> Profile {
    let mut profile = Profile::default();
    for (role, text) in texts {
        assert!(profile.add_text(*role, text, DateOrder::YearFirst), "{role:?} {text}");
    }
    profile
}

fn roster_profiles(world: &Population) -> Vec<Profile> {
    let one = |index| {
        let t = world.teacher(index);
        build_profile(&[
            (Role::Name, &t.name),
            (Role::FormerName, &t.former_name),
            (Role::IdNumber, &t.id_number),
            (Role::TeacherNumber, &t.teacher_number),
            (Role::BirthDate, &t.birth_date),
            (Role::Sex, t.sex),
            (Role::Phone, &t.phone),
            (Role::SchoolCode, &t.school_code),
            (Role::School, &t.school),
            (Role::Region, &t.region),
        ])
    };
    (0..world.teachers).map(one).collect()
}

fn claim_profile(c: &Claim) -> Profile {
    build_profile(&[
        (Role::Name, &c.name),
        (Role::IdNumber, &c.id_number),
        (Role::TeacherNumber, &c.teacher_number),
        (Role::BirthDate, &c.birth_date),
        (Role::Sex, &c.sex),
        (Role::Phone, &c.phone),
        (Role::SchoolCode, &c.school_code),
        (Role::School, &c.school),
        (Role::Region, &c.region),
    ])
}

#[derive(Default)]
struct Tally {
    claims: u64,
    wrong: u64,
    definite: u64,
    potential: u64,
    /// Claims about teachers on the roster; `found` counts those whose teacher was found.
    known: u64,
    found: u64,
    candidates: u64,
}

impl Tally {
    fn add_decision(&mut self, claim: &Claim, decision: &Decision) {
        self.claims += 1;
        self.candidates += decision.candidates.len() as u64;
        let row = |at: usize| decision.candidates.get(at).map(|c| u64::from(c.row));
        let truth = match claim.truth {
            Truth::Teacher(teacher) => Some(teacher),
            Truth::Outside => None,
        };
        self.definite += u64::from(decision.verdict == Verdict::Definite);
        self.potential += u64::from(decision.verdict == Verdict::Potential);
        self.wrong += u64::from(decision.verdict == Verdict::Definite && row(0) != truth);
        if let Some(truth) = truth {
            self.known += 1;
            self.found += u64::from(decision.candidates.iter().any(|c| u64::from(c.row) == truth));
        }
    }

    fn print_row(&self, name: &str) {
        let share = |part: u64, whole: u64| part as f64 * 100.0 / whole.max(1) as f64;
        println!(
            "{name:20} {:>8} {:>6} {:>9.3} % {:>8.2} % {:>8.2} % {:>8.2}",
            self.claims,
            self.wrong,
            share(self.found, self.known),
            share(self.definite, self.claims),
            share(self.potential, self.claims),
            self.candidates as f64 / self.claims.max(1) as f64
        );
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let teachers = numbers.first().copied().unwrap_or(JILIN);
    let claims = numbers.get(1).copied().unwrap_or(200_000);
    let seeds = numbers.get(2..).filter(|s| !s.is_empty()).unwrap_or(&[1, 2, 3, 4]);
    let show = std::env::var("SHOW").ok();
    let weights = Weights::built_in().unwrap();
    for seed in seeds {
        let world = Population::new(*seed, teachers);
        let begun = cpu_seconds();
        let mut matcher = Matcher::new(&weights, roster_profiles(&world), false);
        let built = cpu_seconds() - begun;
        let begun = cpu_seconds();
        let mut by_damage: BTreeMap<&str, Tally> = BTreeMap::new();
        let mut all = Tally::default();
        for index in 0..claims {
            let claim = world.claim(index);
            let decision = matcher.decide_claim(&claim_profile(&claim));
            let missed =
                matches!(claim.truth, Truth::Teacher(t) if !decision.candidates.iter().any(|c| u64::from(c.row) == t));
            let wrong = decision.verdict == Verdict::Definite
                && !matches!(claim.truth, Truth::Teacher(t) if decision.candidates.first().is_some_and(|c| u64::from(c.row) == t));
            if (missed || wrong) && show.as_deref().is_some_and(|s| s == claim.damage.as_str() || s == "wrong" && wrong)
            {
                println!("{claim:?}\n   {:?} {:?}", decision.verdict, decision.candidates.first());
                if let Truth::Teacher(t) = claim.truth {
                    println!(
                        "   truth {:?}\n   {:?}",
                        world.teacher(t),
                        matcher.compare_profiles(&claim_profile(&claim), &matcher.people()[t as usize])
                    );
                }
            }
            by_damage.entry(claim.damage.as_str()).or_default().add_decision(&claim, &decision);
            all.add_decision(&claim, &decision);
        }
        let spent = cpu_seconds() - begun;
        println!("\nseed {seed}: {teachers} teachers, {claims} claims");
        println!(
            "{:20} {:>8} {:>6} {:>11} {:>10} {:>10} {:>8}",
            "damage", "claims", "wrong", "recall", "definite", "potential", "cand."
        );
        for (name, tally) in &by_damage {
            tally.print_row(name);
        }
        all.print_row("all");
        println!(
            "roster {built:.1} s CPU; {:.3} s CPU per 1,000 claims, the generator included",
            spent * 1_000.0 / claims as f64
        );
        println!("{:.1} pairs compared per claim", matcher.compared() as f64 / claims as f64);
        println!("crowded keys: {:?}", matcher.index().crowded());
    }
}
