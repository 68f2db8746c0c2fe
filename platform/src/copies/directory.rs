//! An archive's table of contents, read before the library that unpacks archives believes it.
//!
//! What that library makes of a table is keyed by name and as long as the table says, so whoever writes one chooses
//! how much memory it takes and which of two entries of a name counts. Here the table's size and count are bounded
//! first, and every entry is seen. (.ZIP File Format Specification 6.3, sections 4.3.12 to 4.3.16.)

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

/// Bytes of a table: names of 100,000 files may take as much.
const TABLE: u64 = 64 << 20;
/// The fixed part of an entry, of the table's end, of the end with long numbers, and of what points to that.
const ENTRY: usize = 46;
const END: usize = 22;
const LONG_END: usize = 56;
const POINTER: usize = 20;

/// One entry as the table describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: Vec<u8>,
    pub encrypted: bool,
    /// How it is packed: 0 not at all, 8 by deflate.
    pub method: u16,
    /// A file's kind and rights where it was packed on a Unix system; else 0.
    pub mode: u32,
    /// Packed bytes, as the table says.
    pub packed: u64,
}

/// Why there is none to read.
#[derive(Debug)]
pub(super) enum Broken {
    /// Nothing that ends like an archive.
    NoArchive,
    /// It ends like one, but its table doesn't hold what the end says.
    Damaged,
    /// More entries than are taken, or longer names.
    TooMany,
    /// The file can't be read.
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged,
            _ => Self::Io(error),
        }
    }
}

/// Reads the table; at most `most` entries. Nothing may stand behind an archive's end, a comment neither: so there is
/// one end only that anybody could find.
pub(super) fn read(file: &mut File, most: usize) -> Result<Vec<Entry>, Broken> {
    let length = file.metadata()?.len();
    let end_at = length.checked_sub(END as u64).ok_or(Broken::NoArchive)?;
    let end = bytes::<END>(file, end_at)?;
    if end[..4] != *b"PK\x05\x06" || short(&end, 20) != 0 {
        return Err(Broken::NoArchive);
    }
    let mut count = u64::from(short(&end, 10));
    let (mut size, mut start) = (u64::from(long(&end, 12)), u64::from(long(&end, 16)));
    let mut one_disk = long(&end, 4) == 0 && short(&end, 8) == short(&end, 10);
    let mut table_end = end_at;
    if let Some(pointer_at) = end_at.checked_sub(POINTER as u64) {
        let pointer = bytes::<POINTER>(file, pointer_at)?;
        if pointer[..4] == *b"PK\x06\x07" {
            table_end = pointer_at.checked_sub(LONG_END as u64).ok_or(Broken::Damaged)?;
            let end = bytes::<LONG_END>(file, table_end)?;
            let there = end[..4] == *b"PK\x06\x06" && longest(&end, 4) == LONG_END as u64 - 12;
            if !there || longest(&pointer, 8) != table_end {
                return Err(Broken::Damaged);
            }
            one_disk = longest(&end, 16) == 0 && longest(&end, 24) == longest(&end, 32);
            (count, size, start) = (longest(&end, 32), longest(&end, 40), longest(&end, 48));
        }
    }
    if count > most as u64 || size > TABLE {
        return Err(Broken::TooMany);
    }
    if !one_disk || start.checked_add(size) != Some(table_end) {
        return Err(Broken::Damaged);
    }
    let mut table = vec![0; usize::try_from(size).map_err(|_| Broken::TooMany)?];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut table)?;
    let mut entries = Vec::new();
    let mut rest = table.as_slice();
    for _ in 0..count {
        let (entry, after) = entry(rest).ok_or(Broken::Damaged)?;
        entries.push(entry);
        rest = after;
    }
    // Packed bytes can't share their place: a small archive would unpack to any size.
    let packed = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.packed));
    if rest.is_empty() && packed <= start { Ok(entries) } else { Err(Broken::Damaged) }
}

fn entry(table: &[u8]) -> Option<(Entry, &[u8])> {
    let (fixed, rest) = table.split_at_checked(ENTRY)?;
    if fixed[..4] != *b"PK\x01\x02" {
        return None;
    }
    let (name, rest) = rest.split_at_checked(short(fixed, 28).into())?;
    let (extra, rest) = rest.split_at_checked(short(fixed, 30).into())?;
    let (_, rest) = rest.split_at_checked(short(fixed, 32).into())?;
    let packed = match long(fixed, 20) {
        u32::MAX => long_packed(extra, long(fixed, 24) == u32::MAX)?,
        packed => u64::from(packed),
    };
    let entry = Entry {
        name: name.to_owned(),
        encrypted: short(fixed, 8) & 1 == 1,
        method: short(fixed, 10),
        mode: long(fixed, 38) >> 16,
        packed,
    };
    Some((entry, rest))
}

/// Packed bytes where they are too many for their place: the number after the other one, if that is too long as well.
fn long_packed(mut extra: &[u8], after_size: bool) -> Option<u64> {
    loop {
        let (head, rest) = extra.split_at_checked(4)?;
        let (field, rest) = rest.split_at_checked(short(head, 2).into())?;
        if short(head, 0) == 1 {
            let at = if after_size { 8 } else { 0 };
            return (field.len() >= at + 8).then(|| longest(field, at));
        }
        extra = rest;
    }
}

fn bytes<const N: usize>(file: &mut File, at: u64) -> Result<[u8; N], Broken> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from(short(bytes, at)) | u32::from(short(bytes, at + 2)) << 16
}

fn longest(bytes: &[u8], at: usize) -> u64 {
    u64::from(long(bytes, at)) | u64::from(long(bytes, at + 4)) << 32
}
