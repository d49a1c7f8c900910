use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create(["to be", "or not"]);
}
