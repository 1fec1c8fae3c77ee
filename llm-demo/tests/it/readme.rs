//! `llm-demo/README.md` names every program.

use std::fs;
use std::path::Path;

#[test]
fn the_readme_has_a_line_for_every_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for folder in ["first/src/bin", "src/bin", "examples"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let file = file.unwrap().file_name();
            let file = file.to_str().unwrap();
            let name = file.strip_suffix(".rs").expect(file);
            let row = format!("\n| [`{name}`]({folder}/{file}) | ");
            assert!(readme.contains(&row), "no row begins with {row}");
        }
    }
}
