//! Triggers by seed, and which triggers there may be.

use fastrand::Rng;
use watershed::model::{Trigger, seconds};

use super::Rules;

/// Whether every trigger inside stands where it may: early and late ones, those of after-all and
/// after-first, and the second of or-finally must be once-only.
pub fn is_sound(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::AfterWatermark { early, late } => {
            [early, late].into_iter().flatten().all(|inner| is_once_only(inner))
        }
        Trigger::Repeatedly(inner) => is_sound(inner),
        Trigger::OrFinally(main, until) => is_sound(main) && is_once_only(until),
        Trigger::AfterEach(all) => !all.is_empty() && all.iter().all(is_sound),
        Trigger::AfterAll(_) | Trigger::AfterFirst(_) => is_once_only(trigger),
        _ => true,
    }
}

fn is_once_only(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::AfterCount(_)
        | Trigger::AfterProcessingTime { .. }
        | Trigger::AfterSynchronizedProcessingTime
        | Trigger::AfterWatermark { early: None, late: None }
        | Trigger::Never => true,
        Trigger::AfterAll(all) | Trigger::AfterFirst(all) => {
            !all.is_empty() && all.iter().all(is_once_only)
        }
        _ => false,
    }
}

/// Whether the trigger never finishes before its window expires, so that nothing is dropped as closed.
pub fn is_safe(rules: &Rules) -> bool {
    let at_the_end_only = matches!(rules.trigger, Trigger::AfterWatermark { .. });
    never_finishes(&rules.trigger) || at_the_end_only && !rules.lateness.is_positive()
}

/// Whether it never finishes, however late elements may be.
pub(crate) fn never_finishes(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Default | Trigger::Never | Trigger::Repeatedly(_) => true,
        Trigger::AfterWatermark { late, .. } => late.is_some(),
        Trigger::AfterEach(all) => all.iter().any(never_finishes),
        _ => false,
    }
}

/// A trigger of any kind, no deeper than this.
pub(crate) fn some_trigger(random: &mut Rng, depth: u32) -> Trigger {
    if depth <= 1 {
        return match random.u32(0..6) {
            0 | 1 => Trigger::Default,
            _ => some_once_only(random, 1),
        };
    }
    match random.u32(0..20) {
        0 => Trigger::Default,
        1..7 => {
            let mut child = || {
                let is_there = random.u32(0..3) > 0;
                is_there.then(|| Box::new(some_once_only(random, depth - 1)))
            };
            Trigger::AfterWatermark { early: child(), late: child() }
        }
        7..11 => Trigger::Repeatedly(Box::new(some_trigger(random, depth - 1))),
        11..14 => Trigger::OrFinally(
            Box::new(some_trigger(random, depth - 1)),
            Box::new(some_once_only(random, depth - 1)),
        ),
        14..17 => {
            Trigger::AfterEach(two_or_three(random, |random| some_trigger(random, depth - 1)))
        }
        _ => some_once_only(random, depth),
    }
}

/// A once-only trigger, no deeper than this.
fn some_once_only(random: &mut Rng, depth: u32) -> Trigger {
    let kinds = if depth > 1 { 13 } else { 9 };
    match random.u32(0..kinds) {
        0..4 => Trigger::AfterCount(random.u64(1..=4)),
        4..7 => Trigger::AfterProcessingTime {
            delay: seconds(random.i64(0..=6)),
            align: (random.u32(0..3) == 0).then(|| seconds(random.i64(1..=5))),
        },
        7 => Trigger::AfterWatermark { early: None, late: None },
        8 => Trigger::Never,
        9 | 10 => {
            Trigger::AfterAll(two_or_three(random, |random| some_once_only(random, depth - 1)))
        }
        _ => Trigger::AfterFirst(two_or_three(random, |random| some_once_only(random, depth - 1))),
    }
}

fn two_or_three(random: &mut Rng, mut some: impl FnMut(&mut Rng) -> Trigger) -> Vec<Trigger> {
    (0..random.usize(2..=3)).map(|_| some(random)).collect()
}

#[cfg(test)]
mod tests {
    use watershed::model::Duration;

    use super::*;
    use crate::oracle::Windowing;

    fn plain() -> Trigger {
        Trigger::AfterWatermark { early: None, late: None }
    }

    #[test]
    fn triggers_by_seed_are_sound_and_of_every_kind() {
        let mut seen = std::collections::HashSet::new();
        for seed in 0..2_000 {
            let trigger = some_trigger(&mut Rng::with_seed(seed), 3);
            assert!(is_sound(&trigger), "{trigger:?}");
            seen.insert(std::mem::discriminant(&trigger));
        }
        // All but the one that only a grouping makes.
        assert_eq!(seen.len(), 10);
    }

    #[test]
    fn what_must_fire_once_may_not_repeat() {
        let repeated = Trigger::Repeatedly(Box::new(plain()));
        assert!(is_sound(&repeated));
        let early =
            |trigger| Trigger::AfterWatermark { early: Some(Box::new(trigger)), late: None };
        assert!(!is_sound(&early(repeated.clone())));
        assert!(!is_sound(&Trigger::AfterAll(vec![plain(), repeated.clone()])));
        assert!(!is_sound(&Trigger::OrFinally(Box::new(plain()), Box::new(repeated.clone()))));
        assert!(is_sound(&Trigger::OrFinally(Box::new(repeated), Box::new(plain()))));
        assert!(!is_sound(&early(early(plain()))));
    }

    #[test]
    fn once_after_the_watermark_is_safe_without_lateness() {
        let rules =
            |trigger, lateness| Rules { lateness, ..Rules::new(Windowing::Global, trigger) };
        assert!(is_safe(&rules(plain(), Duration::ZERO)));
        assert!(!is_safe(&rules(plain(), seconds(1))));
        let each = |all| Trigger::AfterEach(all);
        assert!(is_safe(&rules(each(vec![plain(), Trigger::Default]), seconds(1))));
        assert!(!is_safe(&rules(each(vec![plain(), plain()]), Duration::ZERO)));
    }
}
