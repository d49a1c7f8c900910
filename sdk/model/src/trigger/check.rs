//! Which triggers make sense, and which can lose data.

use std::fmt;

use super::Trigger;
use crate::Duration;

/// What is wrong with a trigger, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}\n    to mend it: {mend}")]
pub struct TriggerProblem {
    /// What is wrong, and where in the trigger.
    pub problem: String,
    /// What to do.
    pub mend: String,
}

impl Trigger {
    /// Whether this is a trigger that can run: counts of at least 1, delays that are not negative,
    /// lists with something in them, and only triggers that fire once in `early`, `late`, `until`,
    /// `after_all` and `after_first`.
    ///
    /// # Errors
    /// The first thing that is wrong, reading from left to right.
    pub fn check(&self) -> Result<(), TriggerProblem> {
        check(self, &Place { role: Role::Whole, of: "", outer: None }, 1)
    }

    /// Whether the trigger can drop nothing of what comes within the allowed lateness: it never
    /// finishes, or no sooner than its window expires.
    ///
    /// Whatever else is refused when a pipeline is built, unless its author allows the drops.
    pub fn is_safe(&self, allowed_lateness: Duration) -> bool {
        match self {
            // Without lateness the window is gone when it is complete, and so is what could be lost.
            Trigger::AfterWatermark { late: None, .. } => !allowed_lateness.is_positive(),
            other => never_finishes(other),
        }
    }
}

fn never_finishes(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Default | Trigger::Never | Trigger::Repeatedly(_) => true,
        Trigger::AfterWatermark { late, .. } => late.is_some(),
        Trigger::AfterEach(parts) => parts.iter().any(never_finishes),
        Trigger::AfterCount(_)
        | Trigger::AfterProcessingTime { .. }
        | Trigger::AfterSynchronizedProcessingTime
        | Trigger::OrFinally(..)
        | Trigger::AfterAll(_)
        | Trigger::AfterFirst(_) => false,
    }
}

/// Whether the trigger fires once and then finishes (or never does either).
fn fires_once(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::AfterWatermark { early, late } => early.is_none() && late.is_none(),
        Trigger::AfterCount(_)
        | Trigger::AfterProcessingTime { .. }
        | Trigger::AfterSynchronizedProcessingTime
        | Trigger::Never
        | Trigger::AfterAll(_)
        | Trigger::AfterFirst(_) => true,
        Trigger::Default
        | Trigger::Repeatedly(_)
        | Trigger::OrFinally(..)
        | Trigger::AfterEach(_) => false,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Whole,
    Early,
    Late,
    Until,
    Part(usize),
}

/// Where in the whole a trigger stands.
struct Place<'a> {
    role: Role,
    of: &'static str,
    outer: Option<&'a Place<'a>>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Role::Whole => return f.write_str("the whole trigger"),
            Role::Early => write!(f, "`early` of {}", self.of)?,
            Role::Late => write!(f, "`late` of {}", self.of)?,
            Role::Until => write!(f, "the last part of {}", self.of)?,
            Role::Part(number) => write!(f, "part {number} of {}", self.of)?,
        }
        match self.outer {
            Some(outer) if outer.role != Role::Whole => write!(f, ", in {outer}"),
            _ => Ok(()),
        }
    }
}

fn problem(problem: String, mend: impl Into<String>) -> Result<(), TriggerProblem> {
    Err(TriggerProblem { problem, mend: mend.into() })
}

fn check(trigger: &Trigger, place: &Place<'_>, depth: usize) -> Result<(), TriggerProblem> {
    let name = trigger.name();
    if depth > Trigger::MAX_DEPTH {
        return problem(
            format!("triggers stand in one another more than {} deep", Trigger::MAX_DEPTH),
            "write a flatter trigger",
        );
    }
    let child = |trigger: &Trigger, role: Role| {
        check(trigger, &Place { role, of: name, outer: Some(place) }, depth + 1)
    };
    let once = |trigger: &Trigger, role: Role| {
        let place = Place { role, of: name, outer: Some(place) };
        if !fires_once(trigger) {
            return problem(
                format!(
                    "{} stands as {place}, where only a trigger may stand that fires once",
                    shown(trigger)
                ),
                mend_of_repeating(trigger, role),
            );
        }
        check(trigger, &place, depth + 1)
    };
    let not_empty = |parts: &[Trigger]| match parts {
        [] => problem(format!("{name} has no parts ({place})"), "give it at least one trigger"),
        _ => Ok(()),
    };
    match trigger {
        Trigger::Default | Trigger::Never | Trigger::AfterSynchronizedProcessingTime => Ok(()),
        Trigger::AfterCount(0) => problem(
            format!("after_count(0) would fire without an element ({place})"),
            "give a count of at least 1",
        ),
        Trigger::AfterCount(_) => Ok(()),
        Trigger::AfterProcessingTime { delay, .. } if *delay < Duration::ZERO => problem(
            format!("{name} has a negative delay, {delay} ({place})"),
            "give a delay of 0s or more",
        ),
        Trigger::AfterProcessingTime { align: Some(align), .. } if !align.is_positive() => problem(
            format!("{name} is aligned to {align} ({place})"),
            "align to a span that is longer than nothing, or leave the alignment away",
        ),
        Trigger::AfterProcessingTime { .. } => Ok(()),
        Trigger::AfterWatermark { early, late } => {
            early.as_deref().map_or(Ok(()), |early| once(early, Role::Early))?;
            late.as_deref().map_or(Ok(()), |late| once(late, Role::Late))
        }
        Trigger::Repeatedly(inner) => child(inner, Role::Part(1)),
        Trigger::OrFinally(first, until) => {
            child(first, Role::Part(1))?;
            once(until, Role::Until)
        }
        Trigger::AfterEach(parts) => {
            not_empty(parts)?;
            parts.iter().zip(1..).try_for_each(|(part, i)| child(part, Role::Part(i)))
        }
        Trigger::AfterAll(parts) | Trigger::AfterFirst(parts) => {
            not_empty(parts)?;
            parts.iter().zip(1..).try_for_each(|(part, i)| once(part, Role::Part(i)))
        }
    }
}

fn shown(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::AfterWatermark { .. } => "after_watermark with early or late firings",
        other => other.name(),
    }
}

fn mend_of_repeating(trigger: &Trigger, role: Role) -> String {
    let once = "after_count, after_processing_time, after_watermark without early and late firings, \
                never, after_all or after_first";
    match (trigger, role) {
        (Trigger::Repeatedly(_), Role::Early | Role::Late) => {
            "leave `repeatedly` away: early and late firings repeat by themselves".into()
        }
        (Trigger::Repeatedly(_), Role::Part(_)) => {
            format!("repeat the whole instead, and put one of these here: {once}")
        }
        _ => format!("put one of these here: {once}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AfterCount, AfterEach, AfterProcessingTime, AfterWatermark, Repeatedly, seconds};

    fn parsed(text: &str) -> Trigger {
        Trigger::parse(text).unwrap()
    }

    fn refused(trigger: impl Into<Trigger>) -> String {
        trigger.into().check().unwrap_err().to_string()
    }

    #[test]
    fn what_fires_once_may_stand_everywhere() {
        let once = "after_all(after_count(1),after_first(after_processing_time(0s),\
                    after_watermark,never,after_synchronized_processing_time))";
        for text in [
            format!("after_watermark(early={once},late={once})"),
            format!("or_finally(after_each(default,repeatedly({once})),{once})"),
        ] {
            assert_eq!(parsed(&text).check(), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_repeats_may_not_stand_where_one_firing_is_meant() {
        for repeating in [
            "default",
            "repeatedly(after_count(1))",
            "or_finally(after_count(1),never)",
            "after_each(after_count(1))",
            "after_watermark(early=after_count(1))",
            "after_watermark(late=after_count(1))",
        ] {
            for text in [
                format!("after_watermark(early={repeating})"),
                format!("after_watermark(late={repeating})"),
                format!("or_finally(never,{repeating})"),
                format!("after_all(never,{repeating})"),
                format!("after_first(never,{repeating})"),
            ] {
                assert!(parsed(&text).check().is_err(), "{text} was taken");
            }
        }
    }

    #[test]
    fn an_error_names_the_place_and_the_mend() {
        assert_eq!(
            refused(parsed(
                "after_each(after_count(2),after_watermark(early=repeatedly(after_count(1))))"
            )),
            "repeatedly stands as `early` of after_watermark, in part 2 of after_each, where only a \
             trigger may stand that fires once\n    to mend it: leave `repeatedly` away: early and \
             late firings repeat by themselves"
        );
        assert_eq!(
            refused(AfterCount::of(0)),
            "after_count(0) would fire without an element (the whole trigger)\n    to mend it: give \
             a count of at least 1"
        );
        assert_eq!(
            refused(Repeatedly::of(AfterEach::of([Trigger::AfterAll(Vec::new())]))),
            "after_all has no parts (part 1 of after_each, in part 1 of repeatedly)\n    to mend \
             it: give it at least one trigger"
        );
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let wait = AfterProcessingTime::after_first;
        assert!(refused(wait(seconds(-1))).contains("negative delay, -1s"));
        assert!(refused(wait(seconds(1)).aligned_to(Duration::ZERO)).contains("aligned to 0s"));
        assert!(refused(AfterWatermark::new().early(AfterCount::of(0))).contains("`early` of"));
        assert_eq!(Trigger::from(wait(Duration::ZERO)).check(), Ok(()));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |deep| {
            (1..deep).fold(AfterCount::of(1), |inner, _| Trigger::Repeatedly(Box::new(inner)))
        };
        assert_eq!(nested(Trigger::MAX_DEPTH).check(), Ok(()));
        assert!(refused(nested(Trigger::MAX_DEPTH + 1)).contains("more than 32 deep"));
    }

    #[test]
    fn safe_is_what_cannot_finish_before_the_window_expires() {
        let always = [
            "default",
            "never",
            "repeatedly(after_count(5))",
            "after_watermark(late=after_count(1))",
            "after_watermark(early=after_count(1),late=never)",
            "after_each(after_count(2),repeatedly(after_count(1)))",
            "after_each(default,after_count(2))",
            "after_each(after_count(1),after_each(after_count(1),never))",
        ];
        let without_lateness = ["after_watermark", "after_watermark(early=after_count(1))"];
        let never = [
            "after_count(1)",
            "after_processing_time(1s)",
            "after_synchronized_processing_time",
            "or_finally(default,never)",
            "after_each(after_count(1),after_watermark)",
            "after_all(never)",
            "after_first(after_watermark)",
        ];
        let safe = |texts: &[&str], lateness| {
            texts.iter().filter(|text| parsed(text).is_safe(lateness)).count()
        };
        assert_eq!(safe(&always, Duration::ZERO), always.len());
        assert_eq!(safe(&always, seconds(1)), always.len());
        assert_eq!(safe(&without_lateness, Duration::ZERO), without_lateness.len());
        assert_eq!(safe(&without_lateness, crate::micros(1)), 0);
        assert_eq!(safe(&never, Duration::ZERO), 0);
        assert_eq!(safe(&never, seconds(1)), 0);
    }
}
