//! Finding room: what is drawn where, so that texts and bars do not cover one another.

/// A box on the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Place {
    pub(crate) fn around((x, y): (f64, f64), radius: f64) -> Self {
        Place { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius }
    }

    /// The box of a text that starts at a point, on its baseline.
    pub(crate) fn text((x, y): (f64, f64), width: f64, size: f64) -> Self {
        Place { left: x, top: y - 0.8 * size, right: x + width, bottom: y + 0.2 * size }
    }

    /// Where the text begins whose box this is.
    pub(crate) fn baseline(&self) -> (f64, f64) {
        (self.left, self.top + 0.8 * (self.bottom - self.top))
    }

    pub(crate) fn meets(&self, other: &Place) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn is_inside(&self, other: &Place) -> bool {
        self.left >= other.left
            && self.right <= other.right
            && self.top >= other.top
            && self.bottom <= other.bottom
    }
}

/// What is taken already.
pub(crate) struct Room {
    bounds: Place,
    taken: Vec<Place>,
}

impl Room {
    pub(crate) fn new(bounds: Place) -> Self {
        Room { bounds, taken: Vec::new() }
    }

    pub(crate) fn take(&mut self, place: Place) {
        self.taken.push(place);
    }

    pub(crate) fn is_free(&self, place: &Place) -> bool {
        place.is_inside(&self.bounds) && !self.taken.iter().any(|taken| taken.meets(place))
    }

    /// Takes the first of `places` that is free.
    pub(crate) fn take_first(&mut self, places: impl IntoIterator<Item = Place>) -> Option<Place> {
        let place = places.into_iter().find(|place| self.is_free(place))?;
        self.take(place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_not_taken_again() {
        let mut room = Room::new(Place { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 });
        let (a, b) = (Place::around((10.0, 10.0), 5.0), Place::around((14.0, 14.0), 5.0));
        let beside = Place::around((20.0, 10.0), 5.0);
        room.take(a);
        assert!(!room.is_free(&b));
        assert_eq!(room.take_first([b, beside]), Some(beside));
        assert_eq!(room.take_first([b, beside]), None);
        assert!(!room.is_free(&Place::around((99.0, 50.0), 5.0)), "it would stick out");
    }
}
