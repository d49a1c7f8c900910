use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    let scores = pipeline.create([(1, 2)]);
    scores.sort_values().for_each(|(key, values)| println!("{key}: {values:?}"));
}
