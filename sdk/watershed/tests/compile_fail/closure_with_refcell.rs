use std::{cell::RefCell, sync::Arc};

use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    let seen = Arc::new(RefCell::new(Vec::new()));
    pipeline.create([1, 2]).for_each(move |n| seen.borrow_mut().push(n));
}
