use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([1, 2]).combine_per_key(Sum);
}
