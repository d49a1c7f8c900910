use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([1.5, 1.5]).count_per_element();
    pipeline.create([1.5, 1.5]).distinct();
}
