//! Prints the occurrences of cron expressions, for comparison with another program: see `tests/croniter/compare.py`.
//!
//! Each line of the input is an expression, a time zone, and two instants in Unix seconds, parted by tabs. Each line of the output has the occurrences
//! after the first and before the second instant, or what is wrong with the expression.

use acteon_core::Timestamp;
use acteon_schedule::Cron;
use jiff::tz::TimeZone;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lines() {
        let line = line?;
        let [expression, zone, from, to] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("{line:?} has no four parts").into());
        };
        match Cron::parse(expression) {
            Ok(cron) => {
                let recurrence = cron.in_zone(TimeZone::get(zone)?);
                let end = Timestamp::from_millis(to.parse::<i64>()? * 1000);
                let mut last = Timestamp::from_millis(from.parse::<i64>()? * 1000);
                while let Some(next) = recurrence.after(last).filter(|next| *next < end) {
                    print!("{} ", next.as_millis() / 1000);
                    last = next;
                }
                println!();
            }
            Err(error) => println!("refused: {error}"),
        }
    }
    Ok(())
}
