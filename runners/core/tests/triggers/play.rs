//! Short scripts for a machine, and what it did.
//!
//! A script is a list of steps: `e`, `ee`, … a bundle of so many elements, `|` the watermark passes
//! the window's end, `+5` the clock goes on by five seconds, `?` the machine is asked for no reason.
//! What it did is a letter a step: `F` fired, `X` fired and finished, `-` nothing.

use watershed_model::{Duration, Timestamp, Trigger, seconds};
use watershed_runner_core::{At, TriggerMachine, TriggerState};

pub(crate) struct Play {
    machine: TriggerMachine,
    state: TriggerState,
    pub(crate) at: At,
}

impl Play {
    pub(crate) fn new(trigger: &Trigger, merging: bool) -> Self {
        let machine = TriggerMachine::new(trigger, merging);
        let at = At { is_complete: false, now: Timestamp::from_seconds(0) };
        Play { state: machine.start(), machine, at }
    }

    /// Plays a script as a runner would: it asks after each bundle, at the end, and at each deadline.
    pub(crate) fn run(&mut self, script: &str) -> String {
        let done: Vec<&str> = script.split_whitespace().map(|step| self.step(step)).collect();
        done.join(" ")
    }

    fn step(&mut self, step: &str) -> &'static str {
        let fired = if step == "|" {
            self.at.is_complete = true;
            self.ask()
        } else if step == "?" {
            self.ask()
        } else if let Some(span) = step.strip_prefix('+') {
            self.clock(format!("{span}s").parse().expect(step))
        } else {
            assert!(step.bytes().all(|byte| byte == b'e'), "{step} is no step");
            step.bytes().for_each(|_| self.element());
            self.ask()
        };
        match (fired, self.is_finished()) {
            (true, true) => "X",
            (true, false) => "F",
            (false, _) => "-",
        }
    }

    fn clock(&mut self, span: Duration) -> bool {
        let (target, mut fired) = (self.at.now + span, false);
        while let Some(deadline) = self.machine.next_deadline(&self.state, self.at.now)
            && deadline <= target
        {
            self.at.now = deadline;
            fired |= self.ask();
        }
        self.at.now = target;
        fired
    }

    pub(crate) fn element(&mut self) {
        self.machine.on_element(&mut self.state, self.at);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.machine.is_finished(&self.state)
    }

    pub(crate) fn ask(&mut self) -> bool {
        let fires = self.machine.should_fire(&self.state, self.at);
        if fires {
            self.machine.on_fire(&mut self.state, self.at);
        }
        fires
    }

    /// The earliest deadline, in seconds.
    pub(crate) fn deadline(&self) -> Option<i64> {
        let deadline = self.machine.next_deadline(&self.state, self.at.now)?;
        Some(deadline.as_micros() / seconds(1).as_micros())
    }

    /// Windows that played these scripts become one, which is complete or not.
    pub(crate) fn merged(trigger: &str, scripts: &[&str], is_complete: bool) -> Play {
        let trigger = Trigger::parse(trigger).expect(trigger);
        let parts: Vec<Play> = scripts
            .iter()
            .map(|script| {
                let mut part = Play::new(&trigger, true);
                part.run(script);
                assert!(!part.is_finished(), "what has finished does not merge");
                part
            })
            .collect();
        let now = parts.iter().map(|part| part.at.now).max().expect("a part");
        let states: Vec<TriggerState> = parts.into_iter().map(|part| part.state).collect();
        let mut merged = Play::new(&trigger, true);
        merged.at = At { is_complete, now };
        merged.state = merged.machine.merge(&states, merged.at);
        merged
    }
}

pub(crate) fn play(trigger: &str, script: &str) -> String {
    Play::new(&Trigger::parse(trigger).expect(trigger), false).run(script)
}

/// Plays each script on its trigger and compares; where windows can merge it must be the same.
pub(crate) fn plays(table: &[(&str, &str, &str)]) {
    for (trigger, script, expected) in table {
        assert_eq!(play(trigger, script), *expected, "{trigger} on {script}");
        let parsed = Trigger::parse(trigger).expect(trigger);
        let merging = Play::new(&parsed, true).run(script);
        assert_eq!(merging, *expected, "{trigger} on {script}, where windows can merge");
    }
}
