//! Text by pattern.

use std::{fmt, sync::Arc};

use regex::{Captures, Regex as Pattern};
use watershed_model::{Element, fault};

use crate::{Emitter, Func, PCollection, PTransform, Pipeline};

/// Transforms of text by regular expressions, in the syntax of the crate
/// [`regex`](https://docs.rs/regex/latest/regex/#syntax). (Beam: `Regex`.) Each takes elements that are text,
/// and gives `String`s.
///
/// | | gives |
/// |---|---|
/// | [`matches`](Regex::matches) | each element that matches as a whole |
/// | [`find`](Regex::find) | the first match in each element; none of an element without one |
/// | [`find_all`](Regex::find_all) | every match in each element, an element each |
/// | [`split`](Regex::split) | what lies between the matches, an element each |
/// | [`replace_all`](Regex::replace_all), [`replace_first`](Regex::replace_first) | each element with its matches, or the first of them, replaced |
///
/// The first three can give a [group](RegexFind::group) of each match instead, or a
/// [key and a value](RegexFind::key_value). A pattern that does not compile is an error of
/// [`build`](crate::Pipeline::build), which shows the place; so is a group that the pattern does not have.
///
/// ```
/// use watershed_core::{Pipeline, Regex};
///
/// let pipeline = Pipeline::new();
/// let lines = pipeline.create(["ada: 3 #chess #go".to_string()]);
/// lines.apply(Regex::find_all(r"#(\w+)").group(1)).for_each(|tag| println!("{tag}"));
/// let scores = lines.apply(Regex::find(r"(?<name>\w+): (?<points>\d+)").key_value("name", "points"));
/// scores.for_each(|(name, points)| println!("{name}: {points}"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Regex;

impl Regex {
    /// The elements that match as a whole.
    pub fn matches(pattern: &str) -> RegexFind {
        RegexFind::new(pattern, Where::Whole)
    }

    /// The first match in each element.
    pub fn find(pattern: &str) -> RegexFind {
        RegexFind::new(pattern, Where::First)
    }

    /// Every match in each element, from the left; they do not overlap. (Beam gives a list for each element.)
    pub fn find_all(pattern: &str) -> RegexFind {
        RegexFind::new(pattern, Where::Each)
    }

    /// Each element with its matches replaced. In the replacement `$1` or `${name}` stands for a group, `$$` for
    /// a dollar. A group that the pattern does not have is replaced by nothing.
    pub fn replace_all(pattern: &str, replacement: &str) -> RegexReplace {
        RegexReplace { pattern: pattern.into(), replacement: replacement.into(), is_all: true }
    }

    /// Each element with its first match replaced, as in [`replace_all`](Self::replace_all).
    pub fn replace_first(pattern: &str, replacement: &str) -> RegexReplace {
        RegexReplace { is_all: false, ..Regex::replace_all(pattern, replacement) }
    }

    /// What lies between the matches in each element. What is empty is left out.
    pub fn split(pattern: &str) -> RegexSplit {
        RegexSplit { pattern: pattern.into(), keeps_empty: false }
    }
}

/// Where matches are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Whole,
    First,
    Each,
}

/// A group of a pattern: by its number, where 0 is the whole match, or by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// By number.
    Index(usize),
    /// By name.
    Name(String),
}

impl From<usize> for Capture {
    fn from(index: usize) -> Self {
        Capture::Index(index)
    }
}

impl From<&str> for Capture {
    fn from(name: &str) -> Self {
        Capture::Name(name.into())
    }
}

impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Capture::Index(index) => write!(f, "number {index}"),
            Capture::Name(name) => write!(f, "called {name:?}"),
        }
    }
}

impl Capture {
    /// The text of the group, if it took part in the match.
    fn of<'t>(&self, captures: &Captures<'t>) -> Option<&'t str> {
        let group = match self {
            _ if fault!("groups-are-the-whole-match") => captures.get(0),
            Capture::Index(index) => captures.get(*index),
            Capture::Name(name) => captures.name(name),
        };
        group.map(|group| group.as_str())
    }

    fn is_in(&self, pattern: &Pattern) -> bool {
        match self {
            Capture::Index(index) => *index < pattern.captures_len(),
            Capture::Name(name) => pattern.capture_names().flatten().any(|known| known == name),
        }
    }
}

/// Matches of a pattern. Made by [`Regex::matches`], [`Regex::find`] and [`Regex::find_all`].
#[derive(Clone, Debug)]
pub struct RegexFind {
    pattern: String,
    place: Where,
    group: Capture,
}

impl RegexFind {
    fn new(pattern: &str, place: Where) -> Self {
        RegexFind { pattern: pattern.into(), place, group: Capture::Index(0) }
    }

    /// Instead of the whole match this group of it, by number or name. A match in which the group took no part
    /// gives nothing.
    #[must_use]
    pub fn group(self, group: impl Into<Capture>) -> Self {
        RegexFind { group: group.into(), ..self }
    }

    /// Instead of the whole match two groups of it, as a key and a value. A match in which one of them took no
    /// part gives nothing. (Beam: `Regex.findKV`.)
    pub fn key_value(self, key: impl Into<Capture>, value: impl Into<Capture>) -> RegexKeyValue {
        RegexKeyValue { find: self.group(key), value: value.into() }
    }

    /// What `read` puts out for the matches in each text, of which it takes so many at most.
    #[track_caller]
    fn applied<T: Element + AsRef<str>, O: Element>(
        self,
        lines: &PCollection<T>,
        groups: &[&Capture],
        read: impl Fn(&Pattern, &str, usize, &mut Emitter<O>) + Func,
    ) -> PCollection<O> {
        let RegexFind { pattern, place, .. } = self;
        let pattern = compiled(lines.pipeline(), &pattern, place == Where::Whole, groups);
        let most = if place == Where::Each { usize::MAX } else { 1 };
        lines.flat_map_emit(move |line, out| {
            if let Some(pattern) = &pattern {
                read(pattern, line.as_ref(), most, out);
            }
        })
    }
}

impl<T: Element + AsRef<str>> PTransform<PCollection<T>> for RegexFind {
    type Output = PCollection<String>;

    #[track_caller]
    fn expand(self, lines: &PCollection<T>) -> PCollection<String> {
        let group = self.group.clone();
        let read = {
            let group = group.clone();
            move |pattern: &Pattern, text: &str, most: usize, out: &mut Emitter<String>| {
                let mut emit = |found: &str| out.emit(found.to_owned());
                // A match is found faster than its groups.
                if group == Capture::Index(0) {
                    let found = pattern.find_iter(text).take(most);
                    return found.for_each(|found| emit(found.as_str()));
                }
                let found = pattern.captures_iter(text).take(most);
                found.filter_map(|captures| group.of(&captures)).for_each(emit);
            }
        };
        self.applied(lines, &[&group], read)
    }
}

/// Matches of a pattern as keys and values. Made by [`RegexFind::key_value`].
#[derive(Clone, Debug)]
pub struct RegexKeyValue {
    find: RegexFind,
    value: Capture,
}

impl<T: Element + AsRef<str>> PTransform<PCollection<T>> for RegexKeyValue {
    type Output = PCollection<(String, String)>;

    #[track_caller]
    fn expand(self, lines: &PCollection<T>) -> PCollection<(String, String)> {
        let groups = (self.find.group.clone(), self.value);
        let (key, value) = groups.clone();
        let pair = move |captures: &Captures<'_>| {
            Some((key.of(captures)?.to_owned(), value.of(captures)?.to_owned()))
        };
        let read = move |pattern: &Pattern, text: &str, most: usize, out: &mut Emitter<_>| {
            let found = pattern.captures_iter(text).take(most);
            found.filter_map(|captures| pair(&captures)).for_each(|pair| out.emit(pair));
        };
        self.find.applied(lines, &[&groups.0, &groups.1], read)
    }
}

/// Text with matches replaced. Made by [`Regex::replace_all`] and [`Regex::replace_first`].
#[derive(Clone, Debug)]
pub struct RegexReplace {
    pattern: String,
    replacement: Arc<str>,
    is_all: bool,
}

impl<T: Element + AsRef<str>> PTransform<PCollection<T>> for RegexReplace {
    type Output = PCollection<String>;

    #[track_caller]
    fn expand(self, lines: &PCollection<T>) -> PCollection<String> {
        let RegexReplace { pattern, replacement, is_all } = self;
        let pattern = compiled(lines.pipeline(), &pattern, false, &[]);
        // For the pattern 0 is no limit.
        let most = usize::from(!is_all);
        lines.flat_map_emit(move |line, out| {
            let Some(pattern) = &pattern else { return };
            out.emit(pattern.replacen(line.as_ref(), most, &*replacement).into_owned());
        })
    }
}

/// Text between matches. Made by [`Regex::split`].
#[derive(Clone, Debug)]
pub struct RegexSplit {
    pattern: String,
    keeps_empty: bool,
}

impl RegexSplit {
    /// With what is empty, too: before a match at the beginning, between two that touch, behind one at the end.
    #[must_use]
    pub fn keep_empty(self) -> Self {
        RegexSplit { keeps_empty: true, ..self }
    }
}

impl<T: Element + AsRef<str>> PTransform<PCollection<T>> for RegexSplit {
    type Output = PCollection<String>;

    #[track_caller]
    fn expand(self, lines: &PCollection<T>) -> PCollection<String> {
        let RegexSplit { pattern, keeps_empty } = self;
        let pattern = compiled(lines.pipeline(), &pattern, false, &[]);
        lines.flat_map_emit(move |line, out| {
            let Some(pattern) = &pattern else { return };
            let parts = pattern.split(line.as_ref());
            let kept = parts.filter(|part| keeps_empty || !part.is_empty());
            kept.for_each(|part| out.emit(part.to_owned()));
        })
    }
}

/// The pattern, if it compiles and has these groups; otherwise the pipeline is told.
fn compiled(
    pipeline: &Pipeline,
    pattern: &str,
    is_whole: bool,
    groups: &[&Capture],
) -> Option<Pattern> {
    let compiled = match Pattern::new(pattern) {
        Ok(compiled) => compiled,
        Err(error) => {
            let problem = format!("has a pattern that does not compile: {error}");
            pipeline.reject(problem, "mend the pattern at the place that is marked");
            return None;
        }
    };
    if let Some(group) = groups.iter().find(|group| !group.is_in(&compiled)) {
        let names = compiled.capture_names().flatten().collect::<Vec<_>>().join(", ");
        let problem =
            format!("asks for the group {group}, which the pattern {pattern:?} does not have");
        let known = match names.as_str() {
            "" => String::new(),
            names => format!(", or one of the names {names}"),
        };
        let last = compiled.captures_len() - 1;
        pipeline.reject(problem, format!("give a number from 0 to {last}{known}"));
        return None;
    }
    if !is_whole || fault!("parts-match-as-a-whole") {
        return Some(compiled);
    }
    // A comment that ends the pattern, where it may have any, would swallow the bracket.
    let whole = |end: &str| Pattern::new(&format!(r"\A(?:{pattern}{end})\z"));
    whole("").or_else(|_| whole("\n")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use watershed_model::BuildErrors;

    fn whole(pattern: &str, text: &str) -> bool {
        compiled(&Pipeline::new(), pattern, true, &[]).is_some_and(|pattern| pattern.is_match(text))
    }

    #[test]
    fn a_whole_match_takes_the_alternative_that_reaches_to_the_end() {
        assert!(whole("a|ab", "ab"));
        assert!(!whole("a|ab", "abc"));
        assert!(!whole("b|c$", "ac"));
        assert!(whole("(?x) a b # with a comment", "ab"));
        assert!(!whole("a", "a\n"));
    }

    #[test]
    fn a_pattern_that_does_not_compile_is_told_with_the_place() {
        let pipeline = Pipeline::new();
        let lines = pipeline.create(["a".to_string()]);
        lines.apply(Regex::find("(ab")).named("looks for it").for_each(drop);
        lines.apply(Regex::find("(?<x>a)b").group("y")).for_each(drop);
        lines.apply(Regex::find_all("a").key_value(0, 1)).for_each(drop);
        let BuildErrors(errors) = pipeline.build().unwrap_err();
        let told = errors.iter().map(|error| format!("{}: {}", error.transform, error.problem));
        let told: Vec<String> = told.collect();
        // The caret stands below what is marked.
        assert!(
            told[0].starts_with("looks for it: ") && told[0].contains("(ab\n    ^\n"),
            "{told:?}"
        );
        assert!(told[0].contains("unclosed group"), "{told:?}");
        assert!(told[1].starts_with("RegexFind: ") && told[1].contains("called \"y\""), "{told:?}");
        assert_eq!(errors[1].mend, "give a number from 0 to 1, or one of the names x");
        assert!(told[2].starts_with("RegexKeyValue: ") && told[2].contains("number 1"), "{told:?}");
        assert!(errors.iter().all(|error| error.location.to_string().contains("regex.rs")));
    }
}
