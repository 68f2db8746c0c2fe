//! The web's Mercator projection, and what is seen of it.

use alumia_protocol::show::{Color, Feature};

/// Units around the world, as in `public/maps/world.svg`.
pub(super) const AROUND: f64 = 4_096.0;
/// The widest view, in units: the world and a bit.
const WIDEST: f64 = 1.15 * AROUND;
/// The narrowest view, in units: about 20 km at the equator. The outlines say nothing beyond.
const NARROWEST: f64 = AROUND / 2_000.0;
/// The equator, in metres.
const EQUATOR: f64 = 40_075_016.7;

/// A place on the projected world.
pub(super) type Spot = (f64, f64);

/// Degrees to units.
pub(super) fn project(lat: f64, lon: f64) -> Spot {
    let lat = lat.clamp(-85.051_129, 85.051_129).to_radians();
    let y = (std::f64::consts::FRAC_PI_4 + lat / 2.0).tan().ln() / std::f64::consts::PI;
    ((lon + 180.0) / 360.0 * AROUND, (1.0 - y) / 2.0 * AROUND)
}

/// The latitude at a height of the projected world.
pub(super) fn latitude(y: f64) -> f64 {
    ((1.0 - 2.0 * y / AROUND) * std::f64::consts::PI).sinh().atan().to_degrees()
}

/// Points in a row, each on the side of the one before that is nearer: a way over the Pacific doesn't go around the
/// world.
pub(super) fn unrolled(points: &[[f64; 2]]) -> Vec<Spot> {
    let mut before = None::<f64>;
    let near = |[lat, lon]: &[f64; 2]| {
        let (x, y) = project(*lat, *lon);
        let x = before.map_or(x, |before| x - ((x - before) / AROUND).round() * AROUND);
        before = Some(x);
        (x, y)
    };
    points.iter().map(near).collect()
}

/// A feature as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawn {
    pub spots: Vec<Spot>,
    pub kind: Kind,
    pub label: String,
    pub note: String,
    pub color: Color,
    /// Where it is, in words.
    pub place: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Point,
    Line,
    Area,
}

impl Drawn {
    pub fn new(feature: &Feature) -> Self {
        match feature {
            Feature::Point { lat, lon, label, note, color } => Self {
                spots: vec![project(*lat, *lon)],
                kind: Kind::Point,
                label: label.clone(),
                note: note.clone(),
                color: *color,
                place: degrees(*lat, *lon),
            },
            Feature::Line { points, label, color } => Self::path(points, label, *color, Kind::Line),
            Feature::Area { points, label, color } => Self::path(points, label, *color, Kind::Area),
        }
    }

    fn path(points: &[[f64; 2]], label: &str, color: Color, kind: Kind) -> Self {
        let count = points.len();
        Self {
            spots: unrolled(points),
            kind,
            label: label.into(),
            note: String::new(),
            color,
            place: if kind == Kind::Line {
                format!("Line of {count} points")
            } else {
                format!("Area of {count} corners")
            },
        }
    }

    /// Its outline for SVG.
    pub fn outline(&self) -> String {
        use std::fmt::Write as _;
        let mut path = String::new();
        for (index, (x, y)) in self.spots.iter().enumerate() {
            // Writing to a string can't fail.
            let _ = write!(path, "{}{x:.2} {y:.2}", if index == 0 { "M" } else { "L" });
        }
        path.push_str(match self.kind {
            // A dot: a line without length, whose round ends are as large as its stroke.
            Kind::Point => "h.01",
            Kind::Line => "",
            Kind::Area => "Z",
        });
        path
    }

    /// Where its label stands.
    pub fn anchor(&self) -> Spot {
        match self.kind {
            Kind::Point => self.spots[0],
            Kind::Line => self.spots[self.spots.len() / 2],
            Kind::Area => {
                Frame::around(self.spots.iter().copied()).map_or((0.0, 0.0), |frame| frame.middle())
            }
        }
    }
}

/// "60.39° N, 5.32° E".
fn degrees(lat: f64, lon: f64) -> String {
    let of = |value: f64, positive: &str, negative: &str| {
        format!("{:.2}° {}", value.abs(), if value < 0.0 { negative } else { positive })
    };
    format!("{}, {}", of(lat, "N", "S"), of(lon, "E", "W"))
}

struct Frame {
    low: Spot,
    high: Spot,
}

impl Frame {
    fn around(spots: impl Iterator<Item = Spot>) -> Option<Self> {
        spots.fold(None, |frame: Option<Self>, (x, y)| {
            let Self { low, high } = frame.unwrap_or(Self { low: (x, y), high: (x, y) });
            Some(Self { low: (low.0.min(x), low.1.min(y)), high: (high.0.max(x), high.1.max(y)) })
        })
    }

    fn middle(&self) -> Spot {
        (f64::midpoint(self.low.0, self.high.0), f64::midpoint(self.low.1, self.high.1))
    }
}

/// What is in sight: the middle and the width, in units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    pub middle: Spot,
    pub width: f64,
}

impl View {
    /// All features, with room around them for labels. `ratio` is width to height.
    pub fn of(features: &[Drawn], ratio: f64) -> Self {
        let frame = Frame::around(features.iter().flat_map(|it| it.spots.iter().copied()));
        let Some(frame) = frame else { return Self { middle: (AROUND / 2.0, AROUND / 2.0), width: AROUND } };
        let (wide, high) = (frame.high.0 - frame.low.0, frame.high.1 - frame.low.1);
        // One place alone is shown with the country that it is in.
        let width = (wide * 1.5).max(high * ratio * 1.4).max(AROUND / 36.0);
        Self { middle: frame.middle(), width }.tamed(ratio)
    }

    fn tamed(self, ratio: f64) -> Self {
        let width = self.width.clamp(NARROWEST, WIDEST.max(WIDEST * ratio));
        let (x, y) = self.middle;
        // The map lies three times side by side, so that nobody comes to its edge at once.
        Self { middle: (x.clamp(-0.5 * AROUND, 1.5 * AROUND), y.clamp(0.0, AROUND)), width }
    }

    pub fn moved(self, x: f64, y: f64, ratio: f64) -> Self {
        Self { middle: (self.middle.0 + x, self.middle.1 + y), ..self }.tamed(ratio)
    }

    /// Closer (above 1) or further away; what is at `share` of width and height stays there.
    pub fn zoomed(self, factor: f64, share: (f64, f64), ratio: f64) -> Self {
        let next = Self { width: self.width / factor, ..self }.tamed(ratio);
        let (dx, dy) = (
            (share.0 - 0.5) * (self.width - next.width),
            (share.1 - 0.5) * (self.width - next.width) / ratio,
        );
        Self { middle: (self.middle.0 + dx, self.middle.1 + dy), ..next }.tamed(ratio)
    }

    /// Left, top, width and height.
    pub fn frame(self, ratio: f64) -> (f64, f64, f64, f64) {
        let height = self.width / ratio;
        (self.middle.0 - self.width / 2.0, self.middle.1 - height / 2.0, self.width, height)
    }
}

/// Degrees between two lines of the net.
pub(super) fn net_step(width: f64) -> f64 {
    let degrees = width / AROUND * 360.0;
    let steps = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0];
    steps.into_iter().find(|step| degrees / step <= 7.0).unwrap_or(30.0)
}

/// The lines of the net in sight: longitudes and latitudes in degrees.
pub(super) fn net(view: View, ratio: f64) -> (Vec<f64>, Vec<f64>) {
    let step = net_step(view.width);
    let (left, top, width, height) = view.frame(ratio);
    let lines = |from: f64, to: f64| {
        let (first, last) = ((from / step).ceil() as i64, (to / step).floor() as i64);
        (first..=last).take(60).map(|index| index as f64 * step).collect::<Vec<_>>()
    };
    let lon = |x: f64| x / AROUND * 360.0 - 180.0;
    let (south, north) = (latitude((top + height).min(AROUND)), latitude(top.max(0.0)));
    (lines(lon(left), lon(left + width)), lines(south, north))
}

/// A round length of at most `most` pixels: how many pixels, and its name. `unit` is units to a pixel.
pub(super) fn scale(view: View, unit: f64, most: f64) -> (f64, String) {
    let metres = EQUATOR * latitude(view.middle.1).to_radians().cos() / AROUND * unit;
    let longest = metres * most;
    let power = 10_f64.powf(longest.log10().floor());
    let length = [5.0, 2.0, 1.0].into_iter().map(|it| it * power).find(|it| *it <= longest).unwrap_or(power);
    let name =
        if length < 1_000.0 { format!("{length:.0} m") } else { format!("{:.0} km", length / 1_000.0) };
    (length / metres, name)
}

/// The labels that don't cover each other, by their place in `features`: points first.
pub(super) fn labels(features: &[Drawn], view: View, ratio: f64, unit: f64) -> Vec<(usize, Spot)> {
    let (left, top, width, height) = view.frame(ratio);
    let mut taken: Vec<(f64, f64, f64, f64)> = Vec::new();
    let mut order: Vec<usize> = (0..features.len()).collect();
    order.sort_by_key(|index| features[*index].kind != Kind::Point);
    let mut shown = Vec::new();
    for index in order {
        let feature = &features[index];
        let (x, y) = feature.anchor();
        if x < left || x > left + width || y < top || y > top + height {
            continue;
        }
        let long = feature.label.chars().count() as f64 * 6.6 * unit;
        let (from, to) = if feature.kind == Kind::Point {
            (x + 9.0 * unit, x + 9.0 * unit + long)
        } else {
            (x - long / 2.0, x + long / 2.0)
        };
        let (over, under) = (y - 8.0 * unit, y + 8.0 * unit);
        if taken.iter().all(|(a, b, c, d)| to < *a || *b < from || under < *c || *d < over) {
            taken.push((from, to, over, under));
            shown.push((index, (from, y + 4.0 * unit)));
        }
    }
    shown
}

/// "30° N", as it stands at a line of the net.
pub(super) fn net_label(value: f64, north: bool) -> String {
    let value = if north { value } else { (value + 180.0).rem_euclid(360.0) - 180.0 };
    let text = format!("{:.2}", value.abs());
    let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    let side = match (north, value) {
        (_, 0.0) => "",
        (true, value) if value > 0.0 => " N",
        (true, _) => " S",
        (false, value) if value > 0.0 => " E",
        (false, _) => " W",
    };
    format!("{text}°{side}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::show::Show;

    fn example() -> Vec<Drawn> {
        let map = Show::examples().into_iter().find_map(|show| match show {
            Show::Map(map) => Some(map),
            _ => None,
        });
        map.unwrap().features.iter().map(Drawn::new).collect()
    }

    #[test]
    fn places_are_where_they_are() {
        assert_eq!(project(0.0, 0.0), (2048.0, 2048.0));
        let (x, y) = project(60.39, 5.32);
        assert!((x - 2_108.5).abs() < 0.1 && (y - 1_185.0).abs() < 5.0, "{x} {y}");
        assert!((latitude(y) - 60.39).abs() < 1e-9);
        // Poles are far away, and not infinitely far.
        assert!(project(90.0, 0.0).1.abs() < 0.01 && (project(-90.0, 0.0).1 - AROUND).abs() < 0.01);
    }

    #[test]
    fn a_way_over_the_pacific_is_short() {
        let way = unrolled(&[[35.6, 139.7], [37.8, -122.4], [21.3, -157.8]]);
        assert!(way.windows(2).all(|pair| (pair[0].0 - pair[1].0).abs() < AROUND / 2.0), "{way:?}");
    }

    #[test]
    fn everything_is_in_sight_at_first_and_what_is_pointed_at_stays() {
        for ratio in [0.5, 1.0, 2.5] {
            let view = View::of(&example(), ratio);
            let (left, top, width, height) = view.frame(ratio);
            for (x, y) in example().iter().flat_map(|it| it.spots.clone()) {
                assert!(x > left && x < left + width && y > top && y < top + height, "{ratio}");
            }
            let closer = view.zoomed(2.0, (0.25, 0.75), ratio);
            let at = |view: View| {
                let (left, top, width, height) = view.frame(ratio);
                (left + width * 0.25, top + height * 0.75)
            };
            assert!((at(view).0 - at(closer).0).abs() < 1e-6 && (at(view).1 - at(closer).1).abs() < 1e-6);
            let mut far = view;
            for _ in 0..100 {
                far = far.zoomed(0.5, (0.0, 0.0), ratio).moved(1e9, -1e9, ratio);
            }
            assert!(
                far.width <= WIDEST * ratio.max(1.0) && far.middle.0 <= 1.5 * AROUND && far.middle.1 >= 0.0
            );
        }
    }

    #[test]
    fn the_net_is_never_too_fine_and_the_scale_is_round() {
        for width in [2.5, 40.0, 700.0, 4_096.0] {
            let view = View { middle: (2_048.0, 1_200.0), width };
            let (east, north) = net(view, 1.5);
            assert!((1..=16).contains(&east.len()) && north.len() <= 20, "{width}: {east:?} {north:?}");
        }
        let (long, name) = scale(View { middle: (2_048.0, 2_048.0), width: 4_096.0 }, 8.0, 100.0);
        assert_eq!(name, "5000 km");
        assert!((long - 63.9).abs() < 0.1, "{long}");
        assert_eq!(
            [net_label(30.0, true), net_label(-0.5, true), net_label(190.0, false)],
            ["30° N", "0.5° S", "170° W"]
        );
    }

    #[test]
    fn labels_do_not_cover_each_other() {
        let one = example().remove(2);
        let crowd = vec![one; 50];
        let view = View::of(&crowd, 1.5);
        assert_eq!(labels(&crowd, view, 1.5, view.width / 600.0).len(), 1);
    }
}
