use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([("a".to_string(), 1)]).combine_per_key(|a, b| a + b);
}
