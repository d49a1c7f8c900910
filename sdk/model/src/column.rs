//! Columns of a bundle: one value for all elements, or one for each.

use serde::{Deserialize, Serialize};

use crate::spare::{keep_spare, spare_vec};

/// One value an element, stored once where all are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Column<C> {
    /// Every element carries this value.
    Uniform(C),
    /// Element `i` carries value `i`.
    Each(Vec<C>),
}

impl<C: Copy + PartialEq + 'static> Column<C> {
    /// The value of element `i`.
    pub fn get(&self, i: usize) -> C {
        match self {
            Column::Uniform(value) => *value,
            Column::Each(values) => values[i],
        }
    }

    /// Whether one value stands for all.
    pub fn is_uniform(&self) -> bool {
        matches!(self, Column::Uniform(_))
    }

    /// Nobody needs the column any more: its memory is kept for the next.
    pub(crate) fn keep_spare(self) {
        if let Column::Each(values) = self {
            keep_spare(values);
        }
    }

    /// The column whose element `i` is this one's element `origins[i]`.
    pub fn gather(&self, origins: &[u32]) -> Self {
        match self {
            Column::Uniform(value) => Column::Uniform(*value),
            Column::Each(values) => {
                let mut gathered = spare_vec(origins.len());
                gathered.extend(origins.iter().map(|&i| values[i as usize]));
                Column::Each(gathered)
            }
        }
    }

    /// Cuts the column in two; the second part starts at `at`.
    pub fn split_off(&mut self, at: usize) -> Self {
        match self {
            Column::Uniform(value) => Column::Uniform(*value),
            Column::Each(values) => Column::Each(values.split_off(at)),
        }
    }

    /// Puts `other` (of `other_len` elements) behind this column (of `len` elements).
    pub fn append(&mut self, len: usize, other: Self, other_len: usize) {
        if let (Column::Uniform(mine), Column::Uniform(theirs)) = (&*self, &other)
            && (mine == theirs || other_len == 0)
        {
            return;
        }
        if len == 0 {
            *self = other;
            return;
        }
        let values = self.make_each(len);
        match other {
            Column::Uniform(value) => values.resize(len + other_len, value),
            Column::Each(mut more) => {
                values.append(&mut more);
                keep_spare(more);
            }
        }
    }

    /// The values one by one, for changing some of them.
    pub fn make_each(&mut self, len: usize) -> &mut Vec<C> {
        if let Column::Uniform(value) = *self {
            *self = Column::Each(vec![value; len]);
        }
        match self {
            Column::Each(values) => values,
            Column::Uniform(_) => unreachable!("was just made a column of each"),
        }
    }
}

/// A column of few distinct values: a table of them, and an index into it for each element.
///
/// A step that does something per distinct value (find a window's table, say) does it once for each
/// entry of [`table`](Dictionary::table), not once an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dictionary<C> {
    table: Vec<C>,
    index: Column<u32>,
}

impl<C: Clone + PartialEq> Dictionary<C> {
    /// A column in which every element carries `value`.
    pub fn uniform(value: C) -> Self {
        Dictionary { table: vec![value], index: Column::Uniform(0) }
    }

    /// A column from its parts. Every index must point into the table.
    pub fn new(table: Vec<C>, index: Column<u32>) -> Self {
        Dictionary { table, index }
    }

    /// The distinct values (an entry may be unused after a cut).
    pub fn table(&self) -> &[C] {
        &self.table
    }

    /// For each element its place in the table.
    pub fn index(&self) -> &Column<u32> {
        &self.index
    }

    /// The value of element `i`.
    pub fn get(&self, i: usize) -> &C {
        &self.table[self.index.get(i) as usize]
    }

    /// Whether one value stands for all.
    pub fn is_uniform(&self) -> bool {
        self.index.is_uniform()
    }

    /// The column whose element `i` is this one's element `origins[i]`.
    pub fn gather(&self, origins: &[u32]) -> Self {
        Dictionary { table: self.table.clone(), index: self.index.gather(origins) }
    }

    /// Cuts the column in two; the second part starts at `at`.
    pub fn split_off(&mut self, at: usize) -> Self {
        Dictionary { table: self.table.clone(), index: self.index.split_off(at) }
    }

    /// Puts `other` (of `other_len` elements) behind this column (of `len` elements).
    pub fn append(&mut self, len: usize, other: Self, other_len: usize) {
        if len == 0 {
            *self = other;
            return;
        }
        let moved: Vec<u32> = other.table.iter().map(|value| self.intern(value)).collect();
        let index = match other.index {
            Column::Uniform(i) => Column::Uniform(moved[i as usize]),
            Column::Each(all) => Column::Each(all.into_iter().map(|i| moved[i as usize]).collect()),
        };
        self.index.append(len, index, other_len);
    }

    /// Gives element `i` of `len` the value `value`.
    pub fn set(&mut self, len: usize, i: usize, value: &C) {
        let place = self.intern(value);
        self.index.make_each(len)[i] = place;
    }

    /// Nobody needs the column any more: its memory is kept for the next.
    pub(crate) fn keep_spare(self) {
        self.index.keep_spare();
    }

    /// How many of the column's `len` elements carry each entry of the table.
    pub fn counts(&self, len: usize) -> Vec<u64> {
        let mut counts = vec![0; self.table.len()];
        match &self.index {
            Column::Uniform(all) => counts[*all as usize] = len as u64,
            // Few are counted one after the other, which a processor does many elements at a time; the last
            // has what is left.
            Column::Each(index) if (1..=4).contains(&self.table.len()) => {
                let (mut left, last) = (len as u64, self.table.len() - 1);
                for (place, count) in counts.iter_mut().enumerate().take(last) {
                    let alike = index.iter().map(|other| u32::from(*other == place as u32));
                    *count = u64::from(alike.sum::<u32>());
                    left -= *count;
                }
                counts[last] = left;
            }
            Column::Each(index) => index.iter().for_each(|place| counts[*place as usize] += 1),
        }
        counts
    }

    fn intern(&mut self, value: &C) -> u32 {
        let place = self.table.iter().position(|mine| mine == value).unwrap_or_else(|| {
            self.table.push(value.clone());
            self.table.len() - 1
        });
        place as u32
    }

    /// Whether every index points into the table and there are `len` elements; a decoder asks.
    pub(crate) fn is_sound(&self, len: usize) -> bool {
        match &self.index {
            Column::Uniform(i) => (*i as usize) < self.table.len(),
            Column::Each(all) => {
                all.len() == len && all.iter().all(|i| (*i as usize) < self.table.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_equal_uniform_columns_stays_uniform() {
        let mut column = Column::Uniform(7);
        column.append(3, Column::Uniform(7), 2);
        assert_eq!(column, Column::Uniform(7));
        column.append(5, Column::Uniform(8), 1);
        assert_eq!(column, Column::Each(vec![7, 7, 7, 7, 7, 8]));
    }

    #[test]
    fn dictionaries_join_their_tables_once_a_distinct_value() {
        let mut column = Dictionary::new(vec!["a", "b"], Column::Each(vec![0, 1, 0]));
        column.append(3, Dictionary::new(vec!["b", "c"], Column::Each(vec![1, 0])), 2);
        assert_eq!(column.table(), ["a", "b", "c"]);
        let values: Vec<_> = (0..5).map(|i| *column.get(i)).collect();
        assert_eq!(values, ["a", "b", "a", "c", "b"]);
        let tail = column.split_off(3);
        assert_eq!((*tail.get(0), *tail.get(1)), ("c", "b"));
        let picked = column.gather(&[2, 1]);
        assert_eq!((*picked.get(0), *picked.get(1)), ("a", "b"));
    }

    #[test]
    fn entries_are_counted() {
        let few = Dictionary::new(vec!['a', 'b'], Column::Each(vec![1, 1, 0]));
        assert_eq!(few.counts(3), [1, 2]);
        let many = Dictionary::new((0..9).collect(), Column::Each(vec![8, 3, 8]));
        assert_eq!(many.counts(3), [0, 0, 0, 1, 0, 0, 0, 0, 2]);
        assert_eq!(Dictionary::new(vec![5, 6], Column::Uniform(1)).counts(7), [0, 7]);
    }

    #[test]
    fn appending_nothing_changes_nothing() {
        let mut column = Column::Uniform(1);
        column.append(4, Column::Uniform(2), 0);
        assert_eq!(column, Column::Uniform(1));
    }
}
