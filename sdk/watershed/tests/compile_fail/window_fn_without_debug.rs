use watershed::{GlobalWindow, WindowFn, prelude::*};

#[derive(Clone)]
struct Everything;

impl WindowFn<String> for Everything {
    type Window = GlobalWindow;

    fn assign(&self, _: &String, _: Timestamp, windows: &mut Vec<GlobalWindow>) {
        windows.push(GlobalWindow);
    }
}

fn main() {}
