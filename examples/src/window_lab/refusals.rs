//! What the lab does not play, told in the words of its command line.

use watershed::{Trigger, model::TriggerProblem};

use crate::arguments::{Arguments, Mode, Windows};

impl Arguments {
    /// Whether this can be played.
    ///
    /// # Errors
    /// What is wrong, and how to mend it.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Arguments { trigger, lateness, .. } = self;
        let refuse =
            |problem: String, mend: &str| Err(format!("{problem}\n    to mend it: {mend}"));
        if let Err(TriggerProblem { problem, mend }) = trigger.check() {
            return refuse(format!("--trigger: {problem}"), &mend);
        }
        if self.mode == Mode::Retracting {
            return refuse(
                "--mode retracting does not exist yet".into(),
                "take discarding, or accumulating, whose panes hold all that came so far",
            );
        }
        if self.plot.as_deref() == Some("-") {
            return refuse(
                "--plot - would mix the picture with the panes on standard output".into(),
                "name a file, or /dev/stderr",
            );
        }
        if self.allow_unsafe {
            return Ok(());
        }
        if !trigger.is_safe(*lateness) {
            let within = match trigger.is_safe(watershed::Duration::ZERO) {
                true => format!(" within the lateness of {lateness}"),
                false => String::new(),
            };
            return refuse(
                format!(
                    "--trigger: {trigger} can finish, and what comes for the window \
                     afterwards{within} would be dropped"
                ),
                "let it repeat, or give after_watermark a late part; --allow-unsafe plays it all the \
                 same, and counts what it drops",
            );
        }
        if self.window.windows == Windows::Global && *trigger == Trigger::Default {
            return refuse(
                "--trigger: default waits for the end of the window, and the global window has none \
                 while the play lasts"
                    .into(),
                "take a trigger such as repeatedly(after_count(1)), or other windows; --allow-unsafe \
                 plays it all the same, and all comes at the end",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn check(arguments: &str) -> Result<(), String> {
        let words = ["window_lab"].into_iter().chain(arguments.split_whitespace());
        Arguments::try_parse_from(words).unwrap().check()
    }

    #[test]
    fn what_would_lose_data_is_refused_unless_it_is_wanted() {
        for (arguments, word) in [
            ("--trigger after_count(1)", "after_count(1) can finish"),
            ("--trigger or_finally(repeatedly(after_count(1)),after_count(3))", "can finish"),
            (
                "--trigger after_watermark --lateness 1s",
                "afterwards within the lateness of 1s would",
            ),
            ("--window global", "the global window has none"),
        ] {
            let error = check(arguments).unwrap_err();
            assert!(error.starts_with("--trigger: ") && error.contains(word), "{error}");
            assert!(error.contains("--allow-unsafe"), "{error}");
            assert_eq!(check(&format!("{arguments} --allow-unsafe")), Ok(()));
        }
        for arguments in [
            "",
            "--trigger after_watermark",
            "--trigger never --window global",
            "--trigger after_watermark(late=after_count(1)) --lateness 1s",
        ] {
            assert_eq!(check(arguments), Ok(()), "{arguments}");
        }
    }

    #[test]
    fn what_can_never_be_played_is_refused_also_when_the_unsafe_is_allowed() {
        for (arguments, word) in [
            ("--trigger after_watermark(early=repeatedly(after_count(1)))", "as `early`"),
            ("--trigger or_finally(default,default)", "last part of or_finally"),
            ("--mode retracting", "does not exist yet"),
            ("--plot -", "name a file"),
        ] {
            let error = check(&format!("{arguments} --allow-unsafe")).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}
