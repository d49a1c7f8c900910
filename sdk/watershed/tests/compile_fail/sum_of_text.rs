use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([("a".to_string(), "1".to_string())]).combine_per_key(Sum);
    pipeline.create(["1".to_string()]).sum_globally();
}
