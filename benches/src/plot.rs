//! Tables as pictures.

use std::path::Path;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::results::{Plot, Table};

type Failed = Box<dyn std::error::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const FONT: &str = "sans-serif";

/// Of the columns, in their order.
const COLOURS: [RGBColor; 5] = [
    RGBColor(38, 84, 124),
    RGBColor(239, 131, 84),
    RGBColor(6, 167, 125),
    RGBColor(155, 114, 207),
    RGBColor(120, 120, 120),
];

/// Draws the table into this file; one that says no way to be drawn is not.
pub fn draw(table: &Table, to: &Path) -> Result<(), Failed> {
    match &table.plot {
        None => Ok(()),
        Some(Plot::Bars { unit, columns }) => bars(table, unit, columns, to),
        Some(Plot::Lines { over, unit, columns }) => lines(table, (over, unit), columns, to),
    }
}

fn number(table: &Table, row: usize, column: usize) -> Option<f64> {
    table.rows.get(row)?.values.get(column)?.as_number()
}

fn largest(table: &Table, columns: &[usize]) -> f64 {
    let rows = 0..table.rows.len();
    let all = rows.flat_map(|row| columns.iter().filter_map(move |c| number(table, row, *c)));
    all.fold(0.0, f64::max).max(f64::MIN_POSITIVE)
}

/// Where a value is: by powers of ten, from a tenth, where one bar would make all others invisible.
#[derive(Clone, Copy)]
struct Axis {
    by_tens: bool,
}

impl Axis {
    fn place(self, value: f64) -> f64 {
        if self.by_tens { value.max(0.1).log10() + 1.0 } else { value }
    }

    /// What is written below a place: of tens only the powers themselves.
    fn mark(self, place: f64) -> String {
        match self.by_tens {
            false => format!("{place:.1}"),
            true if (place - place.round()).abs() < 0.01 => {
                format!("{}", 10_f64.powf(place.round() - 1.0))
            }
            true => String::new(),
        }
    }
}

/// A row for each name, and in it a bar for each column.
fn bars(table: &Table, unit: &str, columns: &[usize], to: &Path) -> Result<(), Failed> {
    let (rows, each) = (table.rows.len(), 14 * columns.len() + 12);
    let height = u32::try_from(rows * each + 100)?;
    let root = SVGBackend::new(to, (900, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let largest = largest(table, columns);
    let axis = Axis { by_tens: largest > 50.0 };
    let (wide, high) = (axis.place(largest) * 1.08, count(rows));
    let mut chart = ChartBuilder::on(&root)
        .caption(&table.title, (FONT, 18))
        .margin(12)
        .margin_left(330)
        .x_label_area_size(40)
        .build_cartesian_2d(0.0..wide, 0.0..high)?;
    let mark = |place: &f64| axis.mark(*place);
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().disable_y_axis().x_desc(unit).x_label_formatter(&mark).draw()?;
    let name = (FONT, 13).into_font().color(&BLACK).pos(Pos::new(HPos::Right, VPos::Center));
    let value = (FONT, 11).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
    let band = 0.84 / count(columns.len());
    for (at, row) in table.rows.iter().enumerate() {
        let top = high - count(at) - 0.08;
        let (x, y) = chart.backend_coord(&(0.0, top - 0.42));
        root.draw(&Text::new(row.name.replace('`', ""), (x - 8, y), name.clone()))?;
        for (n, &column) in columns.iter().enumerate() {
            let Some(length) = number(table, at, column) else { continue };
            let length = axis.place(length);
            let top = top - count(n) * band;
            let bar = [(0.0, top), (length, top - band * 0.9)];
            let colour = COLOURS[n % COLOURS.len()];
            chart.draw_series([Rectangle::new(bar, colour.filled())])?;
            let (x, y) = chart.backend_coord(&(length, top - band * 0.45));
            let shown = row.values[column].to_string();
            root.draw(&Text::new(shown, (x + 4, y), value.clone()))?;
        }
    }
    legend(&root, table, columns, height)?;
    Ok(root.present()?)
}

/// What the colours are, at the lower left, where there are several.
fn legend(root: &Area<'_>, table: &Table, columns: &[usize], height: u32) -> Result<(), Failed> {
    if columns.len() < 2 {
        return Ok(());
    }
    let lowest = i32::try_from(height)? - 18;
    for (n, &column) in columns.iter().enumerate() {
        let y = lowest - 16 * i32::try_from(columns.len() - 1 - n)?;
        let colour = COLOURS[n % COLOURS.len()];
        root.draw(&Rectangle::new([(20, y), (32, y + 10)], colour.filled()))?;
        let style = (FONT, 12).into_font().color(&BLACK);
        root.draw(&Text::new(table.head[column].clone(), (38, y - 1), style))?;
    }
    Ok(())
}

/// A line for each column, over the rows' names, which are numbers.
fn lines(
    table: &Table,
    (over, unit): (&str, &str),
    columns: &[usize],
    to: &Path,
) -> Result<(), Failed> {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    let places: Vec<f64> =
        table.rows.iter().map(|row| digits(&row.name).parse()).collect::<Result<_, _>>()?;
    let (first, last) = places.iter().fold((f64::MAX, 1.0_f64), |(a, b), x| (a.min(*x), b.max(*x)));
    let root = SVGBackend::new(to, (900, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let high = largest(table, columns) * 1.1;
    let mut chart = ChartBuilder::on(&root)
        .caption(&table.title, (FONT, 18))
        .margin(12)
        .x_label_area_size(45)
        .y_label_area_size(70)
        .build_cartesian_2d((first.max(1.0)..last * 1.05).log_scale(), 0.0..high)?;
    chart.configure_mesh().x_desc(over).y_desc(unit).light_line_style(WHITE).draw()?;
    for (n, &column) in columns.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        let points: Vec<(f64, f64)> = places
            .iter()
            .enumerate()
            .filter_map(|(row, x)| Some((*x, number(table, row, column)?)))
            .collect();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(&table.head[column])
            .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 12, y + 4)], colour.filled()));
        chart.draw_series(points.iter().map(|at| Circle::new(*at, 3, colour.filled())))?;
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    Ok(root.present()?)
}

#[allow(clippy::cast_precision_loss)] // a table has fewer rows than that
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Value;

    #[test]
    fn both_kinds_are_drawn_and_gaps_are_left_out() {
        let folder = crate::results::folder().join("test");
        std::fs::create_dir_all(&folder).unwrap();
        let mut bars = Table::new("Bars", "", &["one", "two"]).bars("×", [0, 1]);
        bars.row("`ours`", [Value::number(1.5, 2), "".into()]);
        let mut lines = Table::new("Lines", "", &["one"]).lines("rows", "ms", [0]);
        lines.row("1,000 rows", [Value::number(1.0, 1)]);
        lines.row("1,000,000 rows", [Value::number(2.0, 1)]);
        for table in [bars, lines] {
            let to = folder.join(format!("{}.svg", table.title));
            draw(&table, &to).unwrap();
            let drawn = std::fs::read_to_string(&to).unwrap();
            assert!(drawn.contains("<svg") && drawn.contains(&table.title), "{drawn}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
