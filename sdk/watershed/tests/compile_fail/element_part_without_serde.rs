use watershed::prelude::*;

#[derive(Clone)]
struct Play {
    points: u32,
}

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([1, 2]).map(|points| ("red".to_string(), Play { points }));
}
