//! Where one worker stands.

use serde::{Deserialize, Serialize};
use watershed_model::{TimeDomain, Timestamp, Window};

use crate::{GroupingOperator, Sight, SplittableOperator, Standing, StatefulOperator, StepReport};

/// Where one worker stands, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// Each step of the graph, in its order.
    pub steps: Vec<StepStatus>,
}

/// Where a step stands, on one worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepStatus {
    /// What has passed.
    pub report: StepReport,
    /// No element on time with a smaller event time will come.
    pub input_watermark: Timestamp,
    /// None will go out.
    pub output_watermark: Timestamp,
    /// What keeps the output watermark where it is.
    pub holder: Holder,
    /// How much is kept.
    pub state: StateSize,
    /// Windows that are open, those that end first, as many as were asked for.
    pub windows: Vec<OpenWindow>,
    /// Whether this is a source that waits because those behind it are busy.
    pub is_congested: bool,
}

/// The one thing that keeps an output watermark where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Holder {
    /// The step's input: it goes out as far as that has come.
    Input,
    /// What was kept for a window must go out with its time.
    Window {
        /// The window.
        window: Window,
        /// Where it holds the watermark.
        at: Timestamp,
    },
    /// What a timer puts out must go out with its time.
    Timer {
        /// The timer's name, with its tag in brackets if it is one of a family.
        timer: String,
        /// The window of the key that set it.
        window: Window,
        /// Where it holds the watermark.
        at: Timestamp,
        /// When it is due.
        due: Timestamp,
        /// What it goes by.
        domain: TimeDomain,
    },
    /// Elements wait for a view.
    View {
        /// The step that makes the view.
        view: String,
        /// The window of the elements.
        window: Window,
        /// Where they hold the watermark.
        at: Timestamp,
    },
    /// Restrictions of a splittable step that are worked on, or rest.
    Restrictions {
        /// How many.
        in_hand: u64,
        /// How far the output of the one has come that has come least far.
        at: Timestamp,
    },
    /// A split of a source.
    Split {
        /// The split, as its source describes it.
        split: String,
        /// How far it has come.
        at: Timestamp,
        /// Whether it has had nothing for so long that it would hold nobody back, if another had
        /// something.
        is_idle: bool,
    },
    /// A source whose splits are not read yet, or not here.
    Source,
    /// A test stream, which tells the watermark by itself.
    Script,
}

/// How much a step keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateSize {
    /// Keys and windows: a key that has three windows open counts three times.
    pub entries: u64,
    /// Elements that came and are in no pane yet, once for each of their windows.
    pub elements: u64,
}

/// A window that at least one key has open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenWindow {
    /// The window.
    pub window: Window,
    /// The watermark at which it is complete.
    pub end: Timestamp,
    /// The watermark at which it is gone.
    pub expiry: Timestamp,
    /// How many keys have it.
    pub keys: u64,
    /// Of these, how many will put nothing out any more, because their trigger has finished.
    pub closed: u64,
    /// Elements that came and are in no pane yet.
    pub elements: u64,
    /// The processing time at which a trigger is asked next, if one waits for such.
    pub deadline: Option<Timestamp>,
}

impl Holder {
    /// A split of a source.
    pub fn split(split: &str, standing: Standing) -> Self {
        let is_idle = matches!(standing, Standing::Idle(_));
        Holder::Split { split: split.to_owned(), at: standing.watermark(), is_idle }
    }
}

impl StepStatus {
    /// A step that has neither begun nor counted anything.
    pub fn of(report: StepReport) -> Self {
        StepStatus {
            report,
            input_watermark: Timestamp::MIN,
            output_watermark: Timestamp::MIN,
            holder: Holder::Input,
            state: StateSize::default(),
            windows: Vec::new(),
            is_congested: false,
        }
    }

    /// Adds what a grouping on the general path keeps, and whether that holds the output watermark.
    pub fn look_at(&mut self, grouping: &GroupingOperator, most_windows: usize) {
        self.state = grouping.state_size();
        self.windows = grouping.open_windows(most_windows);
        self.report.ledger.elements = match self.output_watermark == Timestamp::MAX {
            true => grouping.account(),
            false => grouping.running_account(),
        };
        if self.output_watermark < self.input_watermark
            && let Some(holder) = grouping.holder()
        {
            self.holder = holder;
        }
    }
    /// Adds what a splittable step has in hand, and whether that holds the output watermark.
    pub fn look_at_splittable(&mut self, step: &SplittableOperator, sight: &Sight<'_>) {
        self.state = step.state_size();
        if self.output_watermark < self.input_watermark
            && let Some(holder) = step.holder(sight, self.output_watermark)
        {
            self.holder = holder;
        }
    }

    /// Adds what a stateful step keeps, and whether that holds the output watermark.
    pub fn look_at_stateful(
        &mut self,
        step: &StatefulOperator,
        sight: &Sight<'_>,
        most_windows: usize,
    ) {
        self.state = step.state_size();
        self.windows = step.open_windows(most_windows);
        self.report.ledger.elements = step.account();
        if self.output_watermark < self.input_watermark
            && let Some(holder) = step.holder(sight)
        {
            self.holder = holder;
        }
    }
}
