//! Triggers read from text, by recursive descent.

use std::{fmt, str::FromStr};

use super::Trigger;
use crate::Duration;

/// Text that is no trigger: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerParseError {
    text: String,
    /// In bytes, at a border of characters.
    at: usize,
    problem: String,
}

impl TriggerParseError {
    /// The place of the error in the text, in bytes.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What is wrong there, and what may stand there.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl std::error::Error for TriggerParseError {}

impl fmt::Display for TriggerParseError {
    /// The problem, then the text around it with a caret under the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const AROUND: usize = 60;
        let (before, after) = self.text.split_at_checked(self.at).unwrap_or((&self.text, ""));
        let place = before.chars().count();
        let skipped = place.saturating_sub(AROUND);
        let shown = before.chars().skip(skipped).chain(after.chars().take(AROUND));
        let line: String = shown.map(|c| if c.is_control() { ' ' } else { c }).collect();
        let caret = place - skipped + 1;
        write!(f, "{}, at character {}\n    {line}\n    {:>caret$}", self.problem, place + 1, "^")
    }
}

impl Trigger {
    /// Reads a trigger as it prints; spaces may stand between its words.
    ///
    /// ```
    /// use watershed_model::Trigger;
    ///
    /// let trigger = Trigger::parse("after_watermark(early = after_count(2), late=after_count(1))")?;
    /// assert_eq!(
    ///     trigger.to_string(),
    ///     "after_watermark(early=after_count(2),late=after_count(1))"
    /// );
    /// # Ok::<(), watershed_model::TriggerParseError>(())
    /// ```
    ///
    /// # Errors
    /// When the text is no trigger, or one that could never be meant, such as `after_count(0)`. Which
    /// trigger may stand in which is for [`check`](Trigger::check) to say.
    pub fn parse(text: &str) -> Result<Trigger, TriggerParseError> {
        let mut parser = Parser { text, at: 0 };
        let trigger = parser.trigger(1)?;
        parser.skip_spaces();
        match parser.rest() {
            "" => Ok(trigger),
            _ => Err(parser.error("expected the end of the trigger")),
        }
    }
}

impl FromStr for Trigger {
    type Err = TriggerParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Trigger::parse(text)
    }
}

type Parsed<T> = Result<T, TriggerParseError>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn error(&self, problem: impl Into<String>) -> TriggerParseError {
        TriggerParseError { text: self.text.to_owned(), at: self.at, problem: problem.into() }
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The letters, digits and underscores that stand here, without passing them.
    fn word(&mut self) -> &'a str {
        self.skip_spaces();
        let rest = self.rest();
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
        end.and_then(|end| rest.get(..end)).unwrap_or(rest)
    }

    fn eat(&mut self, mark: char) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(mark);
        if found {
            self.at += mark.len_utf8();
        }
        found
    }

    fn expect(&mut self, mark: char, expected: &str) -> Parsed<()> {
        match self.eat(mark) {
            true => Ok(()),
            false => Err(self.error(format!("expected {expected}"))),
        }
    }

    fn trigger(&mut self, depth: usize) -> Parsed<Trigger> {
        let word = self.word();
        if depth > Trigger::MAX_DEPTH {
            let deep =
                format!("triggers stand in one another more than {} deep", Trigger::MAX_DEPTH);
            return Err(self.error(deep));
        }
        let trigger = match word {
            "default" => self.pass(word, Trigger::Default),
            "never" => self.pass(word, Trigger::Never),
            "after_synchronized_processing_time" => {
                self.pass(word, Trigger::AfterSynchronizedProcessingTime)
            }
            "after_watermark" => {
                self.at += word.len();
                self.after_watermark(depth)?
            }
            "after_count" => {
                self.open(word)?;
                let count = self.count()?;
                self.expect(')', "`)`")?;
                Trigger::AfterCount(count)
            }
            "after_processing_time" => {
                self.open(word)?;
                self.after_processing_time()?
            }
            "repeatedly" => {
                self.open(word)?;
                let inner = self.trigger(depth + 1)?;
                self.expect(')', "`)`")?;
                Trigger::Repeatedly(Box::new(inner))
            }
            "or_finally" => {
                self.open(word)?;
                let first = self.trigger(depth + 1)?;
                self.expect(',', "`,` and the trigger that ends the first")?;
                let until = self.trigger(depth + 1)?;
                self.expect(')', "`)`")?;
                Trigger::OrFinally(Box::new(first), Box::new(until))
            }
            "after_each" => Trigger::AfterEach(self.list(word, depth)?),
            "after_all" => Trigger::AfterAll(self.list(word, depth)?),
            "after_first" => Trigger::AfterFirst(self.list(word, depth)?),
            _ => {
                return Err(self.error(
                    "expected a trigger: default, never, after_watermark, after_count, \
                     after_processing_time, repeatedly, or_finally, after_each, after_all or \
                     after_first",
                ));
            }
        };
        Ok(trigger)
    }

    fn pass(&mut self, word: &str, trigger: Trigger) -> Trigger {
        self.at += word.len();
        trigger
    }

    fn open(&mut self, word: &str) -> Parsed<()> {
        self.at += word.len();
        self.expect('(', "`(`")
    }

    fn list(&mut self, word: &str, depth: usize) -> Parsed<Vec<Trigger>> {
        self.open(word)?;
        let mut parts = vec![self.trigger(depth + 1)?];
        while self.eat(',') {
            parts.push(self.trigger(depth + 1)?);
        }
        self.expect(')', "`,` or `)`")?;
        Ok(parts)
    }

    fn after_watermark(&mut self, depth: usize) -> Parsed<Trigger> {
        let (mut early, mut late) = (None, None);
        if self.eat('(') {
            early = self.named("early", depth)?;
            let comma = self.eat(',');
            late = self.named("late", depth)?;
            let expected = match (&early, comma, &late) {
                (_, _, Some(_)) => "`)`",
                (None, false, None) => "`early=`, `late=` or `)`",
                (Some(_), false, None) => "`,` or `)`",
                (_, true, None) => "`late=` or `)`",
            };
            self.expect(')', expected)?;
        }
        Ok(Trigger::AfterWatermark { early, late })
    }

    fn named(&mut self, name: &str, depth: usize) -> Parsed<Option<Box<Trigger>>> {
        if self.word() != name {
            return Ok(None);
        }
        self.at += name.len();
        self.expect('=', "`=`")?;
        Ok(Some(Box::new(self.trigger(depth + 1)?)))
    }

    fn count(&mut self) -> Parsed<u64> {
        let word = self.word();
        match word.parse() {
            Ok(0) => Err(self.error("expected a count of at least 1")),
            Ok(count) => {
                self.at += word.len();
                Ok(count)
            }
            Err(_) => Err(self.error(format!("expected a count, from 1 to {}", u64::MAX))),
        }
    }

    fn after_processing_time(&mut self) -> Parsed<Trigger> {
        let delay = self.duration()?;
        let mut align = None;
        if self.eat(',') {
            if self.word() != "align" {
                return Err(self.error("expected `align=`"));
            }
            self.at += "align".len();
            self.expect('=', "`=`")?;
            let before = self.at;
            let period = self.duration()?;
            if !period.is_positive() {
                self.at = before;
                return Err(self.error("expected a span that is longer than nothing"));
            }
            align = Some(period);
        }
        self.expect(')', if align.is_some() { "`)`" } else { "`,align=` or `)`" })?;
        Ok(Trigger::AfterProcessingTime { delay, align })
    }

    fn duration(&mut self) -> Parsed<Duration> {
        let word = self.word();
        let span = word.parse().map_err(|error: crate::DurationParseError| {
            self.error(format!("expected a span of time: {error}"))
        })?;
        self.at += word.len();
        Ok(span)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::{micros, seconds};

    fn triggers() -> impl Strategy<Value = Trigger> {
        let leaf = prop_oneof![
            Just(Trigger::Default),
            Just(Trigger::Never),
            Just(Trigger::AfterSynchronizedProcessingTime),
            (1..=u64::MAX).prop_map(Trigger::AfterCount),
            (0..=i64::MAX, option::of(1..=i64::MAX)).prop_map(|(delay, align)| {
                Trigger::AfterProcessingTime { delay: micros(delay), align: align.map(micros) }
            }),
            (0..9_000i64).prop_map(|delay| {
                Trigger::AfterProcessingTime { delay: seconds(delay), align: None }
            }),
        ];
        leaf.prop_recursive(6, 40, 4, |inner| {
            let boxed = || inner.clone().prop_map(Box::new);
            prop_oneof![
                (option::of(boxed()), option::of(boxed()))
                    .prop_map(|(early, late)| Trigger::AfterWatermark { early, late }),
                boxed().prop_map(Trigger::Repeatedly),
                (boxed(), boxed()).prop_map(|(first, until)| Trigger::OrFinally(first, until)),
                vec(inner.clone(), 1..4).prop_map(Trigger::AfterEach),
                vec(inner.clone(), 1..4).prop_map(Trigger::AfterAll),
                vec(inner.clone(), 1..4).prop_map(Trigger::AfterFirst),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_trigger_is_read_as_it_prints(trigger in triggers()) {
            prop_assert_eq!(Trigger::parse(&trigger.to_string()), Ok(trigger.clone()));
            let spaced = trigger.to_string().replace('(', " ( ").replace(',', " ,\n").replace('=', " = ");
            prop_assert_eq!(Trigger::parse(&spaced), Ok(trigger));
        }

        #[test]
        fn any_text_is_read_or_refused_at_a_place_in_it(text in "[a-z_(),=0-9 é]{0,40}|\\PC{0,20}") {
            if let Err(error) = Trigger::parse(&text) {
                prop_assert!(text.is_char_boundary(error.at()));
                prop_assert!(error.to_string().ends_with('^'));
            }
        }

        #[test]
        fn a_broken_trigger_is_read_or_refused(trigger in triggers(), cut in 0usize..200) {
            let whole = trigger.to_string();
            let text = whole.get(..cut).unwrap_or(&whole);
            match Trigger::parse(text) {
                Ok(read) => prop_assert_eq!(read.to_string(), text),
                Err(error) => prop_assert!(error.at() <= text.len()),
            }
        }
    }

    #[test]
    fn what_the_grammar_lets_be_left_away_may_be_left_away() {
        let read = |text: &str| Trigger::parse(text).unwrap().to_string();
        assert_eq!(read("after_watermark()"), "after_watermark");
        assert_eq!(read("after_watermark(,)"), "after_watermark");
        assert_eq!(read("after_watermark(early=never,)"), "after_watermark(early=never)");
        assert_eq!(read("after_watermark(,late=never)"), "after_watermark(late=never)");
        assert_eq!(
            read(" after_watermark ( early = never late = never ) "),
            "after_watermark(early=never,late=never)"
        );
        assert_eq!(
            read("after_processing_time(250ms , align=2h)"),
            "after_processing_time(250ms,align=2h)"
        );
    }

    #[test]
    fn an_error_points_at_the_place_and_says_what_may_stand_there() {
        let refused = |text: &str| Trigger::parse(text).unwrap_err().to_string();
        assert_eq!(
            refused("after_all(after_count(3); never)"),
            "expected `,` or `)`, at character 25\n    \
             after_all(after_count(3); never)\n                            ^"
        );
        let long = format!("after_all({}oops)", "never,".repeat(20));
        let error = refused(&long);
        let caret = error.lines().last().unwrap().len();
        assert_eq!(&error.lines().nth(1).unwrap()[caret - 1..], "oops)");
    }

    #[test]
    fn each_mistake_has_its_word() {
        let table = [
            ("", 0, "expected a trigger: default, never"),
            ("after_counts(1)", 0, "expected a trigger"),
            ("default()", 7, "expected the end"),
            ("after_count", 11, "expected `(`"),
            ("after_count(0)", 12, "expected a count of at least 1"),
            ("after_count(-1)", 12, "expected a count, from 1 to 18446744073709551615"),
            ("after_count(18446744073709551616)", 12, "expected a count"),
            ("after_count(1,2)", 13, "expected `)`"),
            ("after_each()", 11, "expected a trigger"),
            ("after_each(never,)", 17, "expected a trigger"),
            ("after_first(never", 17, "expected `,` or `)`"),
            ("or_finally(never)", 16, "expected `,` and the trigger"),
            ("after_watermark(late=never,early=never)", 26, "expected `)`"),
            ("after_watermark(early=never,early=never)", 28, "expected `late=` or `)`"),
            ("after_watermark(never)", 16, "expected `early=`, `late=` or `)`"),
            ("after_watermark(early never)", 22, "expected `=`"),
            ("after_processing_time(5)", 22, "expected a span of time: `5`"),
            ("after_processing_time(-5s)", 22, "expected a span of time"),
            ("after_processing_time(5s,1m)", 25, "expected `align=`"),
            ("after_processing_time(5s;)", 24, "expected `,align=` or `)`"),
            ("after_processing_time(5s,align=0s)", 31, "expected a span that is longer"),
            ("after_processing_time(9999999999999999d)", 22, "longer than"),
        ];
        for (text, at, problem) in table {
            let error = Trigger::parse(text).expect_err(text);
            assert!(error.problem().contains(problem), "{text}: {}", error.problem());
            assert_eq!(error.at(), at, "{text}: {error}");
        }
    }

    #[test]
    fn hostile_depth_is_an_error() {
        let nested = |deep| format!("{}never{}", "repeatedly(".repeat(deep), ")".repeat(deep));
        assert!(Trigger::parse(&nested(Trigger::MAX_DEPTH - 1)).is_ok());
        let error = Trigger::parse(&nested(1_000_000)).unwrap_err();
        assert!(error.problem().contains("more than 32 deep"), "{error}");
        assert_eq!(error.at(), "repeatedly(".len() * Trigger::MAX_DEPTH);
    }
}
