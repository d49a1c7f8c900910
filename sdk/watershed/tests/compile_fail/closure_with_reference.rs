use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    let stop_words = vec!["the".to_string()];
    let words = pipeline.create(["the".to_string()]);
    words.filter(|word| !stop_words.contains(word));
}
