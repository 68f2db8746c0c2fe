use super::{Color, at_most, between, text_of};
use crate::dataspec::SpecError;
use serde::{Deserialize, Serialize};

/// Degrees of latitude.
const LATITUDE: (f64, f64) = (-90.0, 90.0);
/// Degrees of longitude.
const LONGITUDE: (f64, f64) = (-180.0, 180.0);
/// The most points of all features together.
const POINTS: usize = 10_000;
/// The most features.
const FEATURES: usize = 1_000;

/// Places, ways and areas on a map of the world. The map has coasts and borders in rough outline and nothing
/// else: it is for where things are in a country or in the world, not for streets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Map {
    /// What is on the map, from the furthest back to the nearest. The map begins with all of it in view.
    pub features: Vec<Feature>,
}

/// One thing on a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Feature {
    /// A place.
    Point {
        /// Latitude in degrees, north positive.
        lat: f64,
        /// Longitude in degrees, east positive.
        lon: f64,
        /// What is there, in a few words; stands beside the point.
        label: String,
        /// More about it, for the list of places.
        #[serde(default)]
        note: String,
        /// Its colour.
        #[serde(default)]
        color: Color,
    },
    /// A way from place to place.
    Line {
        /// Its points in order, each `[latitude, longitude]`: latitude first.
        points: Vec<[f64; 2]>,
        /// What it is, in a few words.
        label: String,
        /// Its colour.
        #[serde(default)]
        color: Color,
    },
    /// An area.
    Area {
        /// Its corners in order, each `[latitude, longitude]`: latitude first. It closes by itself.
        points: Vec<[f64; 2]>,
        /// What it is, in a few words.
        label: String,
        /// Its colour.
        #[serde(default)]
        color: Color,
    },
}

impl Map {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.features.is_empty() {
            return Err(SpecError::new("/features", "needs at least one feature"));
        }
        at_most(self.features.len(), FEATURES, "features", || "/features".into())?;
        let mut total = 0;
        for (index, feature) in self.features.iter().enumerate() {
            let at = |part: &str| format!("/features/{index}/{part}");
            match feature {
                Feature::Point { lat, lon, note, label, .. } => {
                    between(*lat, LATITUDE, || at("lat"))?;
                    between(*lon, LONGITUDE, || at("lon"))?;
                    at_most(note.chars().count(), 2_000, "characters", || at("note"))?;
                    text_of(label, 120, || at("label"))?;
                }
                Feature::Line { points, label, .. } | Feature::Area { points, label, .. } => {
                    let least = if matches!(feature, Feature::Line { .. }) { 2 } else { 3 };
                    if points.len() < least {
                        return Err(SpecError::new(at("points"), format!("needs at least {least} points")));
                    }
                    for (place, [lat, lon]) in points.iter().enumerate() {
                        between(*lat, LATITUDE, || at(&format!("points/{place}/0")))?;
                        between(*lon, LONGITUDE, || at(&format!("points/{place}/1")))?;
                    }
                    text_of(label, 120, || at("label"))?;
                    total += points.len();
                }
            }
        }
        at_most(total, POINTS, "points", || "/features".into())
    }

    pub(super) fn example() -> Self {
        let point = |lat: f64, lon: f64, label: &str, note: &str| Feature::Point {
            lat,
            lon,
            label: label.into(),
            note: note.into(),
            color: Color::Red,
        };
        Self {
            features: vec![
                Feature::Area {
                    points: vec![[62.0, 3.0], [62.0, 7.5], [58.0, 7.5], [58.0, 3.0]],
                    label: "Western coast".into(),
                    color: Color::Blue,
                },
                Feature::Line {
                    points: vec![[41.15, -8.61], [48.39, -4.49], [60.39, 5.32]],
                    label: "The ship's way".into(),
                    color: Color::Teal,
                },
                point(41.15, -8.61, "Porto", "Left on 3 May"),
                point(60.39, 5.32, "Bergen", "Arrived on 11 May"),
            ],
        }
    }
}
