//! Where what is kept holds the output watermark.

use std::collections::BTreeMap;

use watershed_model::Timestamp;

/// Holds, counted: one for each that keeps something.
#[derive(Default)]
pub(crate) struct Holds(BTreeMap<Timestamp, usize>);

impl Holds {
    pub(crate) fn change(&mut self, from: Option<Timestamp>, to: Option<Timestamp>) {
        if from == to {
            return;
        }
        if let Some(to) = to {
            *self.0.entry(to).or_default() += 1;
        }
        if let Some(from) = from
            && let Some(count) = self.0.get_mut(&from)
        {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&from);
            }
        }
    }

    pub(crate) fn least(&self) -> Option<Timestamp> {
        self.0.first_key_value().map(|(at, _)| *at)
    }

    /// At how many times something holds.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
