//! Generated platforms with every kind of paging, which cap their pages, lose links, forget tokens, refuse pages, and whose
//! rows change while they are read. No run ends well with fewer records than the platform had all through it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::{Answer, Platform, Says, SeenRequest, Site, manifest_text, record_of_course};
use crate::plans::id_number;

const PASSES: usize = 5;

/// A pseudo-random sequence, so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Paging {
    Number { first: usize },
    Offset,
    Token,
    TokenHeader,
    Link,
    LinkHeader,
    LastRecord,
}

/// How the platform says where its listing ends.
#[derive(Clone, Copy, PartialEq, Debug)]
enum EndSign {
    None,
    Total,
    TotalHeader,
    HasMore,
    ActualSize,
}

/// What happens during a pass, at its `at`th request.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    Refuse,
    /// The first row is deleted, so that the others move up.
    Delete,
    Insert,
    /// Pages become smaller or larger.
    Shrink,
    Grow,
    /// There are more pages, but no token or link to them.
    LoseNext,
    /// A page is empty although its rows are there.
    Empty,
}

/// A listing of a platform, and what happens to it.
struct Listing {
    nth: usize,
    paging: Paging,
    sign: EndSign,
    /// Rows per page that are requested, and the most that the platform gives.
    size: usize,
    cap: usize,
    rows: Vec<usize>,
    next_row: usize,
    /// Tokens of another epoch are refused.
    epoch: usize,
    /// Whether a token has the row that it continues after; otherwise it has a number of rows.
    tells_row: bool,
    fault: Fault,
    at: usize,
    asked: usize,
    /// The rows that are there all through this pass.
    throughout: BTreeSet<usize>,
}

impl Listing {
    fn generate(nth: usize, dice: &mut Dice) -> Self {
        let paging = dice.pick(&[
            Paging::Number { first: 0 },
            Paging::Number { first: 1 },
            Paging::Offset,
            Paging::Token,
            Paging::TokenHeader,
            Paging::Link,
            Paging::LinkHeader,
            Paging::LastRecord,
        ]);
        let signs: &[EndSign] = match paging {
            Paging::Token | Paging::TokenHeader => {
                &[EndSign::None, EndSign::Total, EndSign::TotalHeader, EndSign::HasMore]
            }
            Paging::Link | Paging::LinkHeader => &[EndSign::None, EndSign::Total, EndSign::TotalHeader],
            _ => &[EndSign::None, EndSign::Total, EndSign::TotalHeader, EndSign::HasMore, EndSign::ActualSize],
        };
        let rows: Vec<usize> = (1..=dice.roll(40)).collect();
        Self {
            nth,
            paging,
            sign: dice.pick(signs),
            size: 1 + dice.roll(12),
            cap: 1 + dice.roll(12),
            next_row: rows.len() + 1,
            rows,
            epoch: 0,
            tells_row: dice.roll(2) == 0,
            fault: Fault::None,
            at: 0,
            asked: 0,
            throughout: BTreeSet::new(),
        }
    }

    fn counts(&self) -> bool {
        matches!(self.sign, EndSign::Total | EndSign::TotalHeader)
    }

    fn is_positional(&self) -> bool {
        matches!(self.paging, Paging::Number { .. } | Paging::Offset)
    }

    /// Returns whether rows move when one before them is deleted, so that a page may miss one.
    fn moves(&self) -> bool {
        self.is_positional() || self.paging != Paging::LastRecord && !self.tells_row
    }

    /// The faults that a reader can notice. The others leave no trace in the answers.
    fn noticeable_faults(&self) -> Vec<Fault> {
        let mut faults = vec![Fault::None, Fault::None, Fault::Refuse, Fault::Insert];
        if self.counts() || !self.moves() {
            faults.push(Fault::Delete);
        }
        if self.counts() {
            faults.extend([Fault::Empty, Fault::Grow, Fault::Shrink, Fault::LoseNext]);
        }
        if self.sign == EndSign::HasMore {
            faults.push(Fault::LoseNext);
        }
        faults
    }

    /// Changes the rows before a pass, and decides what happens in it. `stopped`: the last pass did not reach the end.
    fn begin_pass(&mut self, dice: &mut Dice, stopped: bool) {
        // A token that counts rows without saying so leaves no trace of rows that moved before it.
        if dice.roll(3) == 0 && !self.rows.is_empty() && (!stopped || self.is_positional() || !self.moves()) {
            let gone = dice.roll(self.rows.len());
            self.rows.remove(gone);
        }
        for _ in 0..dice.roll(4) {
            self.rows.push(self.next_row);
            self.next_row += 1;
        }
        self.epoch += usize::from(dice.roll(4) == 0);
        self.fault = dice.pick(&self.noticeable_faults());
        (self.at, self.asked) = (1 + dice.roll(4), 0);
        self.throughout = self.rows.iter().copied().collect();
    }

    /// Returns the number of rows before the page, or `None` if the platform does not know the place any more.
    fn find_start(&self, asked: &SeenRequest) -> Option<usize> {
        let page = self.size.min(self.cap);
        Some(match self.paging {
            Paging::Number { first } => (asked.number_param("p") - first) * page,
            Paging::Offset => asked.number_param("p"),
            Paging::LastRecord => self.count_rows_to(asked.number_param("p")),
            _ => {
                let token = asked.param("p");
                if token.is_empty() {
                    return Some(0);
                }
                let (epoch, start) = token.split_once('-').unwrap();
                if epoch != self.epoch.to_string() {
                    return None;
                }
                let start = start.parse().unwrap();
                if self.tells_row { self.count_rows_to(start) } else { start }
            }
        })
    }

    fn count_rows_to(&self, last: usize) -> usize {
        self.rows.iter().position(|row| *row > last).unwrap_or(self.rows.len())
    }

    fn happen(&mut self) {
        match self.fault {
            Fault::Delete if !self.rows.is_empty() => {
                let gone = self.rows.remove(0);
                self.throughout.remove(&gone);
            }
            // Rows stay in the order of their numbers.
            Fault::Insert if self.moves() => {
                self.rows.insert(0, self.next_row);
                self.next_row += 1;
            }
            Fault::Shrink => self.cap = (self.cap / 2).max(1),
            Fault::Grow => self.cap *= 2,
            _ => {}
        }
    }

    fn answer(&mut self, asked: &SeenRequest) -> Answer {
        self.asked += 1;
        let now = self.asked == self.at;
        if now {
            self.happen();
        }
        if now && self.fault == Fault::Refuse {
            return Answer::new(400, "{\"error\":\"not now\"}");
        }
        let Some(start) = self.find_start(asked) else { return Answer::new(400, "{\"error\":\"cursor expired\"}") };
        let page = self.size.min(self.cap);
        let end = (start + page).min(self.rows.len());
        let shown = if now && self.fault == Fault::Empty { &[][..] } else { self.rows.get(start..end).unwrap_or(&[]) };
        let person = id_number(self.nth);
        let items: Vec<String> = shown
            .iter()
            .map(|n| record_of_course(*n, &format!("C{n}"), "2014-09-11 10:00:00"))
            .map(|item| item.replace("22010219590911001X", &person))
            .collect();
        let more = end < self.rows.len();
        let next = (more && !(now && self.fault == Fault::LoseNext)).then_some(end);
        self.tell(&items, more, next)
    }

    fn tell(&self, items: &[String], more: bool, next: Option<usize>) -> Answer {
        let mut body = format!("{{\"items\":[{}]", items.join(","));
        let mut headers = vec![];
        match self.sign {
            EndSign::None => {}
            EndSign::Total => write!(body, ",\"total\":{}", self.rows.len()).unwrap(),
            EndSign::TotalHeader => headers.push(("x-total", self.rows.len().to_string())),
            EndSign::HasMore => write!(body, ",\"more\":{more}").unwrap(),
            EndSign::ActualSize => write!(body, ",\"pageSize\":{}", self.size.min(self.cap)).unwrap(),
        }
        if let Some(end) = next {
            let place = if self.tells_row { self.rows[end - 1] } else { end };
            let (token, path) = (format!("{}-{place}", self.epoch), format!("/{}", self.nth));
            match self.paging {
                Paging::Token => write!(body, ",\"next\":\"{token}\"").unwrap(),
                Paging::TokenHeader => headers.push(("x-next", token)),
                Paging::Link => write!(body, ",\"next\":\"{path}?p={token}\"").unwrap(),
                Paging::LinkHeader => headers.push(("link", format!("<{path}?p={token}>; rel=\"next\""))),
                _ => {}
            }
        }
        body.push('}');
        headers.iter().fold(Answer::json(body), |answer, (name, value)| answer.with_header(name, value))
    }

    fn manifest(&self) -> String {
        let by = match self.paging {
            Paging::Number { first } => format!("by = \"number\", param = \"p\", first = {first}"),
            Paging::Offset => "by = \"offset\", param = \"p\"".into(),
            Paging::Token => "by = \"token\", param = \"p\", next = \"next\"".into(),
            Paging::TokenHeader => "by = \"token\", param = \"p\", next_header = \"x-next\"".into(),
            Paging::Link => "by = \"link\", next = \"next\"".into(),
            Paging::LinkHeader => "by = \"link\"".into(),
            Paging::LastRecord => "by = \"last_record\", param = \"p\", path = \"no\"".into(),
        };
        let sign = match self.sign {
            EndSign::None => "",
            EndSign::Total => ", total = \"total\"",
            EndSign::TotalHeader => ", total_header = \"x-total\"",
            EndSign::HasMore => ", has_more = \"more\"",
            EndSign::ActualSize => ", actual_size = \"pageSize\"",
        };
        let stream = format!(
            "request = \"/{}\"\nformat = {{ kind = \"json\", items = \"items\" }}\npage = {{ {by}, size = {}{sign} }}",
            self.nth, self.size
        );
        manifest_text(&format!("p{}", self.nth), &Says { stream: &stream, ..Says::default() })
    }

    fn tell_apart(&self) -> String {
        let Self { nth, paging, sign, size, cap, fault, at, .. } = self;
        format!("listing {nth}: {paging:?} {sign:?} size {size} cap {cap}, {fault:?} at request {at}")
    }
}

/// The courses that are held of each listing; each row of a listing is a course of its own.
fn read_held(site: &Site) -> BTreeMap<usize, BTreeSet<usize>> {
    let numbers: BTreeMap<i64, usize> = site
        .house
        .query_rows("SELECT id, name FROM source")
        .into_iter()
        .map(|(id, name)| (id, String::from_utf8(name).unwrap()[1..].parse().unwrap()))
        .collect();
    let mut held: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (source, course) in site
        .house
        .query_rows("SELECT r.source_id, o.course_code FROM training_record r JOIN offering o ON o.id = r.offering_id")
    {
        let course = String::from_utf8(course).unwrap()[1..].parse().unwrap();
        held.entry(numbers[&source]).or_default().insert(course);
    }
    held
}

/// Returns the listings whose newest run ended well.
fn read_done(site: &Site, listings: usize) -> BTreeSet<usize> {
    let limit = listings.to_string();
    let runs = site.list_items(&["runs", "list", "--limit", &limit, "--json"]);
    let runs = runs.as_array().unwrap();
    assert_eq!(runs.len(), listings);
    runs.iter()
        .filter(|run| run["state"] == "done" && run["unmet"] == json!([]))
        .map(|run| run["source"].as_str().unwrap()[1..].parse().unwrap())
        .collect()
}

/// Set `HUILIU_LISTINGS` to read more of them, and `HUILIU_SEED` for others.
#[test]
fn no_run_of_a_generated_listing_ends_well_with_less_than_was_there() {
    let set = |name: &str, otherwise: usize| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let number = set("HUILIU_LISTINGS", 40);
    let mut dice = Dice(u64::try_from(set("HUILIU_SEED", 15)).unwrap());
    let listings: Vec<_> = (0..number).map(|nth| Mutex::new(Listing::generate(nth, &mut dice))).collect();
    let listings = Arc::new(listings);
    let served = Arc::clone(&listings);
    let platform = Platform::start(move |asked| {
        let nth: usize = asked.path[1..].parse().unwrap();
        served[nth].lock().unwrap().answer(asked)
    });
    let site = Site::new(&platform, &Says::default());
    let mut settings = String::new();
    for listing in listings.iter() {
        let listing = listing.lock().unwrap();
        let nth = listing.nth;
        site.write_manifest(&format!("p{nth}"), &listing.manifest());
        writeln!(settings, "[[source]]\nname = \"s{nth}\"\nconnector = \"p{nth}\"\ninstitution_code = \"I\"").unwrap();
        writeln!(settings, "base_url = \"{}\"", platform.url).unwrap();
    }
    site.write_settings(&settings);
    let (mut done, mut well, mut undisturbed) = (BTreeSet::from_iter(0..number), 0, 0);
    for pass in 0..PASSES {
        for (nth, listing) in listings.iter().enumerate() {
            listing.lock().unwrap().begin_pass(&mut dice, !done.contains(&nth));
        }
        let synced = site.run(&["sync", "--all"]);
        let held = read_held(&site);
        let before = std::mem::replace(&mut done, read_done(&site, number));
        for (nth, listing) in listings.iter().enumerate() {
            let listing = listing.lock().unwrap();
            let told = || format!("pass {pass} of {}", listing.tell_apart());
            if done.contains(&nth) {
                let missing: Vec<_> =
                    listing.throughout.difference(held.get(&nth).unwrap_or(&BTreeSet::new())).copied().collect();
                assert!(missing.is_empty(), "{}: {missing:?} are not held", told());
                well += 1;
            } else if listing.fault == Fault::None && before.contains(&nth) {
                let source = format!("s{nth}");
                let runs = site.run(&["runs", "list", "--source", &source, "--limit", "1", "--json"]).stdout;
                let told_on = String::from_utf8_lossy(&synced.stderr);
                panic!("{}: failed for no reason: {}{told_on}", told(), String::from_utf8_lossy(&runs));
            }
            undisturbed += usize::from(listing.fault == Fault::None);
        }
    }
    println!("{number} listings, {PASSES} passes each: {well} runs ended well, {undisturbed} were not disturbed");
    assert!(well > number * PASSES / 4);
    assert_eq!(site.run_json(&["balance", "--json"])["balanced"], true);
}
