//! What was sold, with names and prices out of a table.
//!
//! `cargo run --bin enrich -- --input examples/data/sales.csv --products examples/data/products.csv
//! --unknown unknown.txt`
//!
//! It reads sales, rows `time,product,pieces`, and a table of products, lines `product,name,cents`. It writes
//! for each hour and name what was taken in; what is not in the table goes to a file of its own.
//!
//! What it shows: a table as a side input, which is read once and seen by every sale, and a DoFn with two
//! outputs that reads it. (A join by key would group the sales; a side input leaves them where they are.)

use std::process::ExitCode;

use clap::Parser;
use watershed::prelude::*;

mod label;
mod replay;
mod rows;
use label::Label;
use replay::Record;
use rows::Files;

#[derive(Parser)]
#[command(about = "What was sold, with names and prices out of a table.")]
struct Arguments {
    #[command(flatten)]
    files: Files,

    /// The table of products.
    #[arg(long)]
    products: String,

    /// The file for sales of products that are not in the table.
    #[arg(long)]
    unknown: String,
}

/// A product's number, and how many were sold.
type Sale = (u64, i64);
/// A product's name and price.
type Product = (String, i64);

fn sale((time, product, pieces): (String, u64, i64)) -> Record<Sale> {
    Ok(((product, pieces), time.parse()?))
}

/// A line of the table.
fn product(line: &str) -> Result<(u64, Product), BoxError> {
    let mut fields = line.split(',').map(str::trim);
    let (Some(number), Some(name), Some(cents)) = (fields.next(), fields.next(), fields.next())
    else {
        return Err("a product is number,name,cents".into());
    };
    Ok((number.parse()?, (name.to_owned(), cents.parse()?)))
}

/// Finds the product of each sale: name and income to the first output, what is unknown to the second.
#[derive(Clone)]
struct Enrich {
    products: View<ViewMap<u64, Product>>,
}

impl DoFn<Sale> for Enrich {
    type Outputs = Two<(String, i64), String>;

    fn process(
        &mut self,
        (number, pieces): Sale,
        cx: &ElementContext<'_>,
        (known, unknown): &mut Emitters<Self, Sale>,
    ) -> Result<(), BoxError> {
        match cx.side_input(&self.products).get(&number) {
            Some((name, cents)) => known.emit((name.clone(), pieces * cents)),
            None => unknown.emit(format!("{}: {pieces} of product {number}", cx.timestamp())),
        }
        Ok(())
    }

    fn side_inputs(&self) -> ViewList {
        ViewList::new().with(&self.products)
    }
}

fn main() -> ExitCode {
    let Arguments { files, products, unknown: file } = Arguments::parse();

    let pipeline = Pipeline::new();
    let table = pipeline.apply(text::read(products)).filter(|line| !line.is_empty());
    let (table, broken) = table.try_map("product", |line| product(line));
    let products = table.as_map();
    let (known, unknown) = files.read(&pipeline, sale).par_do(Enrich { products });
    known
        .window(FixedWindows::of(hours(1)))
        .combine_per_key(Sum)
        .map_values(|cents| format!("{cents} cents"))
        .par_do(Label)
        .apply(text::write(files.output).shards(1))
        .named("write the income");
    let broken = broken.map(|failed| format!("{:?}: {}", failed.element, failed.error));
    unknown.flatten_with(&broken).apply(text::write(file).shards(1)).named("write the unknown");
    watershed::exit_code(pipeline.run(&files.pipeline))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

    use watershed::testing::{DoFnTester, TestElement};

    use super::*;

    #[test]
    fn a_sale_is_known_or_unknown() {
        let pipeline = Pipeline::new();
        let products = pipeline.create([(1, ("tea".to_string(), 250))]).as_map();
        let enrich = Enrich { products: products.clone() };
        let mut tester = DoFnTester::in_pipeline(&pipeline, enrich).unwrap();
        tester.show(&products, ViewMap::from_iter([(1, ("tea".to_string(), 250))]));
        let at = Timestamp::from_seconds(60);
        let sales = [(1, 3), (2, 1)].map(|sale| TestElement::new(sale).at(at));
        let (known, unknown) = tester.bundle(sales).unwrap();
        assert_eq!(known.values(), [("tea".to_string(), 750)]);
        assert_eq!(known[0].timestamp, at);
        assert_eq!(unknown.values(), ["1970-01-01T00:01:00Z: 1 of product 2"]);
    }

    #[test]
    fn a_line_of_the_table_is_read_or_says_why_not() {
        assert_eq!(product("7, tea ,250").unwrap(), (7, ("tea".to_string(), 250)));
        for (line, words) in [("7,tea", "a product is"), ("seven,tea,1", "invalid digit")] {
            assert!(product(line).unwrap_err().to_string().contains(words), "{line}");
        }
    }
}
