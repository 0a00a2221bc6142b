//! Prints the summary of a file of measurements.

use std::process::ExitCode;
use weather::{Measurement, Summary};

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: weather FILE");
        return ExitCode::from(2);
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let measurements: Result<Vec<Measurement>, _> = text.lines().map(str::parse).collect();
    match measurements {
        Ok(measurements) => {
            if let Some(summary) = Summary::of(&measurements) {
                println!("{summary}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}
