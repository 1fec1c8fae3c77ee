//! The figures that pages quote.
//!
//! A quoted figure is one line with the name of the figure and then its value,
//! such as `| the six functions | 2,900 lines of code in 31 files |`.

use super::Figure;

const MARK: &str = " lines of code in ";

/// The page with its figures brought up to date, and what was wrong with it.
pub(crate) fn mended(page: &str, text: &str, figures: &[Figure]) -> (String, Vec<String>) {
    let (mut mended, mut complaints) = (String::new(), Vec::new());
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let Some(quote) = quote(line) else {
            mended.push_str(line);
            continue;
        };
        let before = &line[..quote.start];
        let named = figures.iter().filter(|figure| before.contains(figure.name));
        let Some(figure) = named.max_by_key(|figure| figure.name.len()) else {
            let names: Vec<_> = figures.iter().map(|figure| figure.name).collect();
            complaints.push(format!(
                "{page}:{number} quotes a size without the name of a figure before it, on the same \
                 line. The figures: {}.",
                names.join("; ")
            ));
            mended.push_str(line);
            continue;
        };
        let (is, said) = (figure.value(), &line[quote.clone()]);
        if is != said {
            complaints.push(format!(
                "{page}:{number} says \"{said}\" of {}: {is}.",
                figure.name
            ));
        }
        mended.push_str(&(before.to_owned() + &is + &line[quote.end..]));
    }
    (mended, complaints)
}

/// Where a line says `N lines of code in N files`, or `.. files and N crates`.
fn quote(line: &str) -> Option<std::ops::Range<usize>> {
    let is_number = |c: char| c.is_ascii_digit() || c == ',';
    let mark = line.find(MARK)?;
    let start = line[..mark].trim_end_matches(is_number).len();
    let number = |from: usize| {
        let length = line[from..].find(|c| !is_number(c))?;
        Some(from + length).filter(|_| length > 0)
    };
    let files = number(mark + MARK.len())?;
    let files = files
        + line[files..]
            .strip_prefix(" files")
            .map(|_| " files".len())?;
    let Some(_) = line[files..].strip_prefix(" and ") else {
        return Some(start..files);
    };
    let crates = number(files + " and ".len()).filter(|end| line[*end..].starts_with(" crates"));
    Some(start..crates.map_or(files, |end| end + " crates".len()))
}
