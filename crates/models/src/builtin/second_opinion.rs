//! What the tour's second agent does: the ends of the chart, computed another way.

use super::{
    calls::{self, SANDBOX_EXEC},
    conversation::Call,
    play::{Kit, Move, with_tool},
    results,
};

/// What it is asked.
pub const SECOND_OPINION: &str = "Compute the yearly means of the first and the last full year in mauna-loa-co2.csv, \
                                  without looking at anybody's results, and tell me both.";

/// awk instead of Python; adjusted values and years of at least nine months, as the tour has them.
const COMMAND: &str = r#"awk -F, 'NR > 1 { year = substr($1, 1, 4); sum[year] += $3; months[year]++ }
END {
    for (year in months) if (months[year] >= 9) {
        if (!first || year < first) first = year
        if (year > last) last = year
    }
    printf "%s: %.1f ppm\n%s: %.1f ppm\n", first, sum[first] / months[first], last, sum[last] / months[last]
}' /project/mauna-loa-co2.csv
"#;

/// The next move; `result` is the call's, once it was made.
pub fn next(result: Option<&Call<'_>>, kit: Kit<'_>) -> Move {
    let Some(call) = result else {
        return with_tool(kit, SANDBOX_EXEC, "I do that with awk, in a sandbox of my own.", || {
            calls::sandbox_exec(COMMAND)
        });
    };
    let output =
        call.success().map(results::output).filter(|output| output.exit_code.is_none_or(|code| code == 0));
    Move::done(match output {
        Some(output) => output.stdout.trim().to_owned(),
        None => format!("I could not compute it. {}", results::reason(call.failure().unwrap_or_default())),
    })
}
