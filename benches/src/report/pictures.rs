//! The pictures: dots with their spread, and lines that show growth. They carry
//! their own style, so they read on light and on dark paper.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Report;
use super::kept::{Late, Point};
use crate::contender::FLOOR;
use crate::measured::Measured;

/// A colour that becomes the paper's own ink: see [`dress`].
const INK: RGBColor = RGBColor(1, 2, 3);

/// The colour of each runtime. They differ in brightness as well as in hue and
/// stand out from white and from black.
const COLOURS: [(&str, RGBColor); 15] = [
    ("executor", RGBColor(213, 70, 0)),
    ("tokio", RGBColor(0, 114, 200)),
    ("tokio mt 2", RGBColor(86, 160, 233)),
    ("tokio LocalSet", RGBColor(110, 120, 200)),
    ("smol", RGBColor(0, 158, 115)),
    ("LocalPool", RGBColor(140, 170, 60)),
    ("monoio uring", RGBColor(190, 90, 160)),
    ("monoio epoll", RGBColor(220, 140, 190)),
    ("glommio", RGBColor(200, 150, 0)),
    ("compio", RGBColor(150, 110, 70)),
    ("asyncio", RGBColor(170, 60, 60)),
    ("uvloop", RGBColor(120, 60, 140)),
    ("async-lock here", RGBColor(0, 158, 115)),
    ("async-channel here", RGBColor(200, 150, 0)),
    (FLOOR, RGBColor(128, 128, 128)),
];

const WIDTH: u32 = 900;
const LABELS: i32 = 290;
const LEGEND: i32 = 130;
const LINE: i32 = 30;

type Drawn = Result<String, String>;

/// One dot and its spread.
struct Dot<'a> {
    name: &'a str,
    low: f64,
    at: f64,
    high: f64,
}

/// All pictures: the files' names and what is in them.
///
/// # Errors
///
/// If one cannot be drawn.
pub fn all(report: &Report) -> Result<Vec<(String, String)>, String> {
    let mut pictures = Vec::new();
    for group in groups(&report.rows) {
        pictures.push((file_name(&group), of_group(report, &group)?));
    }
    if !report.lateness.is_empty() {
        pictures.push(("bench-lateness.svg".to_string(), of_lateness(report)?));
    }
    for series in series(&report.scaling) {
        pictures.push((scaling_file_name(&series), of_growth(report, &series)?));
    }
    Ok(pictures)
}

pub(super) fn file_name(group: &str) -> String {
    format!("bench-{group}.svg")
}

pub(super) fn scaling_file_name(series: &str) -> String {
    let word = series.split(' ').next().unwrap_or(series);
    format!("bench-scaling-{word}.svg")
}

/// The groups in their order.
pub(super) fn groups(rows: &[Measured]) -> Vec<String> {
    let mut groups: Vec<_> = rows.iter().map(|row| row.group().to_string()).collect();
    groups.dedup();
    groups
}

pub(super) fn lengths(late: &[Late]) -> Vec<String> {
    let mut lengths: Vec<_> = late.iter().map(|late| late.length.clone()).collect();
    lengths.dedup();
    lengths
}

pub(super) fn series(points: &[Point]) -> Vec<String> {
    let mut series: Vec<_> = points.iter().map(|point| point.series.clone()).collect();
    series.dedup();
    series
}

fn of_group(report: &Report, group: &str) -> Drawn {
    let rows = report.rows.iter().filter(|row| row.group() == group);
    let lines: Vec<_> = rows
        .map(|row| {
            let tokio = row.tokio().cost.median;
            let dots = row.entries.iter().map(|entry| Dot {
                name: &entry.name,
                low: entry.cost.low / tokio,
                at: entry.cost.median / tokio,
                high: entry.cost.high / tokio,
            });
            let name = row.id.trim_start_matches(group).trim_start_matches('/');
            (name, dots.collect::<Vec<_>>())
        })
        .collect();
    dots(
        &format!("{group}: cost by tokio's (less is better)"),
        &lines,
        Some(1.0),
    )
}

fn of_lateness(report: &Report) -> Drawn {
    let lengths = lengths(&report.lateness);
    let lines: Vec<_> = lengths
        .iter()
        .map(|length| {
            let late = report.lateness.iter().filter(|late| late.length == *length);
            let dots = late.map(|late| Dot {
                name: &late.name,
                low: late.p50,
                at: late.p50,
                high: late.p99,
            });
            (&**length, dots.collect::<Vec<_>>())
        })
        .collect();
    dots(
        "lateness of a sleep: half of them (dot) and 99 of 100 (end of the line), microseconds",
        &lines,
        None,
    )
}

/// A line of dots for each label, on a logarithmic axis.
fn dots(title: &str, lines: &[(&str, Vec<Dot<'_>>)], mark: Option<f64>) -> Drawn {
    let mut svg = String::new();
    let height = 90 + LINE * lines.len().max(legend_of(lines).len().div_ceil(2)) as i32;
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height as u32)).into_drawing_area();
        draw_dots(&root, title, lines, mark, height).map_err(|error| error.to_string())?;
        root.present().map_err(|error| error.to_string())?;
    }
    let said = lines.iter().map(|(label, dots)| {
        let dots = dots.iter().map(|dot| format!("{} {:.3}", dot.name, dot.at));
        format!("{label}: {}.", dots.collect::<Vec<_>>().join(", "))
    });
    Ok(dress(&svg, title, &said.collect::<Vec<_>>().join(" ")))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Trouble = Box<dyn std::error::Error>;

fn draw_dots(
    root: &Area<'_>,
    title: &str,
    lines: &[(&str, Vec<Dot<'_>>)],
    mark: Option<f64>,
    height: i32,
) -> Result<(), Trouble> {
    root.draw(&Text::new(
        title.to_string(),
        (12, 12),
        words(19, HPos::Left),
    ))?;
    let all = || lines.iter().flat_map(|(_, dots)| dots);
    let (least, most) = (
        all()
            .map(|dot| dot.low)
            .fold(mark.unwrap_or(f64::MAX), f64::min),
        all()
            .map(|dot| dot.high)
            .fold(mark.unwrap_or(0.0), f64::max),
    );
    let axis = Axis::new(least.max(1e-6), most, LABELS, WIDTH as i32 - LEGEND - 20);
    let (top, bottom) = (40, height - 34);
    // Every second line on a darker ground: it shows which dots belong together.
    for at in (1..lines.len() as i32).step_by(2) {
        let band = [(12, top + LINE * at), (axis.end, top + LINE * (at + 1))];
        root.draw(&Rectangle::new(band, INK.mix(0.06).filled()))?;
    }
    for tick in axis.ticks() {
        let x = axis.at(tick);
        root.draw(&PathElement::new(
            vec![(x, top), (x, bottom)],
            INK.mix(0.12),
        ))?;
        root.draw(&Text::new(
            short(tick),
            (x, bottom + 6),
            words(15, HPos::Center),
        ))?;
    }
    if let Some(mark) = mark {
        let x = axis.at(mark);
        root.draw(&PathElement::new(vec![(x, top), (x, bottom)], INK.mix(0.5)))?;
    }
    for (at, (label, dots)) in lines.iter().enumerate() {
        let y = top + LINE * at as i32 + LINE / 2;
        root.draw(&Text::new(
            label.to_string(),
            (LABELS - 12, y - 6),
            words(16, HPos::Right),
        ))?;
        // The executor last: it lies on top.
        // Each a little below the one before, or equal ones would hide each other.
        for (at, dot) in dots.iter().enumerate().rev() {
            let y = y + 2 * at as i32 - dots.len() as i32;
            draw_dot(root, &axis, dot, y)?;
        }
    }
    for (at, name) in legend_of(lines).into_iter().enumerate() {
        let y = top + 8 + (LINE / 2 + 1) * at as i32;
        let x = WIDTH as i32 - LEGEND;
        draw_name(root, name, (x, y))?;
    }
    Ok(())
}

/// One line of a legend.
fn draw_name(root: &Area<'_>, name: &str, (x, y): (i32, i32)) -> Result<(), Trouble> {
    root.draw(&Circle::new((x, y), 5, colour(name).filled()))?;
    let place = (x + 10, y - 6);
    root.draw(&Text::new(name.to_string(), place, words(15, HPos::Left)))?;
    Ok(())
}

fn draw_dot(root: &Area<'_>, axis: &Axis, dot: &Dot<'_>, y: i32) -> Result<(), Trouble> {
    let colour = colour(dot.name);
    let size = if dot.name == "executor" { 6 } else { 4 };
    let spread = vec![(axis.at(dot.low), y), (axis.at(dot.high), y)];
    root.draw(&PathElement::new(spread, colour.stroke_width(2)))?;
    root.draw(&Circle::new((axis.at(dot.at), y), size, colour.filled()))?;
    Ok(())
}

fn of_growth(report: &Report, series: &str) -> Drawn {
    let points: Vec<_> = report
        .scaling
        .iter()
        .filter(|point| point.series == series)
        .collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, 420)).into_drawing_area();
        draw_growth(&root, series, &points).map_err(|error| error.to_string())?;
        root.present().map_err(|error| error.to_string())?;
    }
    let said = points.iter().map(|point| {
        let cost = point.cost.median;
        format!("{} of {}: {cost:.1} ns each.", point.count, point.name)
    });
    let said = said.collect::<Vec<_>>().join(" ");
    Ok(dress(&svg, &growth_title(series), &said))
}

fn growth_title(series: &str) -> String {
    format!("{series}: ns for one item, by how many there are")
}

fn draw_growth(root: &Area<'_>, series: &str, points: &[&Point]) -> Result<(), Trouble> {
    let title = growth_title(series);
    root.draw(&Text::new(title, (12, 12), words(19, HPos::Left)))?;
    let counts = points.iter().map(|point| point.count as f64);
    let (few, many) = (
        counts.clone().fold(f64::MAX, f64::min),
        counts.fold(0.0, f64::max),
    );
    let costs = points.iter().map(|point| point.cost.median);
    let (least, most) = (
        costs.clone().fold(f64::MAX, f64::min),
        costs.fold(0.0, f64::max),
    );
    let across = Axis::new(few, many, 80, WIDTH as i32 - LEGEND - 40);
    let up = Axis::new(least, most, 380, 50);
    for tick in across.ticks() {
        let x = across.at(tick);
        root.draw(&PathElement::new(vec![(x, 50), (x, 380)], INK.mix(0.12)))?;
        root.draw(&Text::new(short(tick), (x, 388), words(15, HPos::Center)))?;
    }
    for tick in up.ticks() {
        let y = up.at(tick);
        let line = vec![(80, y), (WIDTH as i32 - LEGEND - 40, y)];
        root.draw(&PathElement::new(line, INK.mix(0.12)))?;
        root.draw(&Text::new(short(tick), (70, y - 6), words(15, HPos::Right)))?;
    }
    let known = COLOURS.iter().rev();
    for (name, colour) in known {
        let line: Vec<_> = points.iter().filter(|point| point.name == *name).collect();
        let at: Vec<_> = line
            .iter()
            .map(|point| (across.at(point.count as f64), up.at(point.cost.median)))
            .collect();
        let width = if *name == "executor" { 3 } else { 1 };
        root.draw(&PathElement::new(at.clone(), colour.stroke_width(width)))?;
        for (spot, point) in at.iter().zip(&line) {
            let spread = vec![
                (spot.0, up.at(point.cost.low)),
                (spot.0, up.at(point.cost.high)),
            ];
            root.draw(&PathElement::new(spread, colour.stroke_width(1)))?;
            root.draw(&Circle::new(*spot, 4, colour.filled()))?;
        }
    }
    let present = |name: &&str| points.iter().any(|point| point.name == **name);
    for (at, name) in COLOURS
        .iter()
        .map(|(name, _)| *name)
        .filter(present)
        .enumerate()
    {
        let (x, y) = (WIDTH as i32 - LEGEND, 58 + 20 * at as i32);
        draw_name(root, name, (x, y))?;
    }
    Ok(())
}

/// A logarithmic axis between two places of the picture.
struct Axis {
    from: f64,
    to: f64,
    start: i32,
    end: i32,
}

impl Axis {
    fn new(least: f64, most: f64, start: i32, end: i32) -> Self {
        Axis {
            from: (least * 0.9).log10(),
            to: (most * 1.1).log10(),
            start,
            end,
        }
    }

    fn at(&self, value: f64) -> i32 {
        let part = (value.max(1e-9).log10() - self.from) / (self.to - self.from);
        self.start + (part.max(0.0) * f64::from(self.end - self.start)) as i32
    }

    /// Powers of ten; where they are few, also their doubles and fives.
    fn ticks(&self) -> Vec<f64> {
        let decades = self.from.floor() as i32..=self.to.ceil() as i32;
        let steps: &[f64] = if self.to - self.from > 2.5 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let all =
            decades.flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
        all.filter(|tick| (self.from..=self.to).contains(&tick.log10()))
            .collect()
    }
}

/// The names that occur, in the order of [`COLOURS`].
fn legend_of<'a>(lines: &[(&str, Vec<Dot<'_>>)]) -> Vec<&'a str> {
    let occurs = |name: &&str| {
        lines
            .iter()
            .any(|(_, dots)| dots.iter().any(|dot| dot.name == *name))
    };
    COLOURS
        .iter()
        .map(|(name, _)| *name)
        .filter(occurs)
        .collect()
}

fn colour(name: &str) -> RGBColor {
    let known = COLOURS.iter().find(|(known, _)| *known == name);
    known.map_or(INK, |(_, colour)| *colour)
}

fn words(size: i32, side: HPos) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", size).into_font())
        .color(&INK)
        .pos(Pos::new(side, VPos::Top))
}

fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e3 => format!("{}k", value / 1e3),
        value => format!("{}", (value * 1e4).round() / 1e4),
    }
}

/// Gives the picture paper and ink that follow the reader's light or dark, and
/// words for readers who cannot see it.
fn dress(svg: &str, title: &str, says: &str) -> String {
    const STYLE: &str = "<style>svg{color:#1f2328;background:#fff}\
        @media(prefers-color-scheme:dark){svg{color:#e6edf3;background:#0d1117}}</style>\n";
    let inked = svg.replace("#010203", "currentColor");
    match inked.find('>') {
        Some(end) => format!(
            "{}\n<title>{}</title>\n<desc>{}</desc>\n{STYLE}{}",
            &inked[..=end],
            escaped(title),
            escaped(says),
            inked[end + 1..].trim_start()
        ),
        None => inked,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
