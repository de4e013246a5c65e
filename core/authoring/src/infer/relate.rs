//! Relates columns to each other: which name goes with which ID number, which date comes first.

use std::collections::{HashMap, HashSet};

use crate::infer::table::Table;
use huiliu_values::IdNumber;
use huiliu_values::date::{parse_date, parse_instant};
use huiliu_values::id_number::Sex;

/// How a column relates to the column of ID numbers.
#[derive(Debug, Default, Clone)]
pub(super) struct ColumnRelation {
    /// Each ID number goes with one text, and there are nearly as many texts as ID numbers.
    pub one_per_person: bool,
    /// There are far fewer texts than people.
    pub shared: bool,
    /// The texts are the ID numbers' birth dates.
    pub births: bool,
    /// The texts are the ID numbers' sexes.
    pub sexes: bool,
}

/// Relates each column to the column `ids`, the one most likely to hold ID numbers.
pub(super) fn relate_to_ids(table: &Table, ids: Option<usize>) -> Vec<ColumnRelation> {
    let numbers: Vec<Option<IdNumber>> = match ids.and_then(|at| table.columns.get(at)) {
        Some(column) => column.values.iter().map(|text| IdNumber::parse(text.as_deref()?).ok()).collect(),
        None => return vec![ColumnRelation::default(); table.columns.len()],
    };
    let people = numbers.iter().flatten().map(IdNumber::reveal).collect::<HashSet<_>>().len();
    table.columns.iter().map(|column| relate_column(&column.values, &numbers, people)).collect()
}

fn relate_column(values: &[Option<String>], numbers: &[Option<IdNumber>], people: usize) -> ColumnRelation {
    let pairs: Vec<(&IdNumber, &str)> =
        numbers.iter().zip(values).filter_map(|(n, v)| Some((n.as_ref()?, v.as_deref()?.trim()))).collect();
    if pairs.len() < 2 {
        return ColumnRelation::default();
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
    ColumnRelation {
        one_per_person: strays * 20 <= pairs.len() && distinct * 10 >= people * 8 && people > 1,
        shared: distinct * 2 <= people,
        births: most(pairs.iter().filter(birth).count()),
        sexes: pairs.len() > 2 && most(pairs.iter().filter(sex).count()),
    }
}

/// How a column of amounts relates to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// In each record the sum of two other columns.
    Whole,
    /// One of two columns whose sum is another column.
    Part,
    Neither,
}

/// At most this many columns of amounts are compared.
const AMOUNTS: usize = 12;

/// Finds which of these columns of amounts are sums of two others.
pub(super) fn find_sums(table: &Table, amounts: &[usize]) -> Vec<Sum> {
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
                // If one of the two is always zero, the other merely repeats the whole.
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

/// The order of two columns of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The first is hardly ever later, and sometimes earlier.
    Before,
    /// The first is hardly ever earlier, and sometimes later.
    After,
    /// Neither holds, or too few dates can be compared.
    Mixed,
}

/// Compares two columns of dates; up to five per cent of the rows may contradict.
pub(super) fn compare_order(first: &[Option<String>], second: &[Option<String>]) -> Order {
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

/// Returns whether the texts of two columns correspond one to one; up to five per cent of the rows may contradict.
pub(super) fn are_paired(first: &[Option<String>], second: &[Option<String>]) -> bool {
    let (mut there, mut back) = (HashMap::new(), HashMap::new());
    let pairs: Vec<(&str, &str)> =
        first.iter().zip(second).filter_map(|(a, b)| Some((a.as_deref()?, b.as_deref()?))).collect();
    let strays = pairs
        .iter()
        .filter(|(a, b)| *there.entry(*a).or_insert(*b) != *b || *back.entry(*b).or_insert(*a) != *a)
        .count();
    pairs.len() > 2 && strays * 20 <= pairs.len()
}
