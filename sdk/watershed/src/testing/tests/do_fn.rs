#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use watershed_core::{
    BundleContext, DoFn, ElementContext, Emitters, NoOutputs, One, Pipeline, Two, ViewList, ViewMap,
};
use watershed_model::{BoxError, IntervalWindow, PaneInfo, PaneTiming, Timestamp, Window, seconds};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Counts what is called, and fails where it is told.
#[derive(Clone, Default)]
struct Calls {
    setups: Arc<AtomicU32>,
    bundles: Arc<AtomicU32>,
    teardowns: Arc<AtomicU32>,
    sum: i64,
}

impl DoFn<i64> for Calls {
    type Outputs = Two<i64, String>;

    fn setup(&mut self) -> Result<(), BoxError> {
        self.setups.fetch_add(1, SeqCst);
        Ok(())
    }

    fn start_bundle(&mut self, _: &BundleContext<'_>) -> Result<(), BoxError> {
        self.sum = 0;
        Ok(())
    }

    fn process(
        &mut self,
        number: i64,
        cx: &ElementContext<'_>,
        (doubled, told): &mut Emitters<Self, i64>,
    ) -> Result<(), BoxError> {
        match number {
            0 => return Err("nothing".into()),
            1 => panic!("one"),
            _ => {}
        }
        self.sum += number;
        doubled.emit(number * 2);
        if cx.pane().timing == PaneTiming::Late {
            told.emit_at(format!("{number} is late"), cx.timestamp() + seconds(1));
        }
        Ok(())
    }

    fn finish_bundle(
        &mut self,
        _: &BundleContext<'_>,
        (_, told): &mut Emitters<Self, i64>,
    ) -> Result<(), BoxError> {
        self.bundles.fetch_add(1, SeqCst);
        told.emit_in(format!("{} in all", self.sum), at(9), IntervalWindow::new(at(0), at(10)));
        Ok(())
    }

    fn teardown(&mut self) -> Result<(), BoxError> {
        self.teardowns.fetch_add(1, SeqCst);
        Ok(())
    }
}

#[test]
fn a_bundle_is_begun_and_ended_and_gives_what_each_output_got() {
    let calls = Calls::default();
    let mut tester = DoFnTester::new(calls.clone()).unwrap();
    assert_eq!(calls.setups.load(SeqCst), 0);
    let (doubled, told) = tester.bundle([3i64, 4]).unwrap();
    assert_eq!((doubled.values(), told.values()), (vec![6, 8], vec!["7 in all".to_string()]));
    let (doubled, told) = tester.bundle([5i64]).unwrap();
    assert_eq!((doubled.values(), told.values()), (vec![10], vec!["5 in all".to_string()]));
    let (doubled, told) = tester.bundle(Vec::<i64>::new()).unwrap();
    assert!(doubled.is_empty());
    assert_eq!(told.values(), ["0 in all"]);
    tester.teardown().unwrap();
    tester.teardown().unwrap();
    let counts = [&calls.setups, &calls.bundles, &calls.teardowns].map(|calls| calls.load(SeqCst));
    assert_eq!(counts, [1, 3, 1]);
    assert!(tester.bundle([2i64]).unwrap_err().to_string().contains("torn down"));
    assert!(tester.setup().is_err());
}

#[test]
fn what_is_put_out_carries_what_its_element_carried() {
    let mut tester = DoFnTester::new(Calls::default()).unwrap();
    let window = IntervalWindow::new(at(0), at(10));
    let late = PaneInfo { timing: PaneTiming::Late, index: 3, ..PaneInfo::ONLY };
    let element = TestElement::new(7i64).at(at(4)).in_window(window).in_pane(late);
    let (doubled, told) = tester.bundle([TestElement::new(2).at(at(1)), element]).unwrap();
    assert_eq!((doubled[0].timestamp, doubled[1].timestamp), (at(1), at(4)));
    assert_eq!(doubled[0].windows.as_slice(), [Window::Global]);
    assert_eq!(doubled[1].windows.as_slice(), [Window::from(window)]);
    assert_eq!((doubled[0].pane, doubled[1].pane), (PaneInfo::UNGROUPED, late));
    assert_eq!(told.values(), ["7 is late", "9 in all"]);
    assert_eq!((told[0].timestamp, told[0].pane.index), (at(5), 3));
    // What one step gave goes to the next as it is.
    let (again, _) = tester.bundle(doubled).unwrap();
    assert_eq!((again[1].value, again[1].timestamp, again[1].pane), (28, at(4), late));
}

#[test]
fn an_error_or_panic_is_a_result_and_tears_the_do_fn_down() {
    for (number, words) in [(0i64, "failed: nothing"), (1, "panicked at ")] {
        let calls = Calls::default();
        let mut tester = DoFnTester::new(calls.clone()).unwrap();
        tester.setup().unwrap();
        let failure = tester.bundle([5, number]).unwrap_err().to_string();
        assert!(failure.starts_with(words), "{failure}");
        assert_eq!(calls.teardowns.load(SeqCst), 1);
        assert!(tester.bundle([5i64]).unwrap_err().to_string().contains("torn down"));
        tester.teardown().unwrap();
        assert_eq!(calls.teardowns.load(SeqCst), 1);
    }
}

/// Looks a name up, by window.
#[derive(Clone)]
struct LookUp(View<ViewMap<String, i64>>);

impl DoFn<String> for LookUp {
    type Outputs = One<(String, i64)>;

    fn process(
        &mut self,
        name: String,
        cx: &ElementContext<'_>,
        out: &mut Emitters<Self, String>,
    ) -> Result<(), BoxError> {
        let found = cx.side_input(&self.0).get(&name).copied();
        let found = found.ok_or_else(|| format!("nobody is called {name}"))?;
        assert_eq!(cx.windows().len(), 1);
        out.emit((name, found));
        Ok(())
    }

    fn observes_windows(&self) -> bool {
        true
    }

    fn side_inputs(&self) -> ViewList {
        ViewList::new().with(&self.0)
    }
}

#[test]
fn views_show_what_the_test_says() {
    let pipeline = Pipeline::new();
    let ages = pipeline.create([("ada".to_string(), 1i64)]).as_map();
    let mut tester = DoFnTester::in_pipeline(&pipeline, LookUp(ages.clone())).unwrap();
    let told = tester.bundle(["ada".to_string()]).unwrap_err().to_string();
    assert!(told.contains("shows nothing yet"), "{told}");
    tester.show(&ages, ViewMap::from_iter([("ada".to_string(), 36)]));
    let windows = [(0, 10), (5, 15)].map(|(from, to)| IntervalWindow::new(at(from), at(to)));
    let ada = TestElement::new("ada".to_string()).at(at(7)).in_windows(windows);
    let found = tester.bundle([ada]).unwrap();
    assert_eq!(found.values(), [("ada".to_string(), 36), ("ada".to_string(), 36)]);
    assert_eq!(found[1].windows.as_slice(), [Window::from(windows[1])]);
    let told = tester.bundle(["bob".to_string()]).unwrap_err().to_string();
    assert_eq!(told, "failed: nobody is called bob");
    // In a pipeline that the views are not of, it cannot work.
    let told = DoFnTester::new(LookUp(ages)).err().unwrap().to_string();
    assert!(told.contains("a view of another pipeline"), "{told}");
}

/// Runs for its effects.
#[derive(Clone)]
struct Adds(Arc<AtomicU32>);

impl DoFn<u32> for Adds {
    type Outputs = NoOutputs;

    fn process(
        &mut self,
        number: u32,
        _: &ElementContext<'_>,
        (): &mut Emitters<Self, u32>,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(number, SeqCst);
        Ok(())
    }
}

#[test]
fn a_do_fn_without_outputs_gives_nothing() {
    let sum = Arc::new(AtomicU32::new(0));
    let mut tester = DoFnTester::new(Adds(sum.clone())).unwrap();
    tester.bundle([1u32, 2, 3]).unwrap();
    assert_eq!(sum.load(SeqCst), 6);
}
