//! The answer by definition for a program whose sources are test streams: event by event.
//!
//! An event goes through the steps in order, and is done before the next. At each step: what came in is
//! handled, all of it together; then the times go on. A step's watermark is the least of its inputs' and
//! of what it holds. What a grouping does is the [oracle](crate::oracle)'s to say.

use std::collections::BTreeMap;

use watershed::{
    Timestamp,
    model::{Trigger, Window},
};

use super::{
    Feed, Op, Program, Row, Span, Unary, Value, Windowing,
    evaluate::{only, read},
    feed::Happening,
    keeping::Keeping,
    looking::Looking,
    meaning::{each, key, made, of_nothing},
    windows::SECOND,
};
use crate::oracle::{self, Arrival, Combine, Element, Grouping, Reason, Rules, heir};

/// What each leaf of a sound program holds in the end, as [`evaluate`](super::evaluate) says it; and how
/// many elements were dropped as late and as closed.
///
/// # Panics
/// If the program is not sound, or spreads the keys of a combiner: which part of a key an element goes to
/// is not determined, and shows in when it fires.
pub(crate) fn evaluate_streamed(program: &Program, feed: &Feed) -> (Vec<Vec<Row>>, [u64; 2]) {
    let (program, was) = program.unrolled();
    let mut steps = started(&program, feed);
    let leaves = program.leaves();
    let mut found: Vec<Vec<Row>> = vec![Vec::new(); leaves.len()];
    let mut now = Timestamp::MIN;
    for (source, event) in script(&program, feed, &was) {
        let (elements, watermark) = match event {
            Happening::Elements(elements) => (elements, None),
            Happening::Times { watermark, clock } => {
                now = now.max(clock.unwrap_or(now));
                (Vec::new(), Some(watermark))
            }
        };
        let mut made: Vec<Vec<Vec<Row>>> = Vec::new();
        for (place, step) in program.steps.iter().enumerate() {
            // What a step looks at moves no time.
            let main = match &step.op {
                Op::MapWith(_) => &step.inputs[..1],
                _ => &step.inputs[..],
            };
            let read = |input: &super::Output| made[input.step][input.port].clone();
            let rows: Vec<Row> = main.iter().flat_map(read).collect();
            let inputs = main.iter().map(|input| steps[input.step].watermark).min();
            let side = step.inputs[main.len()..].first();
            let side = side.map(|side| (read(side), steps[side.step].watermark));
            let this = &mut steps[place];
            if place == source {
                this.watermark = this.watermark.max(watermark.unwrap_or(this.watermark));
                made.push(vec![arrived(&step.op, &elements)]);
                continue;
            }
            let input = inputs.unwrap_or(this.watermark);
            made.push(match (&mut this.work, &step.op) {
                (Work::Group(group), _) => vec![group.step(rows, input, now)],
                (Work::Keep(keeping), _) => vec![keeping.step(rows, input.as_micros())],
                (Work::Look(looking), _) => {
                    let (side, watermark) = side.unwrap_or((Vec::new(), Timestamp::MAX));
                    vec![looking.step(rows, side, watermark, now)]
                }
                (Work::Each, Op::Apply(unary)) => {
                    vec![rows.into_iter().flat_map(|row| each(unary, row)).collect()]
                }
                (Work::Each, Op::Partition { parts }) => {
                    let part = |row: &Row| Op::part_of(&row.value, *parts);
                    let of_part = |n| rows.iter().filter(|row| part(row) == n).cloned().collect();
                    (0..*parts).map(of_part).collect()
                }
                (Work::Each, _) => vec![rows],
            });
            let hold = this.work.hold();
            this.watermark = this.watermark.max(hold.map_or(input, |hold| hold.min(input)));
        }
        for (leaf, found) in leaves.iter().zip(&mut found) {
            found.append(&mut made[leaf.step][leaf.port]);
        }
    }
    found.iter_mut().for_each(|rows| rows.sort());
    let drops = [Reason::Late, Reason::Closed]
        .map(|reason| steps.iter().map(|step| step.work.dropped(reason)).sum());
    (found, drops)
}

/// The events of all sources in turn, each with the place of its source.
fn script(program: &Program, feed: &Feed, was: &[usize]) -> Vec<(usize, Happening<Value>)> {
    let sources = program.steps.iter().enumerate().filter_map(|(place, step)| {
        let elements = match &step.op {
            Op::Create { elements, .. } => {
                let at =
                    |(value, time): &(Value, i64)| (value.clone(), Timestamp::from_micros(*time));
                elements.iter().map(at).collect()
            }
            Op::CreateThenStamp { numbers } => {
                numbers.iter().map(|n| (Value::Number(*n), Timestamp::MIN)).collect()
            }
            _ => return None,
        };
        Some((place, feed.events(elements, was[place])))
    });
    let mut turns: Vec<(usize, usize, Happening<Value>)> = Vec::new();
    for (place, events) in sources {
        turns.extend(events.into_iter().enumerate().map(|(turn, event)| (turn, place, event)));
    }
    turns.sort_by_key(|(turn, place, _)| (*turn, *place));
    turns.into_iter().map(|(_, place, event)| (place, event)).collect()
}

fn arrived(op: &Op, elements: &[(Value, Timestamp)]) -> Vec<Row> {
    let row = |(value, at): &(Value, Timestamp)| match op {
        Op::CreateThenStamp { .. } => read(value.clone(), value.key() * SECOND),
        _ => read(value.clone(), at.as_micros()),
    };
    elements.iter().map(row).collect()
}

/// A step between events.
struct Standing {
    watermark: Timestamp,
    work: Work,
}

/// What a step does.
enum Work {
    /// It looks at each element by itself.
    Each,
    Group(Box<Group>),
    Keep(Keeping),
    Look(Box<Looking>),
}

impl Work {
    /// Where what it has holds its output watermark.
    fn hold(&self) -> Option<Timestamp> {
        match self {
            Work::Each => None,
            Work::Group(group) => group.grouping.hold(),
            Work::Keep(keeping) => keeping.hold().map(Timestamp::from_micros),
            Work::Look(looking) => looking.hold(),
        }
    }

    fn dropped(&self, reason: Reason) -> u64 {
        match (self, reason) {
            (Work::Group(group), _) => group.grouping.drops().count(reason),
            (Work::Look(looking), _) => looking.dropping().drops().count(reason),
            (Work::Keep(keeping), Reason::Late) => keeping.late(),
            (Work::Keep(_) | Work::Each, _) => 0,
        }
    }
}

fn started(program: &Program, feed: &Feed) -> Vec<Standing> {
    let Some(kinds) = program.kinds() else { panic!("the program is not sound:\n{program}") };
    let by_default = || Rules::new(oracle::Windowing::Global, Trigger::Default);
    let rules = Rules { combine: Combine::List, ..feed.rules.clone().unwrap_or_else(by_default) };
    let mut triggers: Vec<Trigger> = Vec::new();
    let mut steps = Vec::new();
    for step in &program.steps {
        let (trigger, work) = match &step.op {
            Op::Apply(Unary::Stateful(stateful)) => {
                let keeping = Keeping::new(*stateful, rules.lateness.as_micros());
                (triggers[step.inputs[0].step].clone(), Work::Keep(keeping))
            }
            Op::MapWith(view) => {
                let windowing = kinds[step.inputs[1].step].windowing;
                let looking = Looking::new(*view, windowing, rules.timestamp_combiner);
                (triggers[step.inputs[0].step].clone(), Work::Look(Box::new(looking)))
            }
            Op::Apply(unary) => {
                let (kind, trigger) = (kinds[step.inputs[0].step], &triggers[step.inputs[0].step]);
                // Elements say in which windows they are. The rules say only whether these merge.
                let windowing = match kind.windowing {
                    Windowing::Sessions { gap } if kind.merging() => {
                        oracle::Windowing::Sessions { gap: watershed::micros(gap) }
                    }
                    _ => oracle::Windowing::Global,
                };
                let rules = Rules { windowing, trigger: trigger.clone(), ..rules.clone() };
                let identity = of_nothing(unary).filter(|_| kind.windowing == Windowing::Global);
                match unary.is_grouping() {
                    true => {
                        (heir(trigger), Work::Group(Box::new(Group::new(unary, rules, identity))))
                    }
                    false => (trigger.clone(), Work::Each),
                }
            }
            Op::Partition { .. } => (triggers[step.inputs[0].step].clone(), Work::Each),
            // Sources and what was flattened are put under the rules, anew.
            _ => (rules.trigger.clone(), Work::Each),
        };
        triggers.push(trigger);
        steps.push(Standing { watermark: Timestamp::MIN, work });
    }
    steps
}

/// A grouping, which knows elements by their places among all that came.
struct Group {
    unary: Unary,
    grouping: Grouping,
    came: Vec<Value>,
    keys: BTreeMap<String, Value>,
    /// What comes out at the end if nothing comes in.
    identity: Option<Value>,
}

impl Group {
    fn new(unary: &Unary, rules: Rules, identity: Option<Value>) -> Group {
        if let Unary::CombinePerKey { fanout: Some(_), .. } = unary {
            panic!("{unary} leaves open when it fires");
        }
        let grouping = Grouping::new(rules);
        Group { unary: unary.clone(), grouping, came: Vec::new(), keys: BTreeMap::new(), identity }
    }

    fn step(&mut self, rows: Vec<Row>, watermark: Timestamp, now: Timestamp) -> Vec<Row> {
        let arrivals = rows.into_iter().map(|row| {
            let key = key(&self.unary, &row.value);
            let name = key.to_string();
            self.keys.insert(name.clone(), key);
            self.came.push(row.value);
            let at = Timestamp::from_micros(row.time);
            let element = Element { key: name, value: self.came.len() as i64 - 1, at };
            Arrival { element, windows: row.spans.into_iter().map(window).collect() }
        });
        let arrivals = arrivals.collect();
        self.grouping.arrive(arrivals);
        self.grouping.advance(watermark, now);
        let panes = self.grouping.take_panes();
        let mut rows: Vec<Row> = panes.into_iter().filter_map(|pane| self.row(pane)).collect();
        if watermark == Timestamp::MAX && self.came.is_empty() {
            rows.extend(self.identity.take().map(|value| only(value, Span::Global)));
        }
        rows
    }

    fn row(&self, pane: oracle::Pane) -> Option<Row> {
        // Each value comes once, in the first pane.
        if self.unary == Unary::Distinct && !pane.pane.is_first {
            return None;
        }
        let oracle::Value::List(places) = pane.value else { panic!("{} is no list", pane.value) };
        let all: Vec<Value> =
            places.into_iter().map(|place| self.came[place as usize].clone()).collect();
        Some(Row {
            value: made(&self.unary, &self.keys[&pane.key], &all),
            time: pane.timestamp.as_micros(),
            spans: vec![Span::from(&pane.window)],
            pane: pane.pane,
        })
    }
}

/// As the oracle has it.
pub(super) fn window(span: Span) -> Window {
    match span {
        Span::Global => Window::Global,
        Span::Interval { start, end } => Window::Interval {
            start: Timestamp::from_micros(start),
            end: Timestamp::from_micros(end),
        },
    }
}
