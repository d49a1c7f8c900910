use watershed::prelude::*;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Team(String);

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([(Team("red".into()), 1)]).combine_per_key(Sum);
}
