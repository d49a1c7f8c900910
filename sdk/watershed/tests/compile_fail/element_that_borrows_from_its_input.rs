use watershed::prelude::*;

fn main() {
    let pipeline = Pipeline::new();
    pipeline.apply(text::read("plays.txt")).flat_map_emit(|line, out| {
        line.split(' ').for_each(|word| out.emit(word));
    });
}
