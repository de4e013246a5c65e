//! Two profiles → evidence, line by line, and a score.
//!
//! After Fellegi and Sunter (1969): each field adds the logarithm of how much likelier its level is for one person than
//! for two. A value that few have weighs more (rarity); and two people taken at random are two, which the prior says.
//! So a score of 0 means even odds, whatever the size of the tables.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashMap, FxHasher};

use crate::bits::{log2_milli, per_cent};
use crate::evidence::{Evidence, Field, Level};
use crate::names::{self, NameForm, distance};
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
    /// How a whole name sounds.
    Sound,
    /// A given name.
    Given,
    /// How a given name sounds.
    GivenSound,
    /// A family name.
    Family,
    /// How a family name sounds.
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
    /// A region.
    Region,
    /// A postcode.
    Postcode,
    /// An address.
    Address,
    /// A text, by its place among the texts.
    Text(usize),
}

fn hash(slot: Slot, value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    slot.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}

impl Slot {
    /// The word used in digests.
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

/// Gives every value of a person that is counted.
pub fn counted(person: &Profile, one: &mut dyn FnMut(Slot, &str)) {
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
        one(Slot::SchoolInRegion, &in_region(&school.simple, region));
    }
    let texts = person.texts.iter().enumerate().map(|(at, text)| (Slot::Text(at), text.as_ref()));
    for (slot, form) in texts.chain([(Slot::Address, person.address.as_ref())]) {
        for word in form.map_or(&[][..], |f| f.words.as_slice()) {
            one(slot, word);
        }
    }
}

impl Frequencies {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many people who can be meant, of whose values only those are known that [`Frequencies::know`] tells.
    #[must_use]
    pub fn of(people: u64) -> Self {
        Self { people, counts: FxHashMap::default() }
    }

    /// How many of the people have a value.
    pub fn know(&mut self, slot: Slot, value: &str, people: u32) {
        self.counts.insert(hash(slot, value), people);
    }

    /// Counts one person who can be meant.
    pub fn count(&mut self, person: &Profile) {
        self.people += 1;
        counted(person, &mut |slot, value| {
            let count = self.counts.entry(hash(slot, value)).or_default();
            *count = count.saturating_add(1);
        });
    }

    /// How many people were counted.
    #[must_use]
    pub fn people(&self) -> u64 {
        self.people
    }

    /// How rare a value is, in thousandths of a bit: 0 where everybody has it.
    fn rarity(&self, slot: Slot, value: &str) -> i64 {
        let count = self.counts.get(&hash(slot, value)).copied().unwrap_or(1);
        (log2_milli(self.people.max(1)) - log2_milli(u64::from(count))).max(0)
    }

    /// The lower of two values' rarities.
    fn lower(&self, slot: Slot, a: &str, b: &str) -> i64 {
        if a == b { self.rarity(slot, a) } else { self.rarity(slot, a).min(self.rarity(slot, b)) }
    }
}

/// Evidence and its sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Thousandths of a bit; 0 is even odds.
    pub score: i64,
    /// Each line of it, the prior last.
    pub evidence: Vec<Evidence>,
}

impl Scored {
    /// How far a field agrees; none where it was not compared.
    #[must_use]
    pub fn level(&self, field: Field) -> Option<Level> {
        self.evidence.iter().find(|e| e.field == field).and_then(|e| e.level)
    }
}

/// Compares two profiles; the same whichever comes first.
#[must_use]
pub fn compare(weights: &Weights, among: &Frequencies, a: &Profile, b: &Profile) -> Scored {
    let mut lines = Lines { weights, evidence: Vec::with_capacity(8) };
    whole_names(&mut lines, among, a, b);
    name_parts(&mut lines, among, a, b);
    if let (Some(x), Some(y)) = (&a.id, &b.id) {
        lines.add(Field::IdNumber, numbers::compare(x, y), 0);
    }
    if let (Some(x), Some(y)) = (&a.teacher_number, &b.teacher_number) {
        let level = match numbers::compare_short(x, y) {
            Level::Transposed => Level::OneDigit,
            level => level,
        };
        lines.add(Field::TeacherNumber, level, among.lower(Slot::Teacher, x, y));
    }
    births_and_sexes(&mut lines, among, a, b);
    if let (Some(x), Some(y)) = (&a.phone, &b.phone) {
        lines.add(Field::Phone, phone(x, y), among.lower(Slot::Phone, x, y));
    }
    schools(&mut lines, among, a, b);
    if let (Some(x), Some(y)) = (&a.postcode, &b.postcode) {
        lines.add(Field::Postcode, numbers::compare_short(x, y), among.lower(Slot::Postcode, x, y));
    }
    texts(&mut lines, among, Field::Address, Slot::Address, a.address.as_ref(), b.address.as_ref());
    for (at, (x, y)) in a.texts.iter().zip(&b.texts).enumerate() {
        texts(&mut lines, among, Field::Text, Slot::Text(at), x.as_ref(), y.as_ref());
    }
    let prior = -log2_milli(among.people.max(1));
    lines.evidence.push(Evidence { field: Field::Prior, level: None, weight: prior });
    let score = lines.evidence.iter().map(|e| e.weight).sum();
    Scored { score, evidence: lines.evidence }
}

struct Lines<'w> {
    weights: &'w Weights,
    evidence: Vec<Evidence>,
}

impl Lines<'_> {
    fn add(&mut self, field: Field, level: Level, rarity: i64) {
        let rule = self.weights.of(field, level);
        let weight = rule.weight + per_cent(rarity, rule.rarity);
        self.evidence.push(Evidence { field, level: Some(level), weight });
    }
}

/// The best of what the names in use, and a former name of either side, say.
fn whole_names(lines: &mut Lines<'_>, among: &Frequencies, a: &Profile, b: &Profile) {
    let (Some(x), Some(y)) = (&a.name, &b.name) else { return };
    let mut level = names::compare(x, y);
    let mut rarity = name_rarity(among, level, x, y);
    let known = |name: &NameForm, former: &[NameForm]| former.iter().any(|f| f.simple == name.simple);
    if !matches!(level, Level::Equal | Level::Variant) && (known(x, &b.former) || known(y, &a.former)) {
        // One of the two is a name of the roster, so its own rarity counts; the rarer is the one that few share.
        level = Level::Former;
        rarity = among.lower(Slot::Name, &x.simple, &y.simple);
    }
    lines.add(Field::Name, level, rarity);
}

fn name_rarity(among: &Frequencies, level: Level, x: &NameForm, y: &NameForm) -> i64 {
    match level {
        Level::Homophone | Level::HomophoneToneless | Level::NearHomophone => {
            among.lower(Slot::Sound, &x.sound, &y.sound)
        }
        _ => among.lower(Slot::Name, &x.simple, &y.simple),
    }
}

fn name_parts(lines: &mut Lines<'_>, among: &Frequencies, a: &Profile, b: &Profile) {
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
            Level::Equal | Level::Swapped => among.lower(slot, &x.simple, &y.simple),
            Level::Sound => among.lower(sounds, &x.sound, &y.sound),
            _ => among.lower(slot, &x.simple, &y.simple).min(among.lower(sounds, &x.sound, &y.sound)),
        };
        lines.add(field, level, rarity);
    }
}

/// Birth date and sex by themselves, or out of a valid ID number where the other side has none: what an ID number has
/// said already is not said twice.
fn births_and_sexes(lines: &mut Lines<'_>, among: &Frequencies, a: &Profile, b: &Profile) {
    let apart = a.id.is_none() || b.id.is_none();
    let birth = |p: &'_ Profile| if apart { p.any_birth().map(str::to_owned) } else { p.birth.clone() };
    if let (Some(x), Some(y)) = (birth(a), birth(b)) {
        lines.add(Field::BirthDate, dates(&x, &y), among.lower(Slot::Birth, &x, &y));
    }
    let male = |p: &Profile| if apart { p.any_male() } else { p.male };
    if let (Some(x), Some(y)) = (male(a), male(b)) {
        lines.add(Field::Sex, if x == y { Level::Equal } else { Level::Differs }, 0);
    }
}

fn dates(a: &str, b: &str) -> Level {
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

fn phone(a: &str, b: &str) -> Level {
    let hidden = a.bytes().chain(b.bytes()).any(|c| c == HIDDEN);
    let others = a.bytes().zip(b.bytes()).filter(|(x, y)| x != y && *x != HIDDEN && *y != HIDDEN).count();
    match (hidden, a.len() == b.len(), others) {
        (false, true, 0) => Level::Equal,
        (true, true, 0) => Level::Masked,
        (false, _, _) if numbers::compare_short(a, b) != Level::Differs => Level::OneDigit,
        _ => Level::Differs,
    }
}

fn in_region(school: &str, region: &str) -> String {
    format!("{region} {school}")
}

fn schools(lines: &mut Lines<'_>, among: &Frequencies, a: &Profile, b: &Profile) {
    let codes = a.school_code.as_ref().zip(b.school_code.as_ref());
    let named = a.school.as_ref().zip(b.school.as_ref());
    let regions = a.region.as_ref().zip(b.region.as_ref());
    if let Some((x, _)) = codes.filter(|(x, y)| x == y) {
        return lines.add(Field::School, Level::Equal, among.rarity(Slot::Code, x));
    }
    if let Some((x, y)) = named {
        let rarity = among.lower(Slot::School, &x.simple, &y.simple);
        if x.simple == y.simple {
            // Counties give their schools the same names.
            let rarity = match regions.filter(|(a, b)| a == b) {
                Some((region, _)) => among.rarity(Slot::SchoolInRegion, &in_region(&x.simple, region)),
                None => rarity,
            };
            let level = if regions.is_some_and(|(a, b)| a != b) { Level::Close } else { Level::Named };
            return lines.add(Field::School, level, rarity);
        }
        let contained = x.simple.contains(&y.simple) || y.simple.contains(&x.simple);
        if contained || distance(&x.simple, &y.simple) <= 1 {
            return lines.add(Field::School, Level::Close, rarity);
        }
    }
    match regions {
        Some((x, y)) if x == y => lines.add(Field::School, Level::Region, among.rarity(Slot::Region, x)),
        _ if codes.or(regions).is_some() || named.is_some() => lines.add(Field::School, Level::Differs, 0),
        _ => {}
    }
}

/// Of two texts the share of their words, weighed by rarity, that they have in common.
fn texts(
    lines: &mut Lines<'_>,
    among: &Frequencies,
    field: Field,
    slot: Slot,
    a: Option<&TextForm>,
    b: Option<&TextForm>,
) {
    let (Some(a), Some(b)) = (a, b) else { return };
    // Words are taken one after the other, so the order of the sides must not show.
    let (a, b) = if a.joined <= b.joined { (a, b) } else { (b, a) };
    let rarity = |word: &str| among.rarity(slot, word) + 500;
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
        take(word, 80, &alike);
    }
    // 2 × common ÷ (a + b), in thousandths.
    let alike = 2_000 * common / (total(a) + total(b)).max(1);
    let level = match alike {
        1_000.. => Level::Equal,
        750..1_000 => Level::Close,
        400..750 => Level::Fair,
        _ => Level::Differs,
    };
    // Words go together, so together they are less rare than each by itself.
    let most = per_cent(log2_milli(among.people.max(1)), 120);
    lines.add(field, level, common.min(most));
}

/// Whether one word is the other with a typing error, or how it begins.
fn alike(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.chars().count() >= 4 && (long.starts_with(short) || distance(a, b) <= 1 + short.len() / 8)
}
