//! Side inputs by definition: what a view of a collection shows to the elements of another.

use std::{collections::BTreeMap, fmt};

use watershed::{Timestamp, TimestampCombiner, model::Trigger};

use super::{Kind, Row, Shape, Span, Value, Windowing, streamed::window};
use crate::oracle::{self, Arrival, Element, Grouping, Rules};

/// A view, and what a reader does with it: it adds to its number what it makes of those it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideView {
    /// All numbers of the window.
    List,
    /// All numbers of the reader's key; a number is its own.
    Multimap,
    /// The sum of all, or, of none, what is given for it.
    Single,
}

/// What is shown for the sum of nothing.
pub(super) const OF_NOTHING: i64 = -1;

/// What a reader makes of numbers that it sees in whatever order; it stays small.
pub(super) fn mixed(seen: impl IntoIterator<Item = i64>) -> i64 {
    seen.into_iter().map(|n| n + 5).sum::<i64>().rem_euclid(101)
}

impl SideView {
    /// Whether there is such a view of a collection of this kind: its windows must say which holds an
    /// instant, and leave none out.
    pub fn takes(self, side: Kind) -> bool {
        let holds_all = match side.windowing {
            Windowing::Global | Windowing::Fixed { .. } => true,
            Windowing::Sliding { size, period, .. } => size >= period,
            Windowing::Sessions { .. } => false,
        };
        let shape = match self {
            SideView::List | SideView::Single => Shape::Number,
            SideView::Multimap => Shape::Pair,
        };
        holds_all && side.shape == shape
    }

    /// What a reader of this kind becomes, if it takes that.
    pub fn kind_after(self, reader: Kind) -> Option<Kind> {
        (reader.shape != Shape::List).then_some(reader)
    }

    /// What becomes of an element that sees these.
    fn call(self, reader: &Value, seen: &[Value]) -> Value {
        let is_seen = |other: &&Value| self != SideView::Multimap || other.key() == reader.key();
        let numbers = seen.iter().filter(is_seen).map(|value| value.numbers()[0]);
        let shown = match self {
            SideView::List | SideView::Multimap => mixed(numbers),
            SideView::Single if seen.is_empty() => mixed([OF_NOTHING]),
            SideView::Single => mixed([numbers.sum()]),
        };
        match reader {
            Value::Number(n) => Value::Number(n + shown),
            Value::Pair(key, n) => Value::Pair(*key, n + shown),
            Value::List(..) => panic!("{reader} is read beside no view"),
        }
    }
}

impl fmt::Display for SideView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SideView::List => "as_list()",
            SideView::Multimap => "as_multimap()",
            SideView::Single => "sum_globally().as_singleton_or(-1)",
        })
    }
}

/// The one window that shows itself to readers in another: that in which it ends, and of several the first
/// to end.
fn shown_to(reader: Span, side: Windowing) -> Span {
    match side.assign(reader.last()).first() {
        Some(span) => *span,
        None => panic!("{side:?} has no window for the end of {reader:?}"),
    }
}

/// An element once for each of its windows.
fn apart(row: Row) -> impl Iterator<Item = Row> {
    row.spans.clone().into_iter().map(move |span| Row { spans: vec![span], ..row.clone() })
}

/// What becomes of elements that look at a collection in such windows.
pub(super) fn looked(
    view: SideView,
    windowing: Windowing,
    rows: Vec<Row>,
    side: &[Row],
) -> Vec<Row> {
    let mut seen: BTreeMap<Span, Vec<Value>> = BTreeMap::new();
    for other in side {
        for span in &other.spans {
            seen.entry(*span).or_default().push(other.value.clone());
        }
    }
    let looks = |row: Row| {
        let seen = seen.get(&shown_to(row.spans[0], windowing));
        let value = view.call(&row.value, seen.map(Vec::as_slice).unwrap_or_default());
        Row { value, ..row }
    };
    rows.into_iter().flat_map(apart).map(looks).collect()
}

/// A step that looks at a view, as a stream. Windows of the view fire once, at their end, and take in
/// nothing after that; so what they show does not depend on when one looks.
pub(super) struct Looking {
    view: SideView,
    windowing: Windowing,
    grouping: Grouping,
    /// How far the view has come.
    watermark: Timestamp,
    came: Vec<Value>,
    shown: BTreeMap<Span, Vec<Value>>,
    waiting: Vec<Row>,
}

impl Looking {
    /// With panes of the view at such times.
    pub(super) fn new(
        view: SideView,
        windowing: Windowing,
        timestamp_combiner: TimestampCombiner,
    ) -> Looking {
        // Elements say in which windows they are.
        let rules = Rules::new(oracle::Windowing::Global, Trigger::Default);
        let rules = Rules { timestamp_combiner, ..rules };
        Looking {
            view,
            windowing,
            grouping: Grouping::new(rules),
            watermark: Timestamp::MIN,
            came: Vec::new(),
            shown: BTreeMap::new(),
            waiting: Vec::new(),
        }
    }

    /// What the view drops.
    pub(super) fn dropping(&self) -> &Grouping {
        &self.grouping
    }

    /// Where what waits holds the output watermark.
    pub(super) fn hold(&self) -> Option<Timestamp> {
        let least = self.waiting.iter().map(|row| row.time).min();
        least.map(Timestamp::from_micros)
    }

    /// Elements come on both sides, and then what the view is of has come so far: who need not wait any more.
    pub(super) fn step(
        &mut self,
        rows: Vec<Row>,
        side: Vec<Row>,
        watermark: Timestamp,
        now: Timestamp,
    ) -> Vec<Row> {
        let arrivals = side.into_iter().map(|row| {
            self.came.push(row.value);
            let at = Timestamp::from_micros(row.time);
            let value = self.came.len() as i64 - 1;
            let element = Element { key: String::new(), value, at };
            Arrival { element, windows: row.spans.into_iter().map(window).collect() }
        });
        let arrivals = arrivals.collect();
        self.grouping.arrive(arrivals);
        self.grouping.advance(watermark, now);
        for pane in self.grouping.take_panes() {
            let oracle::Value::List(places) = &pane.value else {
                panic!("{} is no list", pane.value)
            };
            let values = places.iter().map(|place| self.came[*place as usize].clone()).collect();
            self.shown.insert(Span::from(&pane.window), values);
        }
        let hold = self.grouping.hold().unwrap_or(Timestamp::MAX);
        self.watermark = self.watermark.max(watermark.min(hold));
        self.waiting.extend(rows.into_iter().flat_map(apart));
        let has_pane_or_ended = |row: &Row| {
            let shown = shown_to(row.spans[0], self.windowing);
            self.shown.contains_key(&shown) || oracle::end(&window(shown)) <= self.watermark
        };
        let (ready, waiting): (Vec<Row>, Vec<Row>) =
            std::mem::take(&mut self.waiting).into_iter().partition(has_pane_or_ended);
        self.waiting = waiting;
        let looks = |row: Row| {
            let seen = self.shown.get(&shown_to(row.spans[0], self.windowing));
            let seen = seen.map(Vec::as_slice).unwrap_or_default();
            Row { value: self.view.call(&row.value, seen), ..row }
        };
        ready.into_iter().map(looks).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::evaluate::read;

    fn row(value: Value, start: i64, end: i64) -> Row {
        Row { spans: vec![Span::Interval { start, end }], ..read(value, start) }
    }

    #[test]
    fn a_reader_sees_the_first_window_to_end_of_those_in_which_its_own_ends() {
        let sliding = Windowing::Sliding { size: 10, period: 5, offset: 0 };
        let side = [row(Value::Number(10), 0, 10), row(Value::Number(20), 5, 15)];
        let sees = |start, end| {
            let reader = row(Value::Number(100), start, end);
            looked(SideView::Single, sliding, vec![reader], &side)[0].value.clone()
        };
        assert_eq!(sees(7, 10), Value::Number(115));
        assert_eq!(sees(7, 11), Value::Number(125));
        assert_eq!(sees(7, 16), Value::Number(104));
    }

    #[test]
    fn a_reader_sees_what_its_own_key_has_once_for_each_of_its_windows() {
        let spans = vec![Span::Interval { start: 0, end: 5 }, Span::Interval { start: 5, end: 10 }];
        let reader = Row { spans, ..read(Value::Pair(1, 100), 0) };
        let side = [read(Value::Pair(1, 2), 0), read(Value::Pair(2, 50), 0)];
        let found = looked(SideView::Multimap, Windowing::Global, vec![reader], &side);
        let found: Vec<Value> = found.into_iter().map(|row| row.value).collect();
        assert_eq!(found, [Value::Pair(1, 107), Value::Pair(1, 107)]);
    }
}
