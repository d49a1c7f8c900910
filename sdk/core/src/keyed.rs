//! Collections of `(K, V)`: grouping and combining by key.

use std::{marker::PhantomData, sync::Arc};

use watershed_model::{
    AccumulationMode, Boundedness, BoxError, Bundle, CollectionId, CombinePerKey, DroppedFactory,
    Element, ElementType, GroupByKey, Grouping, Key, KeyType, KeyedTable, Location, NodeId, ParDo,
    Primitive, Subject, Trigger, WindowTables, WindowingStrategy, fault, short_type_name,
};

use crate::{
    Dropped, Func, Group, PCollection,
    combine::{CombineContext, CombineFn},
    dropped,
    element_wise::mapping,
    gathered_tables::GatheredTables,
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
        self.as_pairs().gathered(Gather, Location::caller())
    }

    /// As [`group_by_key`](Self::group_by_key); beside the groups come the elements that were dropped
    /// because they came too late, or after their window's trigger had finished.
    #[track_caller]
    #[expect(clippy::type_complexity, reason = "two collections, each as it is")]
    pub fn group_by_key_and_dropped<K: Key, V: Element>(
        &self,
    ) -> (PCollection<(K, Group<V>)>, PCollection<Dropped<(K, V)>>)
    where
        T: Keyed<K, V>,
    {
        let pairs = self.as_pairs();
        let dropped = Some(dropped::factory::<(K, V)>());
        let grouping = Grouping { dropped, ..pairs.gathering(Gather) };
        let primitive = Primitive::GroupByKey(GroupByKey { grouping });
        let (groups, node) = pairs.grouped("GroupByKey", primitive, Location::caller());
        (groups, pairs.dropped(node))
    }

    /// As [`combine_per_key`](Self::combine_per_key); beside the results come the elements that were
    /// dropped because they came too late, or after their window's trigger had finished.
    #[track_caller]
    #[expect(clippy::type_complexity, reason = "two collections, each as it is")]
    pub fn combine_per_key_and_dropped<K: Key, V: Element, C: CombineFn<V>>(
        &self,
        combiner: C,
    ) -> (PCollection<(K, C::Output)>, PCollection<Dropped<(K, V)>>)
    where
        T: Keyed<K, V>,
    {
        let (pairs, location) = (self.as_pairs(), Location::caller());
        if pairs.fanout(&combiner).is_some() && combiner.side_inputs().is_empty() {
            let dropped = Some(dropped::factory::<((K, u32), V)>());
            let (results, node) = pairs.combined_and_dropped(combiner, None, dropped, location);
            let spread: PCollection<Dropped<((K, u32), V)>> = pairs.dropped(node);
            let unspread = spread.map(|dropped| {
                let ((key, _), value) = dropped.element;
                let Dropped { window, reason, watermark, .. } = dropped;
                Dropped { element: (key, value), window, reason, watermark }
            });
            return (results, unspread);
        }
        let dropped = Some(dropped::factory::<(K, V)>());
        let (results, node) = pairs.combined_and_dropped(combiner, None, dropped, location);
        (results, pairs.dropped(node))
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
    pub(crate) fn as_pairs<K, V>(&self) -> PCollection<(K, V)>
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
        self.combined_and_dropped(combiner, global_key, None, location).0
    }

    fn combined_and_dropped<C: CombineFn<V>>(
        &self,
        combiner: C,
        global_key: Option<K>,
        dropped: Option<DroppedFactory>,
        location: Location,
    ) -> (PCollection<(K, C::Output)>, NodeId) {
        if !combiner.side_inputs().is_empty() {
            return self.combined_with_views(combiner, global_key, dropped, location);
        }
        let Some(fanout) = self.fanout(&combiner) else {
            return self.combined_at_once("CombinePerKey", combiner, global_key, dropped, location);
        };
        self.pipeline().scoped("CombinePerKey", location, || {
            if fanout == 0 {
                self.pipeline()
                    .reject("the hot-key fan-out is 0", "spread each key over at least 1");
            }
            let wide = u32::try_from(fanout.max(1)).unwrap_or(u32::MAX);
            let spread = Primitive::ParDo(spread::<K, V>(wide));
            // The first stage discards, or the second would count again what came earlier.
            let discarding = |windowing: &mut WindowingStrategy| {
                if let Some(mode) = &mut windowing.accumulation_mode
                    && !fault!("fan-out-accumulates-twice")
                {
                    *mode = AccumulationMode::Discarding;
                }
            };
            let spread: PCollection<((K, u32), V)> =
                self.step_windowed("Spread", location, spread, self.id(), discarding);
            let partial = Partial(combiner.clone());
            let (partials, first) =
                spread.combined_at_once("Partial", partial, None, dropped, location);
            let unspread = |((key, _), partial): ((K, u32), C::Accumulator)| (key, partial);
            let unspread = Primitive::ParDo(mapping(unspread));
            let inputs = vec![partials.id()];
            let unspread = self.pipeline().graph().add_node("Unspread", location, unspread, inputs);
            // Windowed as the input is, whose mode is not that of the partials.
            let partials: PCollection<(K, C::Accumulator)> =
                self.pipeline().add_output(unspread, self.id());
            let merge = MergePartials { combiner, value: PhantomData };
            let (merged, _) = partials.combined_at_once("Merge", merge, global_key, None, location);
            (merged, first)
        })
    }

    /// Over how many others each key is spread. Where windows merge none is: of a session that was spread
    /// apart a part would be over, and go out, before the whole is.
    fn fanout<C: CombineFn<V>>(&self, combiner: &C) -> Option<usize> {
        let is_merging =
            self.pipeline().graph().collection(self.id()).windowing.window_fn.is_merging();
        let may_spread = !is_merging || fault!("fan-out-tears-sessions-apart");
        // That 0 is no fan-out is said in any case.
        combiner.hot_key_fanout().filter(|fanout| may_spread || *fanout == 0)
    }

    /// A fold that looks at views: the values are gathered, and each pane is folded as it goes out, with what
    /// the views show then.
    fn combined_with_views<C: CombineFn<V>>(
        &self,
        combiner: C,
        global_key: Option<K>,
        dropped: Option<DroppedFactory>,
        location: Location,
    ) -> (PCollection<(K, C::Output)>, NodeId) {
        self.pipeline().scoped("CombinePerKey", location, || {
            let (groups, gather) =
                self.combined_at_once("Gather", Gather, global_key, dropped, location);
            (groups.folded_with_views(combiner, location), gather)
        })
    }

    fn combined_at_once<C: CombineFn<V>>(
        &self,
        base: &str,
        combiner: C,
        global_key: Option<K>,
        dropped: Option<DroppedFactory>,
        location: Location,
    ) -> (PCollection<(K, C::Output)>, NodeId) {
        let emits_identity = global_key.is_some();
        let name = short_type_name::<C>();
        let grouping = Grouping { dropped, ..grouping::<K, V, _>(combiner, global_key) };
        let combine = CombinePerKey { grouping, combiner: name, emits_identity };
        self.grouped(base, Primitive::CombinePerKey(combine), location)
    }

    /// Adds a step whose output is windowed as `input` is, but for what `change` changes.
    fn step_windowed<O: Element>(
        &self,
        base: &str,
        location: Location,
        primitive: Primitive,
        input: CollectionId,
        change: impl FnOnce(&mut WindowingStrategy),
    ) -> PCollection<O> {
        let mut graph = self.pipeline().graph();
        let (mut windowing, boundedness) = {
            let input = graph.collection(input);
            (input.windowing.clone(), input.boundedness)
        };
        change(&mut windowing);
        let node = graph.add_node(base, location, primitive, vec![input]);
        let output = graph.add_output(node, ElementType::of::<O>(), windowing, boundedness);
        drop(graph);
        PCollection::new(self.pipeline().clone(), output)
    }

    /// Gathers the values of each key and window by a combiner that holds them all, as
    /// [`group_by_key`](Self::group_by_key) does: of such a combiner nothing is won before the exchange.
    pub(crate) fn gathered<C: CombineFn<V>>(
        &self,
        gather: C,
        location: Location,
    ) -> PCollection<(K, C::Output)> {
        let grouping = self.gathering(gather);
        self.grouped("GroupByKey", Primitive::GroupByKey(GroupByKey { grouping }), location).0
    }

    /// A grouping by a combiner that holds all values. Of an input that ends they are kept as they come.
    fn gathering<C: CombineFn<V>>(&self, gather: C) -> Grouping {
        let grouping = grouping::<K, V, _>(gather.clone(), None);
        let ends =
            self.pipeline().graph().collection(self.id()).boundedness == Boundedness::Bounded;
        if !ends {
            return grouping;
        }
        let window_tables = Arc::new(move || -> Box<dyn WindowTables> {
            Box::new(GatheredTables::<K, V, C>::new(gather.clone()))
        });
        Grouping { window_tables, ..grouping }
    }

    fn grouped<O: Element>(
        &self,
        base: &str,
        primitive: Primitive,
        location: Location,
    ) -> (PCollection<O>, NodeId) {
        let mut graph = self.pipeline().graph();
        let (windowing, boundedness) = {
            let input = graph.collection(self.id());
            (input.windowing.clone(), input.boundedness)
        };
        let node = graph.add_node(base, location, primitive, vec![self.id()]);
        let never_ends = boundedness == Boundedness::Unbounded
            && windowing.window_fn.is_global()
            && windowing.trigger == Trigger::Default;
        let is_allowed = windowing.allows_closed_window_drops || fault!("endless-groups-pass");
        if never_ends && !is_allowed {
            graph.problem(
                Subject::Node(node),
                "groups an endless collection in the global window, which is never complete, so nothing \
                 would ever come out",
                "put it into windows with .window(..), or give it a trigger with \
                 .with_window_settings(WindowSettings::new().triggering(..).discarding())",
            );
        }
        let element = ElementType::of::<O>();
        let output = graph.add_output(node, element, windowing.after_grouping(), boundedness);
        drop(graph);
        (PCollection::new(self.pipeline().clone(), output), node)
    }

    /// The second output of a grouping that was asked for what it drops.
    fn dropped<T: Element>(&self, grouping: NodeId) -> PCollection<Dropped<T>> {
        let mut graph = self.pipeline().graph();
        let boundedness = graph.collection(self.id()).boundedness;
        let element = ElementType::of::<Dropped<T>>();
        let windowing = WindowingStrategy::global();
        let output = graph.add_output(grouping, element, windowing, boundedness);
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
        dropped: None,
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
