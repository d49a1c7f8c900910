//! What the compiler shows. It is asserted while this crate is compiled: whoever can run the suite has
//! seen it hold, on any runner. How the messages read is tested where they are made.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    marker::PhantomData,
};

use watershed::{Group, Key};

/// Something that held when this was compiled.
#[derive(Clone, Copy, Debug)]
pub struct CompileTimeCheck {
    /// What it shows.
    pub name: &'static str,
    /// The behaviour that it shows.
    pub id: &'static str,
}

macro_rules! compile_time_checks {
    ($($name:ident: $id:literal, $holds:expr;)*) => {
        $(const _: () = assert!($holds, stringify!($name));)*

        /// All that was asserted.
        pub const COMPILE_TIME_CHECKS: &[CompileTimeCheck] =
            &[$(CompileTimeCheck { name: stringify!($name), id: $id }),*];
    };
}

/// `KeyProbe::<T>::IS_KEY` is the inherent constant where `T` is a [`Key`]; where it is not, there is
/// no such constant, and the trait's is found.
struct KeyProbe<T: ?Sized>(PhantomData<T>);

impl<T: Key> KeyProbe<T> {
    const IS_KEY: bool = true;
}

trait NoKey {
    const IS_KEY: bool = false;
}
impl<T: ?Sized> NoKey for KeyProbe<T> {}

compile_time_checks! {
    a_float_is_no_key: "GP-09", !KeyProbe::<f64>::IS_KEY;
    a_short_float_is_no_key: "GP-09", !KeyProbe::<f32>::IS_KEY;
    a_key_with_a_float_in_it_is_no_key: "GP-09", !KeyProbe::<(String, f32)>::IS_KEY;
    a_list_of_floats_is_no_key: "GP-09", !KeyProbe::<Vec<f64>>::IS_KEY;
    a_map_without_order_is_no_key: "GP-09", !KeyProbe::<HashMap<String, u8>>::IS_KEY;
    a_set_without_order_is_no_key: "GP-09", !KeyProbe::<HashSet<u8>>::IS_KEY;
    a_group_whose_order_is_not_promised_is_no_key: "GP-09", !KeyProbe::<Group<u8>>::IS_KEY;
    text_is_a_key: "GP-09", KeyProbe::<String>::IS_KEY;
    a_number_is_a_key: "GP-09", KeyProbe::<u64>::IS_KEY;
    nothing_is_a_key: "GP-09", KeyProbe::<()>::IS_KEY;
    a_list_of_pairs_is_a_key: "GP-09", KeyProbe::<Vec<(u8, String)>>::IS_KEY;
    an_option_is_a_key: "GP-09", KeyProbe::<Option<bool>>::IS_KEY;
    a_map_with_an_order_is_a_key: "GP-09", KeyProbe::<BTreeMap<String, u8>>::IS_KEY;
}
