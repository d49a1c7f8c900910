use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([(1.5, "a".to_string())]).group_by_key();
}
