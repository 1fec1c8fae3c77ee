#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

fn main() {
    mini::run_all(vec![Box::pin(async {})]);
}
