//! What a stateful DoFn is told beside its element, and through which it reaches its state.

use watershed_model::{
    BoxError, Duration, KeyWindow, PaneInfo, SetTimer, TimeDomain, TimerBook, TimerName, Timestamp,
    UserOptions, Window, fault,
};

use super::columns::Columns;
use crate::{View, views::Shown};

/// The key and window at hand, and what is kept for them. Cells and timers are reached through the handles
/// that [`declare`](super::StatefulDoFn::declare) returned: `cells.count.get(cx)`.
pub struct StateContext<'a, K> {
    pub(super) key: &'a K,
    pub(super) at: KeyWindow,
    pub(super) window: &'a Window,
    pub(super) timestamp: Timestamp,
    pub(super) pane: PaneInfo,
    pub(super) from: From,
    pub(super) skew: Duration,
    pub(in crate::stateful) views: Shown<'a>,
    pub(super) options: &'a UserOptions,
    pub(super) columns: &'a mut Columns,
    pub(super) book: &'a mut dyn TimerBook,
}

/// What called the author's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Element,
    /// A timer of event time that was set for this instant, or one of processing time.
    Timer(Option<Timestamp>),
    Expiration,
}

/// When a timer is to fire.
pub(super) enum When {
    At(Timestamp),
    After(Duration),
}

impl<'a, K> StateContext<'a, K> {
    /// What a view shows to the window. The DoFn must have declared it in
    /// [`side_inputs`](super::StatefulDoFn::side_inputs).
    pub fn side_input<C: Send + Sync + 'static>(&self, view: &View<C>) -> &'a C {
        self.views.of(view)
    }

    /// The options that were given when the program started: `--option NAME=VALUE`.
    pub fn options(&self) -> &'a UserOptions {
        self.options
    }

    /// The key.
    pub fn key(&self) -> &K {
        self.key
    }

    /// The window.
    pub fn window(&self) -> &Window {
        self.window
    }

    /// The event time of the element at hand, or that of a timer's output.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The pane that the element came in.
    pub fn pane(&self) -> PaneInfo {
        self.pane
    }

    /// The processing time.
    pub fn now(&self) -> Timestamp {
        self.book.now()
    }

    #[inline]
    pub(super) fn cell<T: 'static>(&mut self, id: u32) -> &mut Option<T> {
        self.columns.cell(id, self.at)
    }

    /// Empties a cell. With its last cell and timer a key is forgotten.
    pub(super) fn empty<T: 'static>(&mut self, id: u32) -> Option<T> {
        self.columns.may_be_empty = true;
        self.columns.cell(id, self.at).take()
    }

    #[inline]
    pub(super) fn get<T: 'static>(&self, id: u32) -> Option<&T> {
        self.columns.get(id, self.at)
    }

    pub(super) fn clear_timer(&mut self, name: &TimerName) {
        self.columns.may_be_empty = true;
        self.book.clear(self.at, name);
    }

    pub(super) fn set_timer(
        &mut self,
        domain: TimeDomain,
        name: TimerName,
        when: When,
        output: Option<Timestamp>,
    ) -> Result<(), BoxError> {
        if self.from == From::Expiration {
            return Err(
                "a timer was set while its window expires, and nothing comes after that".into()
            );
        }
        let expiry = self.book.expiry(self.at);
        let time = match (when, domain) {
            (When::At(at), TimeDomain::EventTime)
                if at > expiry && !fault!("timers-outlive-windows") =>
            {
                return Err(format!(
                    "a timer was set for {at}, when its window {} is gone: it expires at {expiry}; set it \
                     for earlier, or with set_after, which stops there",
                    self.window
                )
                .into());
            }
            (When::At(at), _) => at,
            // Nothing comes after the expiry: there a timer that sets itself stops.
            (When::After(_), TimeDomain::EventTime) if self.from == From::Timer(Some(expiry)) => {
                return Ok(());
            }
            (When::After(span), TimeDomain::EventTime) => {
                let from = match self.from {
                    From::Timer(Some(time)) => time,
                    _ => self.timestamp,
                };
                (from + span).min(expiry)
            }
            (When::After(span), TimeDomain::ProcessingTime) => self.book.now() + span,
        };
        let output = match (output, domain) {
            (Some(output), _) => self.legal_output(output, time, domain, expiry)?,
            (None, TimeDomain::EventTime) => {
                time.max(self.timestamp).min(Timestamp::END_OF_GLOBAL_WINDOW)
            }
            (None, TimeDomain::ProcessingTime) => self.timestamp,
        };
        let by_timer = matches!(self.from, From::Timer(_));
        self.book.set(self.at, SetTimer { name, domain, time, output, by_timer });
        Ok(())
    }

    fn legal_output(
        &self,
        output: Timestamp,
        time: Timestamp,
        domain: TimeDomain,
        expiry: Timestamp,
    ) -> Result<Timestamp, BoxError> {
        let earliest = self.timestamp - self.skew;
        let latest = match domain {
            TimeDomain::EventTime => time,
            TimeDomain::ProcessingTime => expiry,
        };
        let latest = latest.min(Timestamp::END_OF_GLOBAL_WINDOW);
        let problem = if output < earliest {
            format!("earlier than {earliest}, the time of what set it")
        } else if output > latest {
            format!("later than {latest}, when it fires")
        } else {
            return Ok(output);
        };
        Err(format!("a timer's output was given the time {output}, which is {problem}").into())
    }
}
