use watershed::{ValueState, prelude::*};

#[derive(Clone)]
struct Counts;

struct Cells {
    count: ValueState<u64>,
}

impl StatefulDoFn<String, u64> for Counts {
    type Outputs = One<u64>;
    type Cells = Cells;

    fn declare(&self, spec: &mut StateSpec) -> Cells {
        Cells { count: spec.value("count") }
    }

    fn process(
        &mut self,
        _: u64,
        cells: &Cells,
        cx: &mut StateContext<'_, String>,
        _: &mut StatefulEmitters<Self, String, u64>,
    ) -> Result<(), BoxError> {
        *cells.count.get_or_default(cx) += 1;
        cells.last.set(cx, 1);
        Ok(())
    }
}

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([("a".to_owned(), 1u64)]).stateful("counts", Counts);
}
