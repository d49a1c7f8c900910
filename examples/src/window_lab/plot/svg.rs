//! Writing SVG: a few shapes, and text that cannot break out of its element.

use std::fmt::{self, Display, Write};

/// The size of the text beside marks.
pub(crate) const SMALL: f64 = 11.0;

/// A picture in the making.
pub(crate) struct Svg {
    text: String,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(crate) fn new() -> Self {
        Svg { text: String::new() }
    }

    /// The whole document.
    pub(crate) fn finish(self, width: f64, height: f64, title: &str, description: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             font-family=\"system-ui, 'DejaVu Sans', Arial, sans-serif\">\n\
             <title>{}</title>\n<desc>{}</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escape(title),
            escape(description),
            self.text
        )
    }

    /// An empty element; attributes are ours and need no escaping.
    pub(crate) fn shape(&mut self, name: &str, attributes: &[(&str, &dyn Display)]) {
        self.open(name, attributes);
        self.text.push_str("/>\n");
    }

    /// An element that shows `tip` under the pointer.
    pub(crate) fn shape_with_tip(
        &mut self,
        name: &str,
        attributes: &[(&str, &dyn Display)],
        tip: &str,
    ) {
        self.open(name, attributes);
        self.put(format_args!("><title>{}</title></{name}>\n", escape(tip)));
    }

    /// A text whose baseline begins, centres or ends at the point.
    pub(crate) fn text(
        &mut self,
        (x, y): (f64, f64),
        anchor: Anchor,
        attributes: &[(&str, &dyn Display)],
        text: &str,
    ) {
        self.open("text", attributes);
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.put(format_args!(
            " x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"
        ));
    }

    /// A small text in a colour, with a white rim so that it can be read on what it covers.
    pub(crate) fn text_on_marks(&mut self, at: (f64, f64), colour: &str, text: &str) {
        let rim: [(&str, &dyn Display); 4] = [
            ("font-size", &SMALL),
            ("fill", &"none"),
            ("stroke", &"#ffffff"),
            ("stroke-width", &2.5),
        ];
        self.text(at, Anchor::Start, &rim, text);
        self.text(at, Anchor::Start, &[("font-size", &SMALL), ("fill", &colour)], text);
    }

    /// A straight line.
    pub(crate) fn line(
        &mut self,
        (x1, y1): (f64, f64),
        (x2, y2): (f64, f64),
        attributes: &[(&str, &dyn Display)],
    ) {
        self.open("line", attributes);
        self.put(format_args!(" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n"));
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &dyn Display)]) {
        self.put(format_args!("<{name}"));
        for (attribute, value) in attributes {
            self.put(format_args!(" {attribute}=\"{value}\""));
        }
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // A String takes whatever it is given.
        let _ = self.text.write_fmt(text);
    }
}

/// A pixel with one digit after the point.
#[derive(Clone, Copy)]
pub(crate) struct Px(pub(crate) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

/// Text as XML holds it. What XML cannot hold at all becomes `U+FFFD`, a line's end a space.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// About how wide a text is.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let ems = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | ' ' | '.' | ',' | ':' | '[' | ']' | '(' | ')' => 0.4,
        c if c.is_ascii_uppercase() || c == 'm' || c == 'w' => 0.76,
        c if c.is_ascii() => 0.62,
        _ => 1.0,
    };
    text.chars().map(ems).sum::<f64>() * size
}

/// Lines of at most so many characters, broken at spaces where there are some.
pub(crate) fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(shorten(word, most)),
        }
    }
    lines
}

/// A text of at most so many characters.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out_of_its_element() {
        assert_eq!(
            escape("<script>\"a\" & b\n</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; b &lt;/script&gt;"
        );
        assert_eq!(escape("\u{0}\u{1b}é東"), "\u{fffd}\u{fffd}é東");
    }

    #[test]
    fn a_document_holds_its_shapes_in_order() {
        let mut svg = Svg::new();
        svg.shape("circle", &[("cx", &1), ("r", &2.5)]);
        svg.shape_with_tip("rect", &[("x", &1)], "a<b");
        svg.text((1.0, 2.0), Anchor::Middle, &[], "&");
        let document = svg.finish(10.0, 20.0, "t", "d");
        let circle = document.find("<circle cx=\"1\" r=\"2.5\"/>").unwrap();
        let rect = document.find("<rect x=\"1\"><title>a&lt;b</title></rect>").unwrap();
        let text =
            document.find("<text x=\"1.0\" y=\"2.0\" text-anchor=\"middle\">&amp;</text>").unwrap();
        assert!(circle < rect && rect < text);
        assert!(document.starts_with("<svg ") && document.ends_with("</svg>\n"));
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(lines("one two  three", 7), ["one two", "three"]);
        assert_eq!(lines("abcdefghij kl", 5), ["abcd…", "kl"]);
        assert_eq!(lines("", 5), Vec::<String>::new());
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shorten("ééééé", 5), "ééééé");
        assert_eq!(shorten("éééééé", 5), "éééé…");
        assert!(width("mmmm", 10.0) > width("iiii", 10.0));
    }
}
