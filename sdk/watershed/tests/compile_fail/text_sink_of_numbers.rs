use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([1, 2]).apply(text::write("numbers.txt"));
}
