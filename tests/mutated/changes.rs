//! Changes to bytes, as damage and malice make them.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// One change to bytes.
#[derive(Debug, Clone)]
pub enum Change {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Double(prop::sample::Index, usize),
    Remove(prop::sample::Index, usize),
    /// The end of another sample after the beginning of this one.
    Splice(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
}

/// Draws one change.
pub fn change_strategy() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    let pieces = prop_oneof![
        Just(b"\0".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just(b"\\ud83d".to_vec()),
        Just(b"&#xD800;".to_vec()),
        Just(b"<![CDATA[".to_vec()),
        Just(b"99999999999999999999e999".to_vec()),
        Just("年，·".as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..20),
    ];
    prop_oneof![
        4 => (index(), 1u8..).prop_map(|(at, bits)| Change::Flip(at, bits)),
        1 => index().prop_map(Change::Cut),
        1 => (index(), 1usize..400).prop_map(|(at, length)| Change::Double(at, length)),
        2 => (index(), 1usize..60).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (index(), index()).prop_map(|(at, other)| Change::Splice(at, other)),
        3 => (index(), pieces).prop_map(|(at, piece)| Change::Insert(at, piece)),
    ]
}

/// Changes bytes. `all` are the samples that another end can come from.
pub fn apply_change(bytes: &mut Vec<u8>, change: &Change, all: &[impl AsRef<[u8]>]) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match change {
        Change::Flip(at, bits) => bytes[at.index(length)] ^= bits,
        Change::Cut(at) => bytes.truncate(at.index(length)),
        Change::Double(at, many) => {
            let from = at.index(length);
            let piece = bytes[from..(from + many).min(length)].to_vec();
            bytes.splice(from..from, piece);
        }
        Change::Remove(at, many) => {
            let from = at.index(length);
            bytes.drain(from..(from + many).min(length));
        }
        Change::Splice(at, other) => {
            let other = all[other.index(all.len())].as_ref();
            bytes.truncate(at.index(length));
            bytes.extend_from_slice(&other[at.index(other.len().max(1)).min(other.len())..]);
        }
        Change::Insert(at, piece) => {
            let from = at.index(length);
            bytes.splice(from..from, piece.iter().copied());
        }
    }
}

/// Returns a runner of generated cases. The same seed gives the same cases.
pub fn new_runner(cases: u32, seed: u8) -> TestRunner {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() },
        rng,
    )
}
