use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([1.5, 2.5]).key_by(|reading| reading * 2.0);
}
