//! What the next grouping inherits. (Beam: continuation triggers.)

use super::Trigger;
use crate::fault;

impl Trigger {
    /// The trigger of a grouping behind one with this trigger: it fires for each pane that comes,
    /// and not later than that, so that delays and counts do not add up.
    ///
    /// An heir is made for machines: where `after_each` had parts that repeat, they stand in an
    /// `after_first`, which [`check`](Trigger::check) would not let an author write. What repeats is
    /// not wrapped once more, so that heirs of heirs do not grow.
    pub fn heir(&self) -> Trigger {
        let each = |parts: &[Trigger]| parts.iter().map(Trigger::heir).collect();
        let within = |child: &Option<Box<Trigger>>| child.as_ref().map(|t| Box::new(t.heir()));
        match self {
            Trigger::Default => Trigger::Default,
            Trigger::Never => Trigger::Never,
            Trigger::AfterWatermark { early, late } => {
                Trigger::AfterWatermark { early: within(early), late: within(late) }
            }
            Trigger::AfterCount(_) => Trigger::AfterCount(1),
            Trigger::AfterProcessingTime { .. } | Trigger::AfterSynchronizedProcessingTime => {
                Trigger::AfterSynchronizedProcessingTime
            }
            Trigger::Repeatedly(inner) => repeatedly(inner.heir()),
            Trigger::OrFinally(first, until) => {
                let once = Trigger::OrFinally(Box::new(first.heir()), Box::new(until.heir()));
                if fault!("heirs-of-or-finally-end") { once } else { repeatedly(once) }
            }
            Trigger::AfterEach(parts) => repeatedly(Trigger::AfterFirst(each(parts))),
            Trigger::AfterAll(parts) => Trigger::AfterAll(each(parts)),
            Trigger::AfterFirst(parts) => Trigger::AfterFirst(each(parts)),
        }
    }
}

/// What never finishes behaves the same in one more `repeatedly`.
fn repeatedly(trigger: Trigger) -> Trigger {
    match trigger {
        Trigger::Repeatedly(_) => trigger,
        once => Trigger::Repeatedly(Box::new(once)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heir(text: &str) -> String {
        Trigger::parse(text).unwrap().heir().to_string()
    }

    #[test]
    fn each_trigger_has_the_heir_of_the_table() {
        let table = [
            ("default", "default"),
            ("never", "never"),
            ("after_watermark", "after_watermark"),
            (
                "after_watermark(early=after_processing_time(5s),late=after_count(7))",
                "after_watermark(early=after_synchronized_processing_time,late=after_count(1))",
            ),
            ("after_watermark(late=after_count(3))", "after_watermark(late=after_count(1))"),
            ("after_count(100)", "after_count(1)"),
            ("after_processing_time(1h,align=1d)", "after_synchronized_processing_time"),
            ("after_synchronized_processing_time", "after_synchronized_processing_time"),
            ("repeatedly(after_count(4))", "repeatedly(after_count(1))"),
            (
                "or_finally(repeatedly(after_count(2)),after_watermark)",
                "repeatedly(or_finally(repeatedly(after_count(1)),after_watermark))",
            ),
            (
                "after_each(after_count(2),repeatedly(after_processing_time(1s)))",
                "repeatedly(after_first(after_count(1),\
                 repeatedly(after_synchronized_processing_time)))",
            ),
            (
                "after_all(after_count(2),after_watermark)",
                "after_all(after_count(1),after_watermark)",
            ),
            ("after_first(after_count(2),never)", "after_first(after_count(1),never)"),
        ];
        for (trigger, expected) in table {
            assert_eq!(heir(trigger), expected, "the heir of {trigger}");
        }
    }

    #[test]
    fn heirs_of_heirs_do_not_grow() {
        let first = heir("or_finally(after_each(after_count(2),default),after_count(9))");
        assert_eq!(
            first,
            "repeatedly(or_finally(repeatedly(after_first(after_count(1),default)),after_count(1)))"
        );
        let mut last = Trigger::parse(&first).unwrap();
        for _ in 0..50 {
            last = last.heir();
        }
        assert_eq!(last, Trigger::parse(&first).unwrap().heir());
    }
}
