use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create(["a".to_string()]).group_by_key();
}
