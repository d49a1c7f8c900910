//! Results as lines of text that name their window and pane.

use std::fmt::Display;

use watershed::{
    PaneTiming,
    model::{Element, Window},
    prelude::*,
};

/// Makes a line `START/END timing#index key: value` of a key's result. The global window has no bounds.
#[derive(Clone)]
pub(crate) struct Label;

impl<K: Element + Display, V: Element + Display> DoFn<(K, V)> for Label {
    type Outputs = One<String>;

    fn process(
        &mut self,
        (key, value): (K, V),
        cx: &ElementContext<'_>,
        lines: &mut Emitters<Self, (K, V)>,
    ) -> Result<(), BoxError> {
        let (pane, mut line) = (cx.pane(), String::new());
        if let [Window::Interval { start, end }] = cx.windows() {
            line = format!("{start}/{end} ");
        }
        let timing = match pane.timing {
            PaneTiming::Early => "early",
            PaneTiming::OnTime => "on_time",
            PaneTiming::Late => "late",
            PaneTiming::Unknown => "unknown",
        };
        lines.emit(format!("{line}{timing}#{} {key}: {value}", pane.index));
        Ok(())
    }
}
