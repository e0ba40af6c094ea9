//! Plots as SVG, drawn by hand: two logarithmic axes and a few lines need no library.

use std::fmt::Write;

/// A line of a plot: its name and its points.
pub type Line = (String, Vec<(f64, f64)>);

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 64.0;
/// Told apart by people who see colours otherwise, too (Okabe and Ito).
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#666666"];

/// A plot with both axes logarithmic, so that what grows linearly is a line of slope one, and what does not grow is flat.
pub fn log_log(title: &str, x_axis: &str, y_axis: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let (x_low, x_high) = decades(points().map(|point| point.0));
    let (y_low, y_high) = decades(points().map(|point| point.1));
    let x = |value: f64| LEFT + (value.log10() - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - (value.log10() - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM);
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"30\" font-size=\"17\" font-weight=\"bold\">{title}</text>\n"
    );
    for (value, label) in ticks(x_low, x_high) {
        let at = x(value);
        let _ = write!(
            svg,
            "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#dddddd\"/>\n\
             <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>\n",
            bottom + 20.0
        );
    }
    for (value, label) in ticks(y_low, y_high) {
        let at = y(value);
        let _ = write!(
            svg,
            "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#dddddd\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
            LEFT - 8.0,
            at + 4.5
        );
    }
    let (middle_x, middle_y) = (f64::midpoint(LEFT, right), f64::midpoint(TOP, bottom));
    let _ = write!(
        svg,
        "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>\n\
         <text x=\"{middle_x}\" y=\"{}\" text-anchor=\"middle\">{x_axis}</text>\n\
         <text transform=\"translate(22 {middle_y}) rotate(-90)\" text-anchor=\"middle\">{y_axis}</text>\n",
        HEIGHT - 16.0
    );
    for ((index, (name, points)), colour) in lines.iter().enumerate().zip(COLOURS.into_iter().cycle()) {
        let path: Vec<String> = points.iter().map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for point in points {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
                x(point.0),
                y(point.1)
            );
        }
        let at = TOP + 14.0 + 22.0 * f64::from(u32::try_from(index).unwrap_or_default());
        let (key, label, baseline) = (right + 14.0, right + 42.0, at + 4.5);
        let _ = write!(
            svg,
            "<path d=\"M{key} {at}h22\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"{label}\" y=\"{baseline}\">{name}</text>\n"
        );
    }
    svg + "</svg>\n"
}

/// The powers of ten around the values, one apart at least.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = (low.log10().floor(), high.log10().ceil());
    (low, high.max(low + 1.0))
}

#[expect(clippy::cast_possible_truncation, reason = "powers of ten that stand on an axis")]
fn ticks(low: f64, high: f64) -> impl Iterator<Item = (f64, String)> {
    (low as i32..=high as i32).map(|power| {
        let value = 10f64.powi(power);
        (value, if power < 6 { format!("{value}") } else { format!("{} M", value / 1e6) })
    })
}

/// How fast `y` grows with `x`: the slope of the line through the logarithms, 1 where it grows linearly and 0 where it
/// does not grow.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let logarithms = || points.iter().map(|(x, y)| (x.ln(), y.ln()));
    let count = points.iter().map(|_| 1.0).sum::<f64>();
    let (x_mean, y_mean) = logarithms().fold((0.0, 0.0), |(xs, ys), (x, y)| (xs + x / count, ys + y / count));
    let covariance: f64 = logarithms().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    covariance / logarithms().map(|(x, _)| (x - x_mean).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_powers() {
        let points = |power: i32| [1.0, 10.0, 100.0f64].map(|x| (x, 7.0 * x.powi(power)));
        for power in [0, 1, 2] {
            assert!((slope(&points(power)) - f64::from(power)).abs() < 1e-9, "x^{power}");
        }
    }
}
