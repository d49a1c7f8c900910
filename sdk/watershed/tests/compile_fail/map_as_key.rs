use std::collections::HashMap;

use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    let tags: HashMap<String, String> = HashMap::new();
    pipeline.create([(tags, 1)]).combine_per_key(Sum);
}
