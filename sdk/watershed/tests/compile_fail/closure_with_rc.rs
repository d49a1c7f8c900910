use std::rc::Rc;

use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    let offset = Rc::new(7);
    pipeline.create([1, 2]).map(move |n| n + *offset);
}
