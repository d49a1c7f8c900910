use watershed::prelude::*;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Play {
    points: u32,
}

fn main() {
    let pipeline = Pipeline::new();
    let plays = pipeline.create([("red".to_string(), Play { points: 3 })]);
    plays.combine_per_key(Max);
    plays.values().max_globally();
}
