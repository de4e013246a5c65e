//! Turns pairs into groups without chaining.

/// A pair of rows that is considered to be one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The lower row.
    pub a: u32,
    /// The higher row.
    pub b: u32,
    /// Score of the pair; pairs with higher scores are joined first.
    pub score: i64,
}

/// Groups of rows that are one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// The groups, each sorted, ordered by first row. Rows without a partner are in no group.
    pub groups: Vec<Vec<u32>>,
    /// The links that merged nobody.
    pub suggestions: Vec<Link>,
}

/// Builds groups of rows that are one person.
///
/// The strongest link is processed first. Two groups merge only if every member of one agrees with every member of the
/// other (`agree`): if A is like B and B like C, but A not like C, the weaker link stays a suggestion. The result does
/// not depend on the order of the links.
pub fn build_clusters(rows: usize, links: &[Link], agree: &mut dyn FnMut(u32, u32) -> bool) -> Clusters {
    let mut sorted: Vec<Link> = links.to_vec();
    sorted.sort_unstable_by(|x, y| y.score.cmp(&x.score).then((x.a, x.b).cmp(&(y.a, y.b))));
    let mut group_of: Vec<u32> = (0u32..).take(rows).collect();
    let mut groups: Vec<Vec<u32>> = (0u32..).take(rows).map(|row| vec![row]).collect();
    let mut suggestions = vec![];
    for link in sorted {
        let group = |row: u32, of: &[u32]| of.get(row as usize).copied().unwrap_or(row);
        let (x, y) = (group(link.a, &group_of), group(link.b, &group_of));
        if x == y {
            continue;
        }
        let (left, right) = (group_members(&groups, x), group_members(&groups, y));
        let whole = left.iter().all(|a| {
            right.iter().all(|b| (*a, *b) == (link.a, link.b) || (*b, *a) == (link.a, link.b) || agree(*a, *b))
        });
        if !whole {
            suggestions.push(link);
            continue;
        }
        let (kept, gone) = if left.len() >= right.len() { (x, y) } else { (y, x) };
        let moved = groups.get_mut(gone as usize).map(std::mem::take).unwrap_or_default();
        for row in &moved {
            if let Some(group) = group_of.get_mut(*row as usize) {
                *group = kept;
            }
        }
        if let Some(group) = groups.get_mut(kept as usize) {
            group.extend(moved);
        }
    }
    let mut made: Vec<Vec<u32>> = groups.into_iter().filter(|group| group.len() > 1).collect();
    for group in &mut made {
        group.sort_unstable();
    }
    made.sort_unstable();
    Clusters { groups: made, suggestions }
}

fn group_members(groups: &[Vec<u32>], group: u32) -> Vec<u32> {
    groups.get(group as usize).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_chain_merges_nobody_by_itself() {
        let links = [Link { a: 0, b: 1, score: 30 }, Link { a: 1, b: 2, score: 20 }];
        let merged = build_clusters(3, &links, &mut |a, b| (a, b) != (0, 2) && (a, b) != (2, 0));
        assert_eq!(merged, Clusters { groups: vec![vec![0, 1]], suggestions: vec![links[1]] });
        let merged = build_clusters(3, &links, &mut |_, _| true);
        assert_eq!(merged, Clusters { groups: vec![vec![0, 1, 2]], suggestions: vec![] });
    }

    proptest! {
        #[test]
        fn order_decides_nothing(pairs in prop::collection::vec((0u32..12, 0u32..12, 0i64..5), 0..40), seed in 0u64..99) {
            let links: Vec<Link> =
                pairs.iter().filter(|(a, b, _)| a < b).map(|(a, b, score)| Link { a: *a, b: *b, score: *score }).collect();
            let mut shuffled = links.clone();
            shuffled.sort_by_key(|l| (u64::from(l.a) * 7 + u64::from(l.b) * 13 + seed * 31) % 17);
            let mut agree = |a: u32, b: u32| !(a + b).is_multiple_of(3);
            let one = build_clusters(12, &links, &mut agree);
            prop_assert_eq!(&one, &build_clusters(12, &shuffled, &mut agree));
            for group in &one.groups {
                for a in group {
                    for b in group.iter().filter(|b| *b > a) {
                        let linked = links.iter().any(|l| (l.a, l.b) == (*a, *b));
                        prop_assert!(linked || agree(*a, *b), "{} and {} do not agree", a, b);
                    }
                }
            }
        }
    }
}
