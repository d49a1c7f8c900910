use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create(["plays.txt".to_string()]).apply(text::read("plays.txt"));
}
