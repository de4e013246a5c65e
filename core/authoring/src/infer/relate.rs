//! What columns say about each other: whose name goes with whose number, which day comes first.

use std::collections::{HashMap, HashSet};

use crate::infer::table::Table;
use huiliu_values::IdNumber;
use huiliu_values::date::{parse_date, parse_instant};
use huiliu_values::id_number::Sex;

/// What is known of a column beside the column of ID numbers.
#[derive(Debug, Default, Clone)]
pub(super) struct Beside {
    /// One ID number goes with one text, and nearly as many texts as ID numbers.
    pub one_per_person: bool,
    /// Far fewer texts than people, and more than one of them.
    pub shared: bool,
    /// The birth dates of the ID numbers.
    pub births: bool,
    /// The sexes of the ID numbers.
    pub sexes: bool,
}

/// What each column is beside the column `ids`, the most likely one of ID numbers.
pub(super) fn beside(table: &Table, ids: Option<usize>) -> Vec<Beside> {
    let numbers: Vec<Option<IdNumber>> = match ids.and_then(|at| table.columns.get(at)) {
        Some(column) => column.values.iter().map(|text| IdNumber::parse(text.as_deref()?).ok()).collect(),
        None => return vec![Beside::default(); table.columns.len()],
    };
    let people = numbers.iter().flatten().map(IdNumber::reveal).collect::<HashSet<_>>().len();
    table.columns.iter().map(|column| one(&column.values, &numbers, people)).collect()
}

fn one(values: &[Option<String>], numbers: &[Option<IdNumber>], people: usize) -> Beside {
    let pairs: Vec<(&IdNumber, &str)> =
        numbers.iter().zip(values).filter_map(|(n, v)| Some((n.as_ref()?, v.as_deref()?.trim()))).collect();
    if pairs.len() < 2 {
        return Beside::default();
    }
    let mut texts: HashMap<&str, &str> = HashMap::new();
    let strays = pairs.iter().filter(|(number, text)| *texts.entry(number.reveal()).or_insert(text) != *text).count();
    let distinct = texts.values().collect::<HashSet<_>>().len();
    let most = |matching: usize| matching * 10 >= pairs.len() * 9;
    let birth = |(number, text): &&(&IdNumber, &str)| parse_date(text).is_ok_and(|day| day == number.birth_date());
    let sex = |(number, text): &&(&IdNumber, &str)| match number.sex() {
        Sex::Male => ["男", "1", "M", "male"].contains(text),
        Sex::Female => ["女", "2", "F", "female"].contains(text),
    };
    Beside {
        one_per_person: strays * 20 <= pairs.len() && distinct * 10 >= people * 8 && people > 1,
        shared: distinct * 2 <= people,
        births: most(pairs.iter().filter(birth).count()),
        sexes: pairs.len() > 2 && most(pairs.iter().filter(sex).count()),
    }
}

/// What a column of amounts is to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// In each record the sum of two others.
    Whole,
    /// One of two of which another is the sum.
    Part,
    Neither,
}

/// Columns of amounts that are compared.
const AMOUNTS: usize = 12;

/// Which of these columns of amounts are sums of two others.
pub(super) fn sums(table: &Table, amounts: &[usize]) -> Vec<Sum> {
    let mut found = vec![Sum::Neither; table.columns.len()];
    let amount = |text: &Option<String>| {
        let text: String = text.iter().flat_map(|t| t.chars()).filter(|c| c.is_ascii_digit() || *c == '.').collect();
        text.parse::<f64>().unwrap_or(0.0)
    };
    let columns: Vec<(usize, Vec<f64>)> =
        amounts.iter().take(AMOUNTS).map(|at| (*at, table.columns[*at].values.iter().map(amount).collect())).collect();
    for (whole, of) in &columns {
        for (nth, (one, a)) in columns.iter().enumerate() {
            for (other, b) in columns.iter().skip(nth + 1) {
                let rows = || of.iter().zip(a).zip(b);
                let adds = rows().all(|((w, a), b)| (w - a - b).abs() < 0.001);
                // Where one of the two is always nothing, the other is the same once more.
                let both = rows().any(|((_, a), b)| *a > 0.0 && *b > 0.0);
                if adds && both && *whole != *one && *whole != *other && table.rows > 2 {
                    found[*whole] = Sum::Whole;
                    (found[*one], found[*other]) = (Sum::Part, Sum::Part);
                }
            }
        }
    }
    found
}

/// How two columns of days stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The first is never later, and sometimes earlier.
    Before,
    /// The first is never earlier, and sometimes later.
    After,
    /// Neither.
    Mixed,
}

/// The order of two columns of days.
pub(super) fn order(first: &[Option<String>], second: &[Option<String>]) -> Order {
    let (mut earlier, mut later, mut compared) = (0, 0, 0);
    for (a, b) in first.iter().zip(second) {
        let (Some(a), Some(b)) = (a.as_deref(), b.as_deref()) else { continue };
        let (Ok(a), Ok(b)) = (parse_instant(a), parse_instant(b)) else { continue };
        compared += 1;
        earlier += usize::from(a < b);
        later += usize::from(a > b);
    }
    match (earlier, later) {
        _ if compared < 2 => Order::Mixed,
        (1.., late) if late * 20 <= compared => Order::Before,
        (early, 1..) if early * 20 <= compared => Order::After,
        _ => Order::Mixed,
    }
}

/// Whether each text of one column goes with one text of the other, both ways.
pub(super) fn paired(first: &[Option<String>], second: &[Option<String>]) -> bool {
    let (mut there, mut back) = (HashMap::new(), HashMap::new());
    let pairs: Vec<(&str, &str)> =
        first.iter().zip(second).filter_map(|(a, b)| Some((a.as_deref()?, b.as_deref()?))).collect();
    let strays = pairs
        .iter()
        .filter(|(a, b)| *there.entry(*a).or_insert(*b) != *b || *back.entry(*b).or_insert(*a) != *a)
        .count();
    pairs.len() > 2 && strays * 20 <= pairs.len()
}
