//! Writes a labelled population with its roster, its training and the truth: `cargo run -p huiliu-sandbox --example
//! population -- DIR [TEACHERS] [SEED] [DAMAGED_PERCENT]`.

use std::error::Error;
use std::io::Write as _;

use huiliu_sandbox::population::{Population, Training};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("say into which directory")?;
    let mut number = |default: u64| args.next().map_or(Ok(default), |text| text.parse());
    let (teachers, seed, damaged) = (number(2_000)?, number(1)?, number(0)?);
    let training = Training::new(Population::new(seed, teachers), u8::try_from(damaged)?);
    let credit = training.write_files(dir.as_ref())?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&credit)?)?;
    Ok(())
}
