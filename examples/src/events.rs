//! The events that W2 and W3 are measured on: generated, the same everywhere, and their checksum.
//!
//! All numbers are unsigned, 64 bits, wrapping.

/// How many events a source makes at a time; source `p` of `P` takes the chunks whose number is `p`
/// modulo `P`.
pub(crate) const CHUNK: u64 = 4096;

pub(crate) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const A: u64 = 0xBF58_476D_1CE4_E5B9;
const B: u64 = 0x94D0_49BB_1331_11EB;

pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(A);
    z = (z ^ (z >> 27)).wrapping_mul(B);
    z ^ (z >> 31)
}

/// One event: one of 10,000 keys, skewed, a value, and three random bits for the filter of W3.
#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Event {
    pub(crate) key: u64,
    pub(crate) value: u64,
    pub(crate) bits: u8,
}

/// Event number `i`.
pub(crate) fn event(i: u64) -> Event {
    timed_event(i).0
}

/// How far events are out of order, in milliseconds.
pub(crate) const DISORDER: u64 = 5_000;

/// The windows of W2 and W3, in milliseconds.
pub(crate) const WINDOW: u64 = 10_000;

/// Event number `i` with its event time in milliseconds: ten events a millisecond, up to five seconds
/// out of order.
pub(crate) fn timed_event(i: u64) -> (Event, u64) {
    let r = mix((i + 1).wrapping_mul(GOLDEN));
    let u = r >> 43;
    let rank = (((u * u * u) >> 42) * 10_000) >> 21;
    let event =
        Event { key: (rank + 1).wrapping_mul(GOLDEN), value: r & 1023, bits: (r & 7) as u8 };
    (event, i / 10 + DISORDER - ((((r >> 10) & 0xFFFF) * DISORDER) >> 16))
}

/// The steps of W3 in front of its grouping.
pub(crate) fn transform(event: Event) -> Event {
    Event { value: event.value * 3 + 1, ..event }
}

pub(crate) fn keep(event: &Event) -> bool {
    event.bits != 0
}

/// What one result adds to the checksum; `end` is the end of its window in milliseconds, 0 in the
/// global window.
pub(crate) fn checksum(end: u64, key: u64, count: u64, sum: u64) -> u64 {
    let result = end
        .wrapping_mul(GOLDEN)
        .wrapping_add(key.wrapping_mul(A))
        .wrapping_add(count.wrapping_mul(B))
        .wrapping_add(sum);
    mix(result)
}

/// The ranges of events that source `part` of `parts` makes.
pub(crate) fn chunks(
    events: u64,
    part: u64,
    parts: u64,
) -> impl Iterator<Item = std::ops::Range<u64>> {
    let chunks = events.div_ceil(CHUNK);
    (part..chunks)
        .step_by(parts as usize)
        .map(move |chunk| chunk * CHUNK..events.min((chunk + 1) * CHUNK))
}

/// What W3G groups by: the event's key as a number, as text, or as a struct.
pub(crate) trait WorkKey:
    watershed::Key + Ord + Send + Sync + serde::Serialize + serde::de::DeserializeOwned
{
    /// The key in this form.
    fn of(key: u64) -> Self;
    /// The number again.
    fn number(&self) -> u64;
}

impl WorkKey for u64 {
    fn of(key: u64) -> Self {
        key
    }
    fn number(&self) -> u64 {
        *self
    }
}

impl WorkKey for compact_str::CompactString {
    fn of(key: u64) -> Self {
        compact_str::format_compact!("{key:016x}")
    }
    fn number(&self) -> u64 {
        u64::from_str_radix(self, 16).unwrap_or_default()
    }
}

/// A key of two fields.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct ItemKey {
    shop: u32,
    item: u32,
}

impl WorkKey for ItemKey {
    fn of(key: u64) -> Self {
        ItemKey { shop: (key >> 32) as u32, item: key as u32 }
    }
    fn number(&self) -> u64 {
        (u64::from(self.shop) << 32) | u64::from(self.item)
    }
}

/// The form of W3G's keys, as chosen on the command line.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeyForm {
    /// A 64-bit number.
    Integer,
    /// 16 characters.
    String,
    /// Two numbers of 32 bits.
    Struct,
}
