use watershed::prelude::*;

struct Lengths;

impl DoFn<String> for Lengths {
    type Outputs = One<u64>;

    fn process(
        &mut self,
        text: String,
        _: &ElementContext<'_>,
        out: &mut Emitters<Self, String>,
    ) -> Result<(), BoxError> {
        out.emit(text.len() as u64);
        Ok(())
    }
}

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create(["a".to_string()]).par_do(Lengths);
}
