use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([1, 2]).par_do(|n: i32| n + 1);
}
