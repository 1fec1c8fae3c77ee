//! The page as Markdown: losses first.

use std::fmt::{self, Display, Formatter};

use super::format::{NOT_MEASURED, interval, number, write_head};
use super::{Report, pictures};
use crate::contender::FLOOR;
use crate::measured::{Measured, Verdict};

const METHOD: &str = "\
Each row is one function that is compiled for every runtime, so all do the same work; the comment above the function argues it. \
A row runs many operations inside one run of its runtime and reads the clock inside that run. \
All contenders take nine turns of about 30 ms each, and the first of them changes from turn to turn, so a slow minute of the machine hits all alike. \
A number is the median of the nine. A *ratio* is the executor's cost by the other's, taken turn by turn; below 1 the executor needs less. \
In brackets stand the second and the eighth of the nine ratios: the true median lies there in 96 of 100 runs. \
A row counts as lost only if the whole interval is above 1.\n\n\
*tokio* is its current-thread runtime with all drivers on. *(CPU)* is the time that the runtime's thread was on the processor, the kernel's part included. \
The *floor* is the same result by code that was written by hand for the one row, without a runtime: no names, no cancel, no other task.";

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Benchmarks\n")?;
        writeln!(
            f,
            "What the executor costs, beside tokio and the other runtimes. \
             This page is written by a program, from a run on the machine below; numbers from another machine are others, so measure on yours.\n"
        )?;
        self.write_about(f)?;
        writeln!(f, "\n{METHOD}\n")?;
        self.write_losses(f)?;
        self.write_table(f)?;
        self.write_matrix(f)?;
        self.write_lateness(f)?;
        super::llm::write(&self.llm, f)?;
        self.write_scaling(f)?;
        self.write_allocations(f)?;
        self.write_notes(f)?;
        self.write_criterion(f)
    }
}

impl Report {
    fn write_about(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let about = |key: &str| match &self.about[key] {
            serde_json::Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        writeln!(f, "| | |\n|---|---|")?;
        writeln!(
            f,
            "| machine | {}, {} cores, {} |",
            about("processor"),
            about("cores"),
            about("system")
        )?;
        writeln!(
            f,
            "| its load at the end | {} (1, 5 and 15 minutes; the benchmarks make about 1) |",
            about("load")
        )?;
        writeln!(f, "| compiler | {} |", about("rustc"))?;
        writeln!(f, "| commit | {} |", about("commit"))?;
        writeln!(f, "| date | {} |", about("date"))?;
        writeln!(
            f,
            "| command | `cargo run --release -p benches --bin report -- --run` |"
        )?;
        for left_out in self.about["left_out"].as_array().into_iter().flatten() {
            let word = |at: usize| left_out[at].as_str().unwrap_or_default();
            writeln!(f, "| not measured | {}: {} |", word(0), word(1))?;
        }
        for id in &self.missing {
            writeln!(f, "| not measured | the row {id}: it gave no result |")?;
        }
        Ok(())
    }

    fn write_losses(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Where the executor is behind\n")?;
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .filter(|row| row.leader().is_some())
            .collect();
        rows.sort_by(|a, b| worst(b).total_cmp(&worst(a)));
        if rows.is_empty() {
            return writeln!(f, "In no row, against no runtime.\n");
        }
        writeln!(
            f,
            "Rows in which another runtime needs less, with certainty, and why. The ratio is to the best other.\n"
        )?;
        writeln!(
            f,
            "| row | best other | ratio | to tokio | cause |\n|---|---|---|---|---|"
        )?;
        for row in rows {
            let Some(leader) = row.leader() else { continue };
            let cause = self.losses.get(&row.id);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} |",
                row.id,
                leader.name,
                interval(leader.ratio),
                number(row.tokio().ratio.median),
                cause.map_or("not found yet".to_string(), |cause| cause
                    .replace('\n', " ")),
            )?;
        }
        writeln!(f)
    }

    fn write_table(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Beside tokio\n")?;
        writeln!(
            f,
            "ns per operation; `memory` in bytes. The goal is what the project promises.\n"
        )?;
        writeln!(
            f,
            "| row | executor | tokio | ratio | goal | | executor by floor |\n|---|--:|--:|--:|--:|---|--:|"
        )?;
        for row in &self.rows {
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} |",
                row.id,
                number(row.executor().cost.median),
                number(row.tokio().cost.median),
                interval(row.tokio().ratio),
                row.goal,
                word(row.verdict()),
                row.entry(FLOOR)
                    .map_or("".to_string(), |floor| number(floor.ratio.median)),
            )?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "The pictures show each contender's cost by tokio's (tokio is at 1; the line through a dot is the interval).\n"
        )?;
        for group in pictures::groups(&self.rows) {
            writeln!(
                f,
                "![{group}: each contender's cost by tokio's](figures/{})\n",
                pictures::file_name(&group)
            )?;
        }
        Ok(())
    }

    fn write_matrix(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = names(
            self.rows
                .iter()
                .flat_map(|row| &row.entries)
                .map(|entry| &*entry.name),
        );
        writeln!(f, "## All contenders\n")?;
        writeln!(
            f,
            "tokio in ns (bytes) per operation; all others as their cost by tokio's. The least of each row, the floor aside, is bold.\n"
        )?;
        let others = names.into_iter().filter(|name| *name != "tokio");
        let others: Vec<_> = others.collect();
        write_head(f, ("| row | tokio |", "|---|--:|"), &others)?;
        for row in &self.rows {
            let tokio = row.tokio().cost.median;
            write!(f, "| {} | {} |", row.id, number(tokio))?;
            let best = row.best();
            for name in &others {
                match row.entry(name) {
                    None => write!(f, " |")?,
                    Some(entry) if entry.name == best.name => {
                        write!(f, " **{}** |", number(entry.cost.median / tokio))?;
                    }
                    Some(entry) => write!(f, " {} |", number(entry.cost.median / tokio))?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f)
    }

    fn write_lateness(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## How late a sleep ends\n")?;
        if self.lateness.is_empty() {
            return writeln!(f, "{NOT_MEASURED}\n");
        }
        writeln!(
            f,
            "One sleep after another on an idle loop, in microseconds: half of them were earlier than the first number, 99 of 100 than the second.\n"
        )?;
        let names = names(self.lateness.iter().map(|late| &*late.name));
        write_head(f, ("| length (sleeps) |", "|---|"), &names)?;
        for length in pictures::lengths(&self.lateness) {
            let of_length: Vec<_> = self
                .lateness
                .iter()
                .filter(|late| late.length == length)
                .collect();
            write!(
                f,
                "| {length} ({}) |",
                of_length.first().map_or(0, |late| late.sleeps)
            )?;
            for name in &names {
                match of_length.iter().find(|late| late.name == *name) {
                    Some(late) => write!(f, " {} / {} |", number(late.p50), number(late.p99))?,
                    None => write!(f, " |")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "\n![lateness by the length of the sleep](figures/bench-lateness.svg)\n"
        )
    }

    fn write_scaling(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## One of ten, one of a million\n")?;
        if self.scaling.is_empty() {
            return writeln!(f, "{NOT_MEASURED}\n");
        }
        writeln!(
            f,
            "ns per item by the number of items, both axes logarithmic. A flat line grows with the number and not faster.\n"
        )?;
        for series in pictures::series(&self.scaling) {
            writeln!(
                f,
                "![{series}: cost of one item](figures/{})\n",
                pictures::scaling_file_name(&series)
            )?;
        }
        Ok(())
    }

    fn write_allocations(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Allocations per operation\n")?;
        if self.allocations.is_empty() {
            return writeln!(f, "{NOT_MEASURED}\n");
        }
        writeln!(
            f,
            "Number / bytes, all that the row does included (its vector of handles too).\n"
        )?;
        let names = names(self.allocations.iter().map(|one| &*one.name));
        write_head(f, ("| row |", "|---|"), &names)?;
        let mut ids: Vec<&str> = self.allocations.iter().map(|one| &*one.id).collect();
        ids.dedup();
        for id in ids {
            write!(f, "| {id} |")?;
            for name in &names {
                let one = self
                    .allocations
                    .iter()
                    .find(|one| one.id == id && one.name == *name);
                match one {
                    Some(one) => write!(f, " {:.2} / {:.0} |", one.allocations, one.bytes)?,
                    None => write!(f, " |")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f)
    }

    fn write_notes(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## What the rows do, and what they cannot say\n")?;
        for (group, words) in &self.notes {
            writeln!(f, "**{group}.** {words}\n")?;
        }
        Ok(())
    }

    fn write_criterion(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## criterion's own statistics\n")?;
        if self.criterion.is_empty() {
            return writeln!(f, "{NOT_MEASURED}\n");
        }
        writeln!(
            f,
            "The same functions, one runtime after the other, a second each: mean and 95 % interval, ns per operation.\n"
        )?;
        writeln!(
            f,
            "<details><summary>Table</summary>\n\n| row | executor | tokio |\n|---|--:|--:|"
        )?;
        for row in &self.rows {
            let cell = |name: &str| {
                let found = self
                    .criterion
                    .iter()
                    .find(|one| one.id == row.id && one.name == name);
                found.map_or(String::new(), |one| interval(one.mean))
            };
            let (executor, tokio) = (cell("executor"), cell("tokio"));
            if !executor.is_empty() {
                writeln!(f, "| {} | {executor} | {tokio} |", row.id)?;
            }
        }
        writeln!(f, "\n</details>")
    }
}

/// Returns the word for the table; none where the goal is met.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Lost => "lost",
        Verdict::AboveGoal => "above",
        Verdict::WithinNoise => "within noise",
        Verdict::Met => "",
    }
}

/// How far behind: the ratio to tokio, else to the best other.
fn worst(row: &Measured) -> f64 {
    let leader = row.leader().map_or(0.0, |leader| leader.ratio.median);
    match row.tokio().is_ahead() {
        true => 1e6 * row.tokio().ratio.median,
        false => leader,
    }
}

/// The names in the order of their first appearance, the floor last.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_by_key(|name| *name == FLOOR);
    names
}
