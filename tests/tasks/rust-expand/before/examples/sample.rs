//! Expands standard input with the environment.

use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut template = String::new();
    std::io::stdin().read_to_string(&mut template)?;
    print!("{}", expand::expand(&template, |name| std::env::var(name).ok())?);
    Ok(())
}
