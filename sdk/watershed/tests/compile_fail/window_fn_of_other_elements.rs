use watershed::{IntervalWindow, WindowFn, prelude::*};

#[derive(Clone, Debug)]
struct ByLength;

impl WindowFn<String> for ByLength {
    type Window = IntervalWindow;

    fn assign(&self, text: &String, at: Timestamp, windows: &mut Vec<IntervalWindow>) {
        windows.push(IntervalWindow::new(at, at + seconds(text.len() as i64)));
    }
}

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([1, 2]).window(ByLength);
}
