use super::{at_most, between, text_of};
use crate::dataspec::SpecError;
use serde::{Deserialize, Serialize};

/// How far from the origin a shape may reach.
const FAR: (f64, f64) = (-20_000.0, 20_000.0);
/// The most points of a stroke.
const POINTS: usize = 5_000;
/// The most shapes.
const SHAPES: usize = 5_000;

/// A colour that reads on light and on dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// As text.
    #[default]
    Ink,
    /// Fainter than text.
    Grey,
    /// Blue.
    Blue,
    /// Yellow.
    Yellow,
    /// Teal.
    Teal,
    /// Purple.
    Purple,
    /// Red.
    Red,
    /// Green.
    Green,
}

impl Color {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Ink, Self::Grey, Self::Blue, Self::Yellow, Self::Teal, Self::Purple, Self::Red, Self::Green];

    /// As it stands on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ink => "ink",
            Self::Grey => "grey",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Teal => "teal",
            Self::Purple => "purple",
            Self::Red => "red",
            Self::Green => "green",
        }
    }
}

/// A sketch on which people go on drawing. Coordinates are in its own units, from the top left corner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Drawing {
    /// Width, 50 to 10000; 800 is a good one.
    pub width: f64,
    /// Height, 50 to 10000; 500 is a good one.
    pub height: f64,
    /// What it shows, for those who can't see it.
    #[serde(default)]
    pub alt: String,
    /// From the furthest back to the nearest. None is an empty sheet for people to draw on.
    #[serde(default)]
    pub shapes: Vec<Shape>,
}

/// One thing on a drawing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Shape {
    /// A line drawn by hand.
    Stroke {
        /// The points that it goes through, each `[x, y]`.
        points: Vec<[f64; 2]>,
        /// How thick it is; 3 when left out.
        #[serde(default = "thickness")]
        width: f64,
        /// Its colour.
        #[serde(default)]
        color: Color,
    },
    /// A straight line.
    Line {
        /// Where it begins, `[x, y]`.
        from: [f64; 2],
        /// Where it ends, `[x, y]`.
        to: [f64; 2],
        /// Whether it ends in an arrow's head.
        #[serde(default)]
        arrow: bool,
        /// How thick it is; 3 when left out.
        #[serde(default = "thickness")]
        width: f64,
        /// Its colour.
        #[serde(default)]
        color: Color,
    },
    /// A rectangle.
    Rectangle {
        /// Its top left corner, `[x, y]`.
        at: [f64; 2],
        /// Its width and height.
        size: [f64; 2],
        /// Whether its colour fills it, thinly.
        #[serde(default)]
        filled: bool,
        /// How thick its edge is; 3 when left out.
        #[serde(default = "thickness")]
        width: f64,
        /// Its colour.
        #[serde(default)]
        color: Color,
    },
    /// A circle or ellipse.
    Ellipse {
        /// The top left corner of the rectangle around it, `[x, y]`.
        at: [f64; 2],
        /// Width and height of the rectangle around it.
        size: [f64; 2],
        /// Whether its colour fills it, thinly.
        #[serde(default)]
        filled: bool,
        /// How thick its edge is; 3 when left out.
        #[serde(default = "thickness")]
        width: f64,
        /// Its colour.
        #[serde(default)]
        color: Color,
    },
    /// One line of words.
    Text {
        /// The left end of its baseline, `[x, y]`.
        at: [f64; 2],
        /// The words.
        text: String,
        /// The height of its letters; 20 when left out.
        #[serde(default = "letter")]
        size: f64,
        /// Its colour.
        #[serde(default)]
        color: Color,
    },
}

const fn thickness() -> f64 {
    3.0
}

const fn letter() -> f64 {
    20.0
}

impl Shape {
    /// What may not be drawn; `at` is where the shape stands.
    pub fn check(&self, at: &str) -> Result<(), SpecError> {
        let near = |points: &[[f64; 2]], part: &str| {
            let mut numbers = points.iter().flatten().copied();
            numbers.try_for_each(|it| between(it, FAR, || format!("{at}/{part}")))
        };
        let thick = |width: f64| between(width, (0.25, 200.0), || format!("{at}/width"));
        match self {
            Self::Stroke { points, width, .. } => {
                if points.is_empty() {
                    return Err(SpecError::new(format!("{at}/points"), "needs at least one point"));
                }
                at_most(points.len(), POINTS, "points", || format!("{at}/points"))?;
                near(points, "points")?;
                thick(*width)
            }
            Self::Line { from, to, width, .. } => {
                near(&[*from], "from")?;
                near(&[*to], "to")?;
                thick(*width)
            }
            Self::Rectangle { at: corner, size, width, .. }
            | Self::Ellipse { at: corner, size, width, .. } => {
                near(&[*corner], "at")?;
                for side in size {
                    between(*side, (0.0, FAR.1), || format!("{at}/size"))?;
                }
                thick(*width)
            }
            Self::Text { at: place, text, size, .. } => {
                near(&[*place], "at")?;
                between(*size, (4.0, 400.0), || format!("{at}/size"))?;
                text_of(text, 500, || format!("{at}/text"))
            }
        }
    }
}

impl Drawing {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        for (side, path) in [(self.width, "/width"), (self.height, "/height")] {
            between(side, (50.0, 10_000.0), || path.into())?;
        }
        at_most(self.alt.chars().count(), 2_000, "characters", || "/alt".into())?;
        at_most(self.shapes.len(), SHAPES, "shapes", || "/shapes".into())?;
        self.shapes.iter().enumerate().try_for_each(|(index, shape)| shape.check(&format!("/shapes/{index}")))
    }

    pub(super) fn example() -> Self {
        let (width, color) = (3.0, Color::Blue);
        Self {
            width: 400.0,
            height: 240.0,
            alt: "A pump sends water from the well into the tank".into(),
            shapes: vec![
                Shape::Rectangle { at: [30.0, 80.0], size: [100.0, 80.0], filled: true, width, color },
                Shape::Text { at: [58.0, 126.0], text: "Well".into(), size: 18.0, color: Color::Ink },
                Shape::Line { from: [130.0, 120.0], to: [250.0, 120.0], arrow: true, width, color },
                Shape::Ellipse { at: [250.0, 70.0], size: [110.0, 100.0], filled: false, width, color },
                Shape::Text { at: [284.0, 126.0], text: "Tank".into(), size: 18.0, color: Color::Ink },
                Shape::Stroke {
                    points: vec![[150.0, 190.0], [170.0, 182.0], [190.0, 196.0], [214.0, 186.0]],
                    width,
                    color: Color::Grey,
                },
            ],
        }
    }
}
