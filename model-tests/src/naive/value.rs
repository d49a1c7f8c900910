//! The three kinds of element that programs work on.

use std::{fmt, hash::Hash};

use watershed::{Element, model::Key};

/// What the elements of a collection look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number.
    Number,
    /// A key and a number.
    Pair,
    /// A key and numbers.
    List,
}

/// An element as the evaluator sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A number.
    Number(i64),
    /// A key and a number.
    Pair(i64, i64),
    /// A key and numbers.
    List(i64, Vec<i64>),
}

impl Value {
    /// A number by which elements are told apart.
    pub fn measure(&self) -> i64 {
        match self {
            Value::Number(n) => *n,
            Value::Pair(key, n) => key + 3 * n,
            Value::List(key, all) => key + 3 * all.iter().sum::<i64>() + all.len() as i64,
        }
    }

    /// The key; a number is its own.
    pub fn key(&self) -> i64 {
        match self {
            Value::Number(key) | Value::Pair(key, _) | Value::List(key, _) => *key,
        }
    }

    /// What the key stands before.
    pub fn numbers(&self) -> &[i64] {
        match self {
            Value::Number(n) | Value::Pair(_, n) => std::slice::from_ref(n),
            Value::List(_, all) => all,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(n) => write!(f, "{n}"),
            Value::Pair(key, n) => write!(f, "({key}, {n})"),
            Value::List(key, all) => write!(f, "({key}, {all:?})"),
        }
    }
}

/// A type of elements in a real pipeline.
pub trait Item: Element + Key + Ord + fmt::Debug + Hash {
    /// What its values look like.
    const SHAPE: Shape;
    /// As the evaluator sees it.
    fn value(&self) -> Value;
    /// The typed element.
    ///
    /// # Panics
    /// If the value is of another shape, which a sound program rules out.
    fn of(value: Value) -> Self;
}

macro_rules! item {
    ($type:ty, $shape:ident, |$this:ident| $value:expr, $pattern:pat => $typed:expr) => {
        impl Item for $type {
            const SHAPE: Shape = Shape::$shape;
            fn value(&self) -> Value {
                let $this = self;
                $value
            }
            fn of(value: Value) -> Self {
                match value {
                    $pattern => $typed,
                    other => panic!("{other} is no {:?}", Self::SHAPE),
                }
            }
        }
    };
}
item!(i64, Number, |n| Value::Number(*n), Value::Number(n) => n);
item!((i64, i64), Pair, |pair| Value::Pair(pair.0, pair.1), Value::Pair(key, n) => (key, n));
item!((i64, Vec<i64>), List, |list| Value::List(list.0, list.1.clone()),
    Value::List(key, all) => (key, all));
