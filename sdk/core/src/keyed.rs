//! Collections of `(K, V)`: grouping and combining by key.

use std::{marker::PhantomData, sync::Arc};

use watershed_model::{
    BoxError, Bundle, CombinePerKey, Element, ElementType, GroupByKey, Grouping, Key, KeyType,
    KeyedTable, Location, ParDo, Primitive, WindowTables, fault, short_type_name,
};

use crate::{
    Func, Group, PCollection,
    combine::{CombineContext, CombineFn},
    element_wise::mapping,
    kernel::map_bundle,
    table::Table,
    window_tables::Tables,
};

/// Elements that are pairs of a key and a value: `(K, V)`, and nothing else.
///
/// The methods for keyed collections stand on every collection and ask for this, so that the compiler
/// can say what to do where elements have no key; a method that is not there explains nothing.
#[diagnostic::on_unimplemented(
    message = "elements of type `{Self}` have no key",
    label = "needs elements that are pairs: (key, value)",
    note = "give each element a key first, with .key_by(|element| ..) or .map(|element| (key, value))"
)]
pub trait Keyed<K, V>: sealed::Pair {}
impl<K, V> Keyed<K, V> for (K, V) {}

mod sealed {
    pub trait Pair {}
    impl<K, V> Pair for (K, V) {}
}

impl<T: Element> PCollection<T> {
    /// The keys alone.
    #[track_caller]
    pub fn keys<K: Element, V: Element>(&self) -> PCollection<K>
    where
        T: Keyed<K, V>,
    {
        self.as_pairs().mapped("Keys", |(key, _)| key)
    }

    /// The values alone.
    #[track_caller]
    pub fn values<K: Element, V: Element>(&self) -> PCollection<V>
    where
        T: Keyed<K, V>,
    {
        self.as_pairs().mapped("Values", |(_, value)| value)
    }

    /// Makes one value of each; keys stay.
    #[track_caller]
    pub fn map_values<K: Element, V: Element, W: Element>(
        &self,
        f: impl Fn(V) -> W + Func,
    ) -> PCollection<(K, W)>
    where
        T: Keyed<K, V>,
    {
        self.as_pairs().mapped("MapValues", move |(key, value)| (key, f(value)))
    }

    /// Gathers all the values of each key and window. Where the values are folded afterwards,
    /// [`combine_per_key`](Self::combine_per_key) needs far less memory.
    #[track_caller]
    pub fn group_by_key<K: Key, V: Element>(&self) -> PCollection<(K, Group<V>)>
    where
        T: Keyed<K, V>,
    {
        let grouping = grouping::<K, V, _>(Gather, None);
        self.as_pairs().grouped(
            "GroupByKey",
            Primitive::GroupByKey(GroupByKey { grouping }),
            Location::caller(),
        )
    }

    /// Folds the values of each key and window. (Beam: `Combine.perKey`.)
    #[track_caller]
    pub fn combine_per_key<K: Key, V: Element, C: CombineFn<V>>(
        &self,
        combiner: C,
    ) -> PCollection<(K, C::Output)>
    where
        T: Keyed<K, V>,
    {
        self.as_pairs().combined(combiner, None, Location::caller())
    }

    /// This collection, by its other type: `Keyed` is sealed, so `T` is `(K, V)`.
    fn as_pairs<K, V>(&self) -> PCollection<(K, V)>
    where
        T: Keyed<K, V>,
    {
        PCollection::new(self.pipeline().clone(), self.id())
    }
}

impl<K: Element, V: Element> PCollection<(K, V)> {
    #[track_caller]
    fn mapped<O: Element>(&self, base: &str, f: impl Fn((K, V)) -> O + Func) -> PCollection<O> {
        let primitive = Primitive::ParDo(mapping(f));
        self.pipeline().add_step(base, Location::caller(), primitive, self.id())
    }
}

impl<K: Key, V: Element> PCollection<(K, V)> {
    /// One step, or two for a combiner with a hot-key fan-out.
    pub(crate) fn combined<C: CombineFn<V>>(
        &self,
        combiner: C,
        global_key: Option<K>,
        location: Location,
    ) -> PCollection<(K, C::Output)> {
        match combiner.hot_key_fanout() {
            None => self.combined_at_once("CombinePerKey", combiner, global_key, location),
            Some(fanout) => self.pipeline().scoped("CombinePerKey", location, || {
                if fanout == 0 {
                    self.pipeline()
                        .reject("the hot-key fan-out is 0", "spread each key over at least 1");
                }
                let wide = u32::try_from(fanout.max(1)).unwrap_or(u32::MAX);
                let spread = Primitive::ParDo(spread::<K, V>(wide));
                let spread: PCollection<((K, u32), V)> =
                    self.pipeline().add_step("Spread", location, spread, self.id());
                let partials =
                    spread.combined_at_once("Partial", Partial(combiner.clone()), None, location);
                // Windowed as the input, not as merged: each intermediate key saw a part of its key's
                // windows, so those that merge must do so once more over all parts.
                let unspread = |((key, _), partial): ((K, u32), C::Accumulator)| (key, partial);
                let unspread = Primitive::ParDo(mapping(unspread));
                let inputs = vec![partials.id()];
                let unspread =
                    self.pipeline().graph().add_node("Unspread", location, unspread, inputs);
                // Windowed as the input is, not as the partials are: sessions of one key that were spread
                // apart have merged with their like only and must be able to merge once more.
                let apart = fault!("fan-out-leaves-sessions-apart");
                let windowed_like = if apart { partials.id() } else { self.id() };
                let partials: PCollection<(K, C::Accumulator)> =
                    self.pipeline().add_output(unspread, windowed_like);
                let merge = MergePartials { combiner, value: PhantomData };
                partials.combined_at_once("Merge", merge, global_key, location)
            }),
        }
    }

    fn combined_at_once<C: CombineFn<V>>(
        &self,
        base: &str,
        combiner: C,
        global_key: Option<K>,
        location: Location,
    ) -> PCollection<(K, C::Output)> {
        let emits_identity = global_key.is_some();
        let name = short_type_name::<C>();
        let grouping = grouping::<K, V, _>(combiner, global_key);
        let combine = CombinePerKey { grouping, combiner: name, emits_identity };
        self.grouped(base, Primitive::CombinePerKey(combine), location)
    }

    fn grouped<O: Element>(
        &self,
        base: &str,
        primitive: Primitive,
        location: Location,
    ) -> PCollection<O> {
        let mut graph = self.pipeline().graph();
        let (windowing, boundedness) = {
            let input = graph.collection(self.id());
            (input.windowing.after_grouping(), input.boundedness)
        };
        let node = graph.add_node(base, location, primitive, vec![self.id()]);
        let element = ElementType::of::<O>();
        let output = graph.add_output(node, element, windowing, boundedness);
        drop(graph);
        PCollection::new(self.pipeline().clone(), output)
    }
}

fn grouping<K: Key, V: Element, C: CombineFn<V>>(combiner: C, global_key: Option<K>) -> Grouping {
    let (general, general_key) = (combiner.clone(), global_key.clone());
    Grouping {
        key: <dyn KeyType>::of::<K, V>(),
        table: Arc::new(move || -> Box<dyn KeyedTable> {
            Box::new(Table::<K, V, C>::new(general.clone(), general_key.clone()))
        }),
        window_tables: Arc::new(move || -> Box<dyn WindowTables> {
            Box::new(Tables::<K, V, C>::new(combiner.clone(), global_key.clone()))
        }),
        partial_key: <dyn KeyType>::of::<K, C::Accumulator>(),
        partial: ElementType::of::<(K, C::Accumulator)>(),
    }
}

/// Grouping as a fold: the accumulator is the group itself.
#[derive(Clone)]
struct Gather;

impl<V: Element> CombineFn<V> for Gather {
    type Accumulator = Group<V>;
    type Output = Group<V>;

    fn create(&self, _: &CombineContext<'_>) -> Group<V> {
        Group::new()
    }
    fn add(&self, group: &mut Group<V>, value: V, _: &CombineContext<'_>) {
        group.push(value);
    }
    fn merge(&self, group: &mut Group<V>, other: Group<V>, _: &CombineContext<'_>) {
        group.append(if fault!("merged-groups-lose-a-part") { Group::new() } else { other });
    }
    fn extract(&self, group: Group<V>, _: &CombineContext<'_>) -> Result<Group<V>, BoxError> {
        Ok(group)
    }
}

/// Gives each element of a key one of `fanout` intermediate keys, in turn.
fn spread<K: Key, V: Element>(fanout: u32) -> ParDo {
    map_bundle(move || {
        let mut turn = 0;
        move |bundle: Bundle<(K, V)>| {
            let values = bundle.values.into_iter().map(|(key, value)| {
                turn = (turn + 1) % fanout;
                ((key, turn), value)
            });
            Ok(Bundle::new(values.collect(), bundle.metadata))
        }
    })
}

/// A combiner that stops at the accumulator.
#[derive(Clone)]
struct Partial<C>(C);

impl<V, C: CombineFn<V>> CombineFn<V> for Partial<C> {
    type Accumulator = C::Accumulator;
    type Output = C::Accumulator;

    fn create(&self, cx: &CombineContext<'_>) -> C::Accumulator {
        self.0.create(cx)
    }
    fn add(&self, accumulator: &mut C::Accumulator, value: V, cx: &CombineContext<'_>) {
        self.0.add(accumulator, value, cx);
    }
    fn merge(
        &self,
        accumulator: &mut C::Accumulator,
        other: C::Accumulator,
        cx: &CombineContext<'_>,
    ) {
        self.0.merge(accumulator, other, cx);
    }
    fn extract(
        &self,
        accumulator: C::Accumulator,
        _: &CombineContext<'_>,
    ) -> Result<C::Accumulator, BoxError> {
        Ok(accumulator)
    }
}

/// A combiner that goes on from accumulators.
struct MergePartials<C, V> {
    combiner: C,
    value: PhantomData<fn(V)>,
}

impl<C: Clone, V> Clone for MergePartials<C, V> {
    fn clone(&self) -> Self {
        MergePartials { combiner: self.combiner.clone(), value: PhantomData }
    }
}

impl<V: 'static, C: CombineFn<V>> CombineFn<C::Accumulator> for MergePartials<C, V> {
    type Accumulator = C::Accumulator;
    type Output = C::Output;

    fn create(&self, cx: &CombineContext<'_>) -> C::Accumulator {
        self.combiner.create(cx)
    }
    fn add(
        &self,
        accumulator: &mut C::Accumulator,
        partial: C::Accumulator,
        cx: &CombineContext<'_>,
    ) {
        if fault!("fan-out-counts-twice") {
            self.combiner.merge(accumulator, partial.clone(), cx);
        }
        self.combiner.merge(accumulator, partial, cx);
    }
    fn merge(
        &self,
        accumulator: &mut C::Accumulator,
        other: C::Accumulator,
        cx: &CombineContext<'_>,
    ) {
        self.combiner.merge(accumulator, other, cx);
    }
    fn extract(
        &self,
        accumulator: C::Accumulator,
        cx: &CombineContext<'_>,
    ) -> Result<C::Output, BoxError> {
        self.combiner.extract(accumulator, cx)
    }
}
