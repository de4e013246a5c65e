//! Streams of an OLE file [MS-CFB].

/// Values from here on end a chain of sectors.
const END: u32 = 0xFFFF_FFFA;
const ENTRY: usize = 128;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Returns the content of the first of these streams that the file has, unless the file is damaged.
pub(crate) fn read_stream(bytes: &[u8], names: &[&str]) -> Option<Vec<u8>> {
    let file = OleFile::open(bytes)?;
    let directory = file.read_chain(u32_at(bytes, 48)?)?;
    let entries: Vec<&[u8]> = directory.chunks_exact(ENTRY).collect();
    let named = |name: &str| {
        let wanted: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        entries.iter().find(|entry| entry.get(66) == Some(&2) && entry.starts_with(&wanted)).copied()
    };
    let entry = names.iter().find_map(|name| named(name))?;
    let (start, size) = (u32_at(entry, 116)?, usize::try_from(u32_at(entry, 120)?).ok()?);
    let mut content = if size < usize::try_from(u32_at(bytes, 56)?).ok()? {
        let root = entries.iter().find(|entry| entry.get(66) == Some(&5))?;
        file.read_small_chain(start, u32_at(root, 116)?)?
    } else {
        file.read_chain(start)?
    };
    content.truncate(size);
    Some(content)
}

struct OleFile<'a> {
    bytes: &'a [u8],
    /// Size of a sector in bytes.
    sector: usize,
    /// The sector that follows each sector.
    next: Vec<u32>,
}

impl<'a> OleFile<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let sector =
            1_usize.checked_shl(u32::from(u16_at(bytes, 30)?)).filter(|size| (128..=1 << 16).contains(size))?;
        let mut file = Self { bytes, sector, next: vec![] };
        let mut tables: Vec<u32> = (0..109).filter_map(|nth| u32_at(bytes, 76 + 4 * nth)).collect();
        let mut more = u32_at(bytes, 68)?;
        while more < END && tables.len() * sector <= bytes.len() {
            let list = file.sector_at(more)?;
            let words: Vec<u32> = list.chunks_exact(4).filter_map(|word| u32_at(word, 0)).collect();
            let (last, others) = words.split_last()?;
            tables.extend(others);
            more = *last;
        }
        for table in tables.into_iter().filter(|sector| *sector < END) {
            let words = file.sector_at(table)?.chunks_exact(4).filter_map(|word| u32_at(word, 0));
            let words: Vec<u32> = words.collect();
            file.next.extend(words);
        }
        Some(file)
    }

    fn sector_at(&self, nth: u32) -> Option<&'a [u8]> {
        let start = (usize::try_from(nth).ok()? + 1).checked_mul(self.sector)?;
        // The last sector may be cut.
        let end = start.checked_add(self.sector)?.min(self.bytes.len());
        self.bytes.get(start..end)
    }

    fn read_chain(&self, first: u32) -> Option<Vec<u8>> {
        let (mut content, mut at) = (vec![], first);
        while at < END {
            content.extend_from_slice(self.sector_at(at)?);
            at = *self.next.get(at as usize)?;
            if content.len() > self.bytes.len() + self.sector {
                return None;
            }
        }
        Some(content)
    }

    /// Reads a chain of small sectors, which are in the stream that begins at `store`.
    fn read_small_chain(&self, first: u32, store: u32) -> Option<Vec<u8>> {
        let size = 1_usize.checked_shl(u32::from(u16_at(self.bytes, 32)?)).filter(|size| *size <= self.sector)?;
        let (store, table) = (self.read_chain(store)?, self.read_chain(u32_at(self.bytes, 60)?)?);
        let (mut content, mut at) = (vec![], first);
        while at < END {
            let start = usize::try_from(at).ok()?.checked_mul(size)?;
            content.extend_from_slice(store.get(start..start + size)?);
            at = u32_at(&table, 4 * at as usize)?;
            if content.len() > store.len() {
                return None;
            }
        }
        Some(content)
    }
}
