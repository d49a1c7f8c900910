//! The typed keyed table: keys by slot, accumulators by cell.

use std::marker::PhantomData;

use watershed_model::{
    AnyBundle, BinaryCoder, BoxError, Bundle, Cell, Coder, Element, Key, KeyedTable, Metadata,
    PaneCell, Placement, Slot, fault, keep_spare, short_type_name, spare_vec,
};

use crate::{
    combine::{CombineContext, CombineFn},
    places::Places,
};

/// The keys and accumulators of one grouping step on one worker.
pub(crate) struct Table<K, V, C: CombineFn<V>> {
    combiner: C,
    keys: Places<K>,
    cells: Vec<Option<C::Accumulator>>,
    free_cells: Vec<u32>,
    located: Vec<V>,
    global_key: Option<K>,
    value: PhantomData<fn(V)>,
}

impl<K: Key, V: Element, C: CombineFn<V>> Table<K, V, C> {
    /// An empty table; `global_key` is given where one key stands for all elements.
    pub(crate) fn new(combiner: C, global_key: Option<K>) -> Self {
        Table {
            combiner,
            keys: Places::default(),
            cells: Vec::new(),
            free_cells: Vec::new(),
            located: Vec::new(),
            global_key,
            value: PhantomData,
        }
    }

    fn slot(&mut self, key: K) -> Slot {
        Slot(self.keys.find(key).0)
    }

    fn free(&mut self, cell: Cell) -> C::Accumulator {
        self.free_cells.push(cell.0);
        match self.cells[cell.0 as usize].take() {
            Some(accumulator) => accumulator,
            None => unreachable!("the owner of a table uses only cells that it has opened"),
        }
    }
}

const CX: CombineContext<'static> = CombineContext::without_views();

impl<K: Key, V: Element, C: CombineFn<V>> KeyedTable for Table<K, V, C> {
    fn locate(&mut self, input: AnyBundle, slots: &mut Vec<Slot>) {
        let Bundle { mut values, metadata } = input.downcast::<(K, V)>();
        self.located.clear();
        self.located.reserve(values.len());
        slots.reserve(values.len());
        for (key, value) in values.drain(..) {
            slots.push(self.slot(key));
            self.located.push(value);
        }
        keep_spare(values);
        metadata.keep_spare();
    }

    fn open(&mut self) -> Cell {
        let empty = self.combiner.create(&CX);
        match self.free_cells.pop() {
            Some(cell) => {
                self.cells[cell as usize] = Some(empty);
                Cell(cell)
            }
            None => {
                self.cells.push(Some(empty));
                Cell(self.cells.len() as u32 - 1)
            }
        }
    }

    fn fold(&mut self, placements: &[Placement]) -> Result<(), BoxError> {
        let mut placements = placements.iter().peekable();
        for (place, value) in self.located.drain(..).enumerate() {
            while let Some(placement) = placements.next_if(|p| p.element as usize == place) {
                let Some(accumulator) = &mut self.cells[placement.cell.0 as usize] else {
                    continue;
                };
                if placements.peek().is_some_and(|next| next.element as usize == place) {
                    self.combiner.add(accumulator, value.clone(), &CX);
                } else {
                    self.combiner.add(accumulator, value, &CX);
                    break;
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, from: Cell, into: Cell) -> Result<(), BoxError> {
        let accumulator = self.free(from);
        if fault!("table-merge-loses-a-part") {
            return Ok(());
        }
        if let Some(target) = &mut self.cells[into.0 as usize] {
            self.combiner.merge(target, accumulator, &CX);
        }
        Ok(())
    }

    fn take(&mut self, panes: &[PaneCell], metadata: Metadata) -> Result<AnyBundle, BoxError> {
        let mut values = spare_vec(panes.len());
        for PaneCell { slot, cell, stays } in panes {
            let accumulator = match &self.cells[cell.0 as usize] {
                Some(accumulator) if *stays => accumulator.clone(),
                _ => self.free(*cell),
            };
            let output = self.combiner.extract(accumulator, &CX)?;
            match self.keys.get(slot.0) {
                Some(key) => values.push((key.clone(), output)),
                None => unreachable!("the owner of a table releases a slot after its last cell"),
            }
        }
        Ok(AnyBundle::new(Bundle::new(values, metadata)))
    }

    fn discard(&mut self, cell: Cell) {
        self.free(cell);
    }

    fn release(&mut self, slot: Slot) {
        self.keys.release(slot.0);
    }

    fn global_slot(&mut self) -> Option<Slot> {
        self.global_key.clone().map(|key| self.slot(key))
    }

    fn recode(&mut self, cell: Cell) -> Result<(), BoxError> {
        let Some(accumulator) = &mut self.cells[cell.0 as usize] else { return Ok(()) };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        BinaryCoder.encode_value(&*accumulator, &mut first)?;
        *accumulator = BinaryCoder.decode_value(&first)?;
        BinaryCoder.encode_value(&*accumulator, &mut second)?;
        if first == second || fault!("a-changed-accumulator-passes") {
            return Ok(());
        }
        let name = short_type_name::<C::Accumulator>();
        Err(format!("the encoding of the accumulator {name} changes on a round trip").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::Sum;

    fn table() -> Table<String, i64, Sum> {
        Table::new(Sum, None)
    }

    fn bundle(pairs: &[(&str, i64)]) -> AnyBundle {
        AnyBundle::new(Bundle::of(pairs.iter().map(|(k, v)| (k.to_string(), *v)).collect()))
    }

    fn pane(slot: Slot, cell: Cell) -> PaneCell {
        PaneCell { slot, cell, stays: false }
    }

    fn metadata() -> Metadata {
        Metadata::at(watershed_model::Timestamp::MIN)
    }

    #[test]
    fn slots_follow_first_appearance_and_are_used_again_after_release() {
        let (mut table, mut slots) = (table(), Vec::new());
        table.locate(bundle(&[("b", 1), ("a", 2), ("b", 3)]), &mut slots);
        assert_eq!(slots, [Slot(0), Slot(1), Slot(0)]);
        table.release(Slot(0));
        slots.clear();
        table.locate(bundle(&[("c", 1), ("a", 1), ("b", 1)]), &mut slots);
        assert_eq!(slots, [Slot(0), Slot(1), Slot(2)]);
    }

    #[test]
    fn an_element_can_go_to_several_cells_or_none() {
        let (mut table, mut slots) = (table(), Vec::new());
        table.locate(bundle(&[("a", 1), ("a", 2), ("a", 4)]), &mut slots);
        let (x, y) = (table.open(), table.open());
        let place = |element, cell| Placement { element, cell };
        table.fold(&[place(0, x), place(0, y), place(2, y)]).unwrap();
        table.recode(y).unwrap();
        let out = table.take(&[pane(Slot(0), x), pane(Slot(0), y)], metadata()).unwrap();
        assert_eq!(
            out.downcast::<(String, i64)>().values,
            [("a".to_string(), 1), ("a".to_string(), 5)]
        );
    }

    #[test]
    fn a_cell_that_stays_is_put_out_again() {
        let (mut table, mut slots) = (table(), Vec::new());
        table.locate(bundle(&[("a", 1)]), &mut slots);
        let x = table.open();
        table.fold(&[Placement { element: 0, cell: x }]).unwrap();
        let mut outputs = [true, false].map(|stays| {
            let pane = PaneCell { slot: Slot(0), cell: x, stays };
            table.take(&[pane], metadata()).unwrap().downcast::<(String, i64)>().values
        });
        assert_eq!(outputs[0], outputs[1]);
        assert_eq!(outputs[1].pop(), Some(("a".to_string(), 1)));
        assert_eq!(table.open(), x);
    }

    #[test]
    fn merged_cells_hold_both_and_the_freed_one_is_opened_again() {
        let (mut table, mut slots) = (table(), Vec::new());
        table.locate(bundle(&[("a", 1), ("a", 2)]), &mut slots);
        let (x, y) = (table.open(), table.open());
        table
            .fold(&[Placement { element: 0, cell: x }, Placement { element: 1, cell: y }])
            .unwrap();
        table.merge(x, y).unwrap();
        assert_eq!(table.open(), x);
        let out = table.take(&[pane(Slot(0), y)], metadata()).unwrap();
        assert_eq!(out.downcast::<(String, i64)>().values, [("a".to_string(), 3)]);
    }
}
