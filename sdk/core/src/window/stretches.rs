//! Stretches of event time whose elements are all in the same windows, and where most elements are placed by.

use watershed_model::Timestamp;

/// A stretch of event time whose elements are all in the same windows.
#[derive(Clone, Copy)]
struct Stretch {
    from: Timestamp,
    /// How long it is, in microseconds.
    span: i64,
    place: u32,
}

impl Stretch {
    /// All ones if it has this time in it, else none. (Of signs alone, since many processors compare
    /// numbers of 64 bits only one by one. What lies before the stretch is negative, or wraps around to
    /// far behind it.)
    #[inline]
    fn mask(&self, time: Timestamp) -> u64 {
        let since = time.as_micros().wrapping_sub(self.from.as_micros());
        ((!since & since.wrapping_sub(self.span)) >> 63) as u64
    }
}

/// More than this are not remembered.
const MOST: usize = 4;

/// The stretches that were met last, the newest first.
#[derive(Default)]
pub(super) struct Stretches(Vec<Stretch>);

impl Stretches {
    /// All elements from `from` to before `to` have the windows at `place`.
    pub(super) fn remember(&mut self, from: Timestamp, to: Timestamp, place: u32) {
        // The length of all of time does not fit its type; that of either half does, but for an instant.
        let epoch = Timestamp::from_micros(0);
        let halves = [(from, epoch), (epoch, to)];
        let parts = match to.as_micros().checked_sub(from.as_micros()) {
            Some(_) => &[(from, to)][..],
            None => &halves[..],
        };
        self.0.truncate(MOST - parts.len());
        for (from, to) in parts {
            let span = to.as_micros().saturating_sub(from.as_micros());
            self.0.insert(0, Stretch { from: *from, span, place });
        }
    }

    /// Puts the places of the elements with these times behind those that `index` has, up to one that lies in no
    /// stretch.
    pub(super) fn place(&self, times: &[Timestamp], index: &mut Vec<u32>) {
        let rest = &times[index.len()..];
        match self.0.as_slice() {
            [a] => place_by(&[*a], rest, index),
            [a, b] => place_by(&[*a, *b], rest, index),
            [a, b, c] => place_by(&[*a, *b, *c], rest, index),
            [a, b, c, d] => place_by(&[*a, *b, *c, *d], rest, index),
            _ => {}
        }
    }
}

/// Elements may jump to and fro between stretches, so nothing branches on where one lies. Many are looked at before
/// it is asked whether all of them were placed, and the number of stretches is known, so that it goes in one
/// sweep.
fn place_by<const N: usize>(stretches: &[Stretch; N], times: &[Timestamp], index: &mut Vec<u32>) {
    const MANY: usize = 32;
    let place_of = |time: Timestamp| {
        stretches.iter().rev().fold((0, 0), |(place, known): (u64, u64), stretch| {
            let mask = stretch.mask(time);
            (place & !mask | u64::from(stretch.place) & mask, known | mask)
        })
    };
    for times in times.chunks(MANY) {
        let (mut places, mut all) = ([0; MANY], u64::MAX);
        for (to, time) in std::iter::zip(&mut places, times) {
            let (place, known) = place_of(*time);
            *to = place as u32;
            all &= known;
        }
        if all != 0 {
            index.extend_from_slice(&places[..times.len()]);
            continue;
        }
        let known = times.iter().map(|time| place_of(*time)).take_while(|(_, known)| *known != 0);
        index.extend(known.map(|(place, _)| place as u32));
        return;
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn times(all: &[i64]) -> Vec<Timestamp> {
        all.iter().copied().map(Timestamp::from_micros).collect()
    }

    #[test]
    fn all_of_time_is_one_stretch() {
        let mut stretches = Stretches::default();
        stretches.remember(Timestamp::MIN, Timestamp::MAX, 3);
        let last = Timestamp::END_OF_GLOBAL_WINDOW.as_micros();
        let mut index = Vec::new();
        stretches.place(&times(&[i64::MIN, -2, 0, 7, last]), &mut index);
        assert_eq!(index, [3; 5]);
    }

    fn any_time() -> impl Strategy<Value = i64> {
        prop_oneof![-50i64..50, Just(i64::MIN), Just(i64::MAX), any::<i64>()]
    }

    proptest! {
        #[test]
        fn times_go_to_the_newest_stretch_that_has_them(
            stretches in vec((any_time(), any_time()), 0..6),
            all in vec(any_time(), 0..80),
            done in 0..80usize,
        ) {
            let mut remembered = Stretches::default();
            let mut known: Vec<(i64, i64, u32)> = Vec::new();
            for (place, (a, b)) in stretches.into_iter().enumerate() {
                let (from, to, place) = (a.min(b), a.max(b), place as u32);
                let ends = times(&[from, to]);
                remembered.remember(ends[0], ends[1], place);
                known.push((from, to, place));
            }
            let place_of = |time: i64| {
                let has = |(from, to, _): &&(i64, i64, u32)| (*from..*to).contains(&time);
                known.iter().rev().find(has).map(|(.., place)| *place)
            };
            let done = done.min(all.len());
            let mut index = vec![99; done];
            remembered.place(&times(&all), &mut index);
            // As far as it was placed it was placed rightly.
            for (time, place) in std::iter::zip(&all[done..], &index[done..]) {
                prop_assert_eq!(place_of(*time), Some(*place));
            }
            // Where it stopped, it had to: of few stretches that are short none is forgotten.
            if let Some(time) = all.get(index.len()) && known.len() <= MOST
                && known.iter().all(|(from, to, _)| to.checked_sub(*from).is_some()) {
                prop_assert_eq!(place_of(*time), None);
            }
        }
    }
}
