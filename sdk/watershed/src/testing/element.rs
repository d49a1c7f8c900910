//! Elements as a test hands them to a step that runs alone.

use watershed_core::Observed;
use watershed_model::{
    AnyBundle, BoxError, Bundle, Column, Dictionary, Element, Metadata, PaneInfo, Sign, Timestamp,
    Window, WindowSet,
};

/// An element with what it carries. Made from a bare value it has no event time (that is,
/// [`Timestamp::MIN`]), lies in the global window, or in those of the tester, and came from no grouping.
///
/// ```
/// use watershed::{IntervalWindow, Timestamp, testing::TestElement};
///
/// let at = Timestamp::from_seconds;
/// let element = TestElement::new("a").at(at(5)).in_window(IntervalWindow::new(at(0), at(60)));
/// let bare = TestElement::from("b");
/// # let _ = (element, bare);
/// ```
#[derive(Clone, Debug)]
pub struct TestElement<T> {
    value: T,
    timestamp: Timestamp,
    /// Those that the test gave.
    windows: Option<WindowSet>,
    pane: PaneInfo,
    sign: Sign,
}

impl<T> TestElement<T> {
    /// An element of this value.
    pub fn new(value: T) -> Self {
        let (timestamp, pane, sign) = (Timestamp::MIN, PaneInfo::UNGROUPED, Sign::Insertion);
        TestElement { value, timestamp, windows: None, pane, sign }
    }

    /// With this event time.
    #[must_use]
    pub fn at(self, timestamp: Timestamp) -> Self {
        TestElement { timestamp, ..self }
    }

    /// In this window.
    #[must_use]
    pub fn in_window(self, window: impl Into<Window>) -> Self {
        TestElement { windows: Some(WindowSet::One(window.into())), ..self }
    }

    /// In these windows.
    #[must_use]
    pub fn in_windows<W: Into<Window>>(self, windows: impl IntoIterator<Item = W>) -> Self {
        let windows: Vec<Window> = windows.into_iter().map(Into::into).collect();
        TestElement { windows: Some(WindowSet::from(windows.as_slice())), ..self }
    }

    /// In this pane of a grouping.
    #[must_use]
    pub fn in_pane(self, pane: PaneInfo) -> Self {
        TestElement { pane, ..self }
    }
}

impl<T> From<T> for TestElement<T> {
    fn from(value: T) -> Self {
        TestElement::new(value)
    }
}

impl<T> From<Observed<T>> for TestElement<T> {
    /// What one step put out, to be handed to the next.
    fn from(observed: Observed<T>) -> Self {
        let Observed { value, timestamp, windows, pane, sign } = observed;
        TestElement { value, timestamp, windows: Some(windows), pane, sign }
    }
}

/// Elements as one bundle, and the windows that the test gave them.
pub(super) fn bundle<T: Element, E: Into<TestElement<T>>>(
    elements: impl IntoIterator<Item = E>,
) -> (AnyBundle, Vec<Option<WindowSet>>) {
    let (mut values, mut given) = (Vec::new(), Vec::new());
    let (mut timestamps, mut panes, mut signs) = (Vec::new(), Vec::new(), Vec::new());
    for element in elements {
        let TestElement { value, timestamp, windows, pane, sign } = element.into();
        values.push(value);
        timestamps.push(timestamp);
        panes.push(pane);
        signs.push(sign);
        given.push(windows);
    }
    let metadata = match values.is_empty() {
        true => Metadata::at(Timestamp::MIN),
        false => Metadata {
            timestamps: Column::Each(timestamps),
            panes: each(panes),
            signs: Column::Each(signs),
            ..Metadata::at(Timestamp::MIN)
        },
    };
    (AnyBundle::new(Bundle::new(values, metadata)), given)
}

/// Puts the windows that a test gave in the place of those that elements have.
pub(super) fn with_given(
    bundle: AnyBundle,
    given: Vec<Option<WindowSet>>,
) -> Result<AnyBundle, BoxError> {
    if given.iter().all(Option::is_none) {
        return Ok(bundle);
    }
    if bundle.len() != given.len() {
        return Err(
            "some elements of the bundle lie in no window of the tester's: hand them over apart \
                    from those whose windows are given"
                .into(),
        );
    }
    let mut metadata = bundle.metadata().clone();
    let windows = given.into_iter().enumerate();
    let windows =
        windows.map(|(place, set)| set.unwrap_or_else(|| metadata.windows.get(place).clone()));
    metadata.windows = each(windows.collect());
    Ok(bundle.with_metadata(metadata))
}

fn each<C: Clone + PartialEq>(values: Vec<C>) -> Dictionary<C> {
    let index = (0..values.len() as u32).collect();
    Dictionary::new(values, Column::Each(index))
}
