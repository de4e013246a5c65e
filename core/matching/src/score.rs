//! Compares two profiles: evidence line by line, and a score.
//!
//! After Fellegi and Sunter (1969): each field adds the logarithm of how much likelier its level of agreement is for
//! one person than for two. A rare value weighs more (rarity). The prior accounts for the fact that two people taken at
//! random are almost never the same. So a score of 0 means even odds, whatever the size of the tables.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashMap, FxHasher};

use crate::bits::{log2_milli, per_cent};
use crate::evidence::{Evidence, Field, Level};
use crate::names::{self, NameForm, edit_distance};
use crate::numbers::{self, HIDDEN};
use crate::profile::{Profile, TextForm};
use crate::weights::Weights;

/// How often each value occurs among the people who can be meant.
#[derive(Debug, Clone, Default)]
pub struct Frequencies {
    people: u64,
    counts: FxHashMap<u64, u32>,
}

/// What kind of value is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// A whole name.
    Name,
    /// The sound of a whole name.
    Sound,
    /// A given name.
    Given,
    /// The sound of a given name.
    GivenSound,
    /// A family name.
    Family,
    /// The sound of a family name.
    FamilySound,
    /// A teacher number.
    Teacher,
    /// A birth date.
    Birth,
    /// A phone number.
    Phone,
    /// A school's code.
    Code,
    /// A school's name.
    School,
    /// A school's name within its region.
    SchoolInRegion,
    /// A division's code or name.
    Region,
    /// A whole postcode.
    Postcode,
    /// A word of an address.
    Address,
    /// A word of a text, by the text's position among the texts.
    Text(usize),
}

fn hash_value(slot: Slot, value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    slot.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}

impl Slot {
    /// Returns the word that digests use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Sound => "sound",
            Self::Given => "given",
            Self::GivenSound => "given_sound",
            Self::Family => "family",
            Self::FamilySound => "family_sound",
            Self::Teacher => "teacher_number",
            Self::Birth => "birth_date",
            Self::Phone => "phone",
            Self::Code => "school_code",
            Self::School => "school",
            Self::SchoolInRegion => "school_in_region",
            Self::Region => "region",
            Self::Postcode => "postcode",
            Self::Address => "address",
            Self::Text(_) => "text",
        }
    }
}

/// Emits every value of a person that is counted.
pub fn emit_counted_values(person: &Profile, one: &mut dyn FnMut(Slot, &str)) {
    if let Some(name) = &person.name {
        one(Slot::Name, &name.simple);
        one(Slot::Sound, &name.sound);
    }
    for (slot, sound, form) in
        [(Slot::Given, Slot::GivenSound, &person.given), (Slot::Family, Slot::FamilySound, &person.family)]
    {
        if let Some(form) = form {
            one(slot, &form.simple);
            one(sound, &form.sound);
        }
    }
    for (slot, value) in [
        (Slot::Teacher, person.teacher_number.as_deref()),
        (Slot::Birth, person.any_birth()),
        (Slot::Phone, person.phone.as_deref()),
        (Slot::Code, person.school_code.as_deref()),
        (Slot::School, person.school.as_ref().map(|s| s.simple.as_str())),
        (Slot::Region, person.region.as_deref()),
        (Slot::Postcode, person.postcode.as_deref()),
    ] {
        if let Some(value) = value {
            one(slot, value);
        }
    }
    if let (Some(school), Some(region)) = (&person.school, &person.region) {
        one(Slot::SchoolInRegion, &region_school_key(&school.simple, region));
    }
    let texts = person.texts.iter().enumerate().map(|(at, text)| (Slot::Text(at), text.as_ref()));
    for (slot, form) in texts.chain([(Slot::Address, person.address.as_ref())]) {
        for word in form.map_or(&[][..], |f| f.words.as_slice()) {
            one(slot, word);
        }
    }
}

impl Frequencies {
    /// Creates frequencies of nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates frequencies for so many people; their values are added with [`Frequencies::set_count`].
    #[must_use]
    pub fn with_people(people: u64) -> Self {
        Self { people, counts: FxHashMap::default() }
    }

    /// Sets how many of the people have a value.
    pub fn set_count(&mut self, slot: Slot, value: &str, people: u32) {
        self.counts.insert(hash_value(slot, value), people);
    }

    /// Counts one person who can be meant.
    pub fn count_person(&mut self, person: &Profile) {
        self.people += 1;
        emit_counted_values(person, &mut |slot, value| {
            let count = self.counts.entry(hash_value(slot, value)).or_default();
            *count = count.saturating_add(1);
        });
    }

    /// How many people were counted.
    #[must_use]
    pub fn people(&self) -> u64 {
        self.people
    }

    /// Returns how rare a value is, in thousandths of a bit; 0 if everybody has it.
    fn rarity_of(&self, slot: Slot, value: &str) -> i64 {
        let count = self.counts.get(&hash_value(slot, value)).copied().unwrap_or(1);
        (log2_milli(self.people.max(1)) - log2_milli(u64::from(count))).max(0)
    }

    /// Returns the lower of two values' rarities.
    fn lower_rarity(&self, slot: Slot, a: &str, b: &str) -> i64 {
        if a == b { self.rarity_of(slot, a) } else { self.rarity_of(slot, a).min(self.rarity_of(slot, b)) }
    }
}

/// A score and the evidence that it sums up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredMatch {
    /// Thousandths of a bit; 0 is even odds.
    pub score: i64,
    /// The lines of evidence, the prior last.
    pub evidence: Vec<Evidence>,
}

impl ScoredMatch {
    /// Returns how far a field agrees; `None` if it was not compared.
    #[must_use]
    pub fn level_of(&self, field: Field) -> Option<Level> {
        self.evidence.iter().find(|e| e.field == field).and_then(|e| e.level)
    }
}

/// Compares two profiles; symmetric.
#[must_use]
pub fn compare_profiles(weights: &Weights, among: &Frequencies, a: &Profile, b: &Profile) -> ScoredMatch {
    let mut lines = Lines { weights, evidence: Vec::with_capacity(8) };
    compare_whole_names(&mut lines, among, a, b);
    compare_name_parts(&mut lines, among, a, b);
    if let (Some(x), Some(y)) = (&a.id, &b.id) {
        lines.add_evidence(Field::IdNumber, numbers::compare_ids(x, y), 0);
    }
    if let (Some(x), Some(y)) = (&a.teacher_number, &b.teacher_number) {
        let level = match numbers::compare_short(x, y) {
            Level::Transposed => Level::OneDigit,
            level => level,
        };
        lines.add_evidence(Field::TeacherNumber, level, among.lower_rarity(Slot::Teacher, x, y));
    }
    compare_births_and_sexes(&mut lines, among, a, b);
    if let (Some(x), Some(y)) = (&a.phone, &b.phone) {
        lines.add_evidence(Field::Phone, compare_phones(x, y), among.lower_rarity(Slot::Phone, x, y));
    }
    compare_schools(&mut lines, among, a, b);
    if let (Some(x), Some(y)) = (&a.postcode, &b.postcode) {
        lines.add_evidence(Field::Postcode, numbers::compare_short(x, y), among.lower_rarity(Slot::Postcode, x, y));
    }
    compare_texts(&mut lines, among, Field::Address, Slot::Address, a.address.as_ref(), b.address.as_ref());
    for (at, (x, y)) in a.texts.iter().zip(&b.texts).enumerate() {
        compare_texts(&mut lines, among, Field::Text, Slot::Text(at), x.as_ref(), y.as_ref());
    }
    let prior = -log2_milli(among.people.max(1));
    lines.evidence.push(Evidence { field: Field::Prior, level: None, weight: prior });
    let score = lines.evidence.iter().map(|e| e.weight).sum();
    ScoredMatch { score, evidence: lines.evidence }
}

struct Lines<'w> {
    weights: &'w Weights,
    evidence: Vec<Evidence>,
}

impl Lines<'_> {
    fn add_evidence(&mut self, field: Field, level: Level, rarity: i64) {
        let rule = self.weights.weight_of(field, level);
        let weight = rule.weight + per_cent(rarity, rule.rarity);
        self.evidence.push(Evidence { field, level: Some(level), weight });
    }
}

/// Adds the evidence of the current names; if they differ and one is a former name of the other side, that counts
/// instead.
fn compare_whole_names(lines: &mut Lines<'_>, among: &Frequencies, a: &Profile, b: &Profile) {
    let (Some(x), Some(y)) = (&a.name, &b.name) else { return };
    let mut level = names::compare_names(x, y);
    let mut rarity = name_rarity(among, level, x, y);
    let known = |name: &NameForm, former: &[NameForm]| former.iter().any(|f| f.simple == name.simple);
    if !matches!(level, Level::Equal | Level::Variant) && (known(x, &b.former) || known(y, &a.former)) {
        // One of the two is a name in the roster, so its own rarity counts. Take the lower rarity of both.
        level = Level::Former;
        rarity = among.lower_rarity(Slot::Name, &x.simple, &y.simple);
    }
    lines.add_evidence(Field::Name, level, rarity);
}

fn name_rarity(among: &Frequencies, level: Level, x: &NameForm, y: &NameForm) -> i64 {
    match level {
        Level::Homophone | Level::HomophoneToneless | Level::NearHomophone => {
            among.lower_rarity(Slot::Sound, &x.sound, &y.sound)
        }
        _ => among.lower_rarity(Slot::Name, &x.simple, &y.simple),
    }
}

fn compare_name_parts(lines: &mut Lines<'_>, among: &Frequencies, a: &Profile, b: &Profile) {
    let crossed = |x: &Option<NameForm>, y: &Option<NameForm>| match (x, y) {
        (Some(x), Some(y)) => x.simple == y.simple,
        _ => false,
    };
    let same = crossed(&a.given, &b.given) || crossed(&a.family, &b.family);
    let alike = |x: &Option<NameForm>, y: &Option<NameForm>| match (x, y) {
        (Some(x), Some(y)) => names::compare_part(x, y) != Level::Differs,
        _ => false,
    };
    let swapped = !same
        && (crossed(&a.given, &b.family) && alike(&a.family, &b.given)
            || crossed(&a.family, &b.given) && alike(&a.given, &b.family));
    for (field, slot, sounds, x, y) in [
        (Field::GivenName, Slot::Given, Slot::GivenSound, &a.given, &b.given),
        (Field::FamilyName, Slot::Family, Slot::FamilySound, &a.family, &b.family),
    ] {
        let (Some(x), Some(y)) = (x, y) else { continue };
        let level = if swapped { Level::Swapped } else { names::compare_part(x, y) };
        let rarity = match level {
            Level::Equal | Level::Swapped => among.lower_rarity(slot, &x.simple, &y.simple),
            Level::Sound => among.lower_rarity(sounds, &x.sound, &y.sound),
            _ => among.lower_rarity(slot, &x.simple, &y.simple).min(among.lower_rarity(sounds, &x.sound, &y.sound)),
        };
        lines.add_evidence(field, level, rarity);
    }
}

/// Compares stated birth dates and sexes. If one side has no ID number, values derived from the other's valid ID number
/// count too; if both have one, they do not, because the ID numbers were already compared.
fn compare_births_and_sexes(lines: &mut Lines<'_>, among: &Frequencies, a: &Profile, b: &Profile) {
    let apart = a.id.is_none() || b.id.is_none();
    let birth = |p: &'_ Profile| if apart { p.any_birth().map(str::to_owned) } else { p.birth.clone() };
    if let (Some(x), Some(y)) = (birth(a), birth(b)) {
        lines.add_evidence(Field::BirthDate, compare_dates(&x, &y), among.lower_rarity(Slot::Birth, &x, &y));
    }
    let male = |p: &Profile| if apart { p.any_male() } else { p.male };
    if let (Some(x), Some(y)) = (male(a), male(b)) {
        lines.add_evidence(Field::Sex, if x == y { Level::Equal } else { Level::Differs }, 0);
    }
}

fn compare_dates(a: &str, b: &str) -> Level {
    if a == b {
        return Level::Equal;
    }
    let parts = |text: &str| Some((text.get(..4)?.to_owned(), text.get(4..6)?.to_owned(), text.get(6..8)?.to_owned()));
    let (Some((year, month, day)), Some((year_b, month_b, day_b))) = (parts(a), parts(b)) else {
        return numbers::compare_short(a, b);
    };
    if year == year_b && month == day_b && day == month_b {
        return Level::Swapped;
    }
    match numbers::compare_short(a, b) {
        Level::Differs if year == year_b => Level::Year,
        level => level,
    }
}

fn compare_phones(a: &str, b: &str) -> Level {
    let hidden = a.bytes().chain(b.bytes()).any(|c| c == HIDDEN);
    let others = a.bytes().zip(b.bytes()).filter(|(x, y)| x != y && *x != HIDDEN && *y != HIDDEN).count();
    match (hidden, a.len() == b.len(), others) {
        (false, true, 0) => Level::Equal,
        (true, true, 0) => Level::Masked,
        (false, _, _) if numbers::compare_short(a, b) != Level::Differs => Level::OneDigit,
        _ => Level::Differs,
    }
}

fn region_school_key(school: &str, region: &str) -> String {
    format!("{region} {school}")
}

fn compare_schools(lines: &mut Lines<'_>, among: &Frequencies, a: &Profile, b: &Profile) {
    let codes = a.school_code.as_ref().zip(b.school_code.as_ref());
    let named = a.school.as_ref().zip(b.school.as_ref());
    let regions = a.region.as_ref().zip(b.region.as_ref());
    if let Some((x, _)) = codes.filter(|(x, y)| x == y) {
        return lines.add_evidence(Field::School, Level::Equal, among.rarity_of(Slot::Code, x));
    }
    if let Some((x, y)) = named {
        let rarity = among.lower_rarity(Slot::School, &x.simple, &y.simple);
        if x.simple == y.simple {
            // Counties give their schools the same names, so the name counts within its region.
            let rarity = match regions.filter(|(a, b)| a == b) {
                Some((region, _)) => among.rarity_of(Slot::SchoolInRegion, &region_school_key(&x.simple, region)),
                None => rarity,
            };
            let level = if regions.is_some_and(|(a, b)| a != b) { Level::Close } else { Level::Named };
            return lines.add_evidence(Field::School, level, rarity);
        }
        let contained = x.simple.contains(&y.simple) || y.simple.contains(&x.simple);
        if contained || edit_distance(&x.simple, &y.simple) <= 1 {
            return lines.add_evidence(Field::School, Level::Close, rarity);
        }
    }
    match regions {
        Some((x, y)) if x == y => lines.add_evidence(Field::School, Level::Region, among.rarity_of(Slot::Region, x)),
        _ if codes.or(regions).is_some() || named.is_some() => lines.add_evidence(Field::School, Level::Differs, 0),
        _ => {}
    }
}

/// Compares two texts by the share of their words, weighted by rarity, that they have in common.
fn compare_texts(
    lines: &mut Lines<'_>,
    among: &Frequencies,
    field: Field,
    slot: Slot,
    a: Option<&TextForm>,
    b: Option<&TextForm>,
) {
    let (Some(a), Some(b)) = (a, b) else { return };
    // Words are matched greedily, so fix the order of the sides to keep the result symmetric.
    let (a, b) = if a.joined <= b.joined { (a, b) } else { (b, a) };
    let rarity = |word: &str| among.rarity_of(slot, word) + 500;
    let total = |form: &TextForm| form.words.iter().map(|w| rarity(w)).sum::<i64>();
    let mut left: Vec<&String> = b.words.iter().collect();
    let mut common = 0;
    let mut take = |word: &String, share: u16, same: &dyn Fn(&str, &str) -> bool| {
        let at = left.iter().position(|other| same(word, other));
        if let Some(other) = at.map(|at| left.swap_remove(at)) {
            common += per_cent(rarity(word).min(rarity(other)), share);
        }
        at.is_some()
    };
    let rest: Vec<&String> = a.words.iter().filter(|word| !take(word, 100, &|x, y| x == y)).collect();
    for word in rest {
        take(word, 80, &words_alike);
    }
    // 2 × common ÷ (a + b), in thousandths.
    let alike = 2_000 * common / (total(a) + total(b)).max(1);
    let level = match alike {
        1_000.. => Level::Equal,
        750..1_000 => Level::Close,
        400..750 => Level::Fair,
        _ => Level::Differs,
    };
    // Words of a text occur together, so jointly they are less rare than the sum says.
    let most = per_cent(log2_milli(among.people.max(1)), 120);
    lines.add_evidence(field, level, common.min(most));
}

/// Returns whether one word is the other with a typing error, or its beginning.
fn words_alike(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.chars().count() >= 4 && (long.starts_with(short) || edit_distance(a, b) <= 1 + short.len() / 8)
}
