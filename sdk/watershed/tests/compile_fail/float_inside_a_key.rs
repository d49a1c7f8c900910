use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    let readings = pipeline.create([("north".to_string(), 1.5, 3)]);
    readings.map(|(place, height, value)| ((place, height), value)).combine_per_key(Sum);
}
