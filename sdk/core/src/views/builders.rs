//! What each kind of view gathers of one window.

use std::{collections::HashMap, marker::PhantomData, sync::Arc};

use foldhash::fast::RandomState;
use watershed_model::{
    AnyBundle, BoxError, Element, Key, ViewBuilder, ViewContent, fault, short_type_name,
};

use crate::Group;

/// What a map view shows.
pub type ViewMap<K, V> = HashMap<K, V, RandomState>;

/// An element, and which pane of its key it came in, if a grouping made it: a later pane refines an earlier
/// one.
pub(super) type Refining<T> = (Option<u64>, T);

/// A kind of view.
pub(super) trait Gather<T>: Clone + Send + Sync + 'static {
    /// What it shows.
    type Content: Send + Sync + 'static;

    /// Adds the values of a pane. With `refines` it has all values of the window so far, among them such as
    /// others of a later pane refine.
    fn add(&mut self, values: Vec<Refining<T>>, refines: bool) -> Result<(), BoxError>;

    /// What it shows now.
    fn content(&self) -> Result<Arc<Self::Content>, BoxError>;
}

/// Gathers panes: each is all values of the window so far, or since the pane before.
pub(super) struct Panes<T, G> {
    /// What there is before the first.
    pub(super) nothing: G,
    pub(super) gathered: G,
    pub(super) values: PhantomData<fn(T)>,
    /// Whether a pane has all values so far.
    pub(super) accumulates: bool,
}

impl<T: Element, G: Gather<T>> ViewBuilder for Panes<T, G> {
    fn add(&mut self, panes: AnyBundle) -> Result<(), BoxError> {
        let Panes { nothing, gathered, accumulates, .. } = self;
        for ((), values) in panes.downcast::<((), Group<Refining<T>>)>().values {
            if *accumulates && !fault!("views-add-what-accumulates") {
                *gathered = nothing.clone();
            }
            gathered.add(values.into_vec(), *accumulates)?;
        }
        Ok(())
    }

    fn content(&self) -> Result<ViewContent, BoxError> {
        Ok(self.gathered.content()?)
    }
}

/// One value, or what stands for none.
#[derive(Clone)]
pub(super) struct Single<T> {
    values: Vec<Refining<T>>,
    default: Option<T>,
}

impl<T> Single<T> {
    pub(super) fn or(default: Option<T>) -> Self {
        Single { values: Vec::new(), default }
    }
}

impl<T: Element> Gather<T> for Single<T> {
    type Content = T;

    fn add(&mut self, mut values: Vec<Refining<T>>, refines: bool) -> Result<(), BoxError> {
        if refines {
            let newest = values.iter().map(|(pane, _)| *pane).max();
            values.retain(|(pane, _)| Some(*pane) == newest);
        }
        self.values.append(&mut values);
        if self.values.len() > 1 && !fault!("a-single-view-shows-any") {
            return Err(format!(
                "is a view of a single {}, but its window has more than one: combine them first, or let \
                 panes accumulate where there are several",
                short_type_name::<T>()
            )
            .into());
        }
        Ok(())
    }

    fn content(&self) -> Result<Arc<T>, BoxError> {
        let value = self.values.last().map(|(_, value)| value).or(self.default.as_ref());
        value.cloned().map(Arc::new).ok_or_else(|| {
            format!(
                "is a view of a single {}, but has none in the window that is asked for: give it a default \
                 with .as_singleton_or(..)",
                short_type_name::<T>()
            )
            .into()
        })
    }
}

/// All values.
#[derive(Clone)]
pub(super) struct All<T>(Arc<Group<T>>);

impl<T> Default for All<T> {
    fn default() -> Self {
        All(Arc::new(Group::new()))
    }
}

impl<T: Element> Gather<T> for All<T> {
    type Content = Group<T>;

    fn add(&mut self, values: Vec<Refining<T>>, _: bool) -> Result<(), BoxError> {
        let all = Arc::make_mut(&mut self.0);
        values.into_iter().for_each(|(_, value)| all.push(value));
        Ok(())
    }

    fn content(&self) -> Result<Arc<Group<T>>, BoxError> {
        Ok(self.0.clone())
    }
}

/// All values, one behind the other.
#[derive(Clone)]
pub(super) struct List<T>(Arc<Vec<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Arc::default())
    }
}

impl<T: Element> Gather<T> for List<T> {
    type Content = Vec<T>;

    fn add(&mut self, values: Vec<Refining<T>>, _: bool) -> Result<(), BoxError> {
        Arc::make_mut(&mut self.0).extend(values.into_iter().map(|(_, value)| value));
        Ok(())
    }

    fn content(&self) -> Result<Arc<Vec<T>>, BoxError> {
        Ok(self.0.clone())
    }
}

/// A value for each key.
#[derive(Clone)]
pub(super) struct Map<K, V>(Arc<ViewMap<K, V>>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Map(Arc::default())
    }
}

impl<K: Key, V: Element> Gather<(K, V)> for Map<K, V> {
    type Content = ViewMap<K, V>;

    fn add(&mut self, mut values: Vec<Refining<(K, V)>>, refines: bool) -> Result<(), BoxError> {
        let map = Arc::make_mut(&mut self.0);
        map.reserve(values.len());
        // Those that refine come later; of two in the same pane neither refines the other.
        values.sort_by_key(|(pane, _)| *pane);
        let mut panes: HashMap<K, Option<u64>, RandomState> = HashMap::default();
        for (pane, (key, value)) in values {
            let may_refine = refines && pane.is_some_and(|pane| pane > 0);
            let is_refined = may_refine && panes.get(&key).is_some_and(|before| *before < pane);
            if pane.is_some() && refines {
                panes.insert(key.clone(), pane);
            }
            let told = (map.contains_key(&key) && !is_refined).then(|| serde_json::to_string(&key));
            map.insert(key, value);
            if let Some(key) = told
                && !fault!("a-map-view-takes-the-last")
            {
                let key = key.unwrap_or_else(|_| format!("of type {}", short_type_name::<K>()));
                return Err(format!(
                    "is a map view with one value for each key, but its window has two for the key {key}: \
                     combine them first, let panes accumulate where there are several, or use \
                     .as_multimap()"
                )
                .into());
            }
        }
        Ok(())
    }

    fn content(&self) -> Result<Arc<ViewMap<K, V>>, BoxError> {
        Ok(self.0.clone())
    }
}

/// Values for each key.
#[derive(Clone)]
pub(super) struct Multimap<K, V>(Arc<ViewMap<K, Vec<V>>>);

impl<K, V> Default for Multimap<K, V> {
    fn default() -> Self {
        Multimap(Arc::default())
    }
}

impl<K: Key, V: Element> Gather<(K, V)> for Multimap<K, V> {
    type Content = ViewMap<K, Vec<V>>;

    fn add(&mut self, values: Vec<Refining<(K, V)>>, _: bool) -> Result<(), BoxError> {
        let map = Arc::make_mut(&mut self.0);
        for (_, (key, value)) in values {
            map.entry(key).or_default().push(value);
        }
        Ok(())
    }

    fn content(&self) -> Result<Arc<ViewMap<K, Vec<V>>>, BoxError> {
        Ok(self.0.clone())
    }
}
